"""How far annotators agree, as lines for a terminal."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened

Answer = Any


def agreement_told(answer: Answer) -> str:
    """The four coefficients, the sentence, then labels, months, pairs and annotators."""
    found = answer["agreement"]
    names = {
        "alpha": f"Krippendorff's alpha, {found['level']}",
        "raw": "Raw agreement",
        "fleiss": "Fleiss' kappa",
        "ac1": "Gwet's AC1",
    }
    lines = [f"{found['n']:,} comments with two votes or more, {found['votes']:,} votes on them."]
    lines += [f"  {title}: {_number(found[key])}" for key, title in names.items()]
    lines.append(answer["sentence"])
    lines += _part("Label against the rest, alpha", found["by_label"], "label", "alpha")
    lines += _part("Month, alpha", found["by_month"], "month", "alpha")
    pairs = [
        {**pair, "names": f"{shortened(pair['first'])} and {shortened(pair['second'])}"}
        for pair in found["by_pair"]
    ]
    lines += _part("Pair, Cohen's kappa", pairs, "names", "kappa")
    return "\n".join([*lines, *map(_annotator, answer["annotators"])])


def _part(title: str, rows: Answer, name: str, value: str) -> list[str]:
    if not rows:
        return []
    return [
        f"{title}:",
        *(f"  {shortened(row[name], 130)}: {_number(row[value])}, n = {row['n']:,}" for row in rows),
    ]


def _annotator(one: Answer) -> str:
    speed = "–" if one["median_s"] is None else f"{one['median_s']:.1f} s"
    return (
        f"{shortened(one['annotator'])}: {one['labels']:,} labels, median {speed}, {one['changes']:,} changes"
        f" of mind; with the label in force without their vote: {_share(one['agreement'])};"
        f" repeats answered alike: {_share(one['consistency'])}"
    )


def _number(number: Answer) -> str:
    if number is None:
        return "undefined"
    if "successes" in number:
        return _share(number)
    return f"{number['value']:.3f} ({number['low']:.3f} to {number['high']:.3f})"


def _share(share: Answer) -> str:
    return "none to compare" if share is None else f"{share['successes']:,} of {share['n']:,}"


def aggregation_told(answer: Answer) -> str:
    """A list of runs, or one with the comments that it labels otherwise than they are labelled now."""
    if isinstance(answer, list):
        return "\n".join(map(_run, answer)) or "No aggregation yet."
    lines = [_run(answer["run"]), f"Labelled otherwise now: {answer['count']:,} comments."]
    if answer["in_force"]:
        lines.append(f"In force, by {shortened(answer['in_force']['created_by'])}.")
    if answer["votes_after"]:
        lines.append(f"{answer['votes_after']:,} labels came after it.")
    lines += [
        f"  {one['comment_id']}: {shortened(one['label'] or 'tied')} ({one['sureness']:.3f}, {one['votes']}"
        f" votes), in force {shortened(one['in_force'] or 'none')} ({one['label_from'] or 'no vote'})"
        for one in answer["differences"]
    ]
    return "\n".join(lines)


def _run(run: Answer) -> str:
    ended = "" if run["found"]["converged"] else ", NOT converged"
    return (
        f"{run['aggregation_id']}: {shortened(run['name'])} v{run['version']} by {run['method']},"
        f" {run['row_count']:,} comments, {run['found']['rounds']} rounds{ended},"
        f" by {shortened(run['created_by'])}"
    )


TELLERS: dict[str, Callable[[Answer], str]] = {"agreement": agreement_told, "aggregate": aggregation_told}
