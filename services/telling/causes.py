"""Causes of misses, and imported scores, as lines for a terminal; what comes from outside is written out."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened

Answer = Any


def cause_told(answer: Answer) -> str:
    """The next comments of a blind reading, or what was said of one."""
    if "queue" not in answer:
        said = shortened(answer["label"] or answer["kind"])
        return f"Comment {answer['comment_id']} of {answer['run_id']}: {said}."
    lines = [f"{answer['done']:,} read by you, {answer['waiting']:,} waiting. Misses and hits are mixed."]
    lines += [f"{one['comment_id']}: {shortened(one['body'], 200)}" for one in answer["queue"]]
    return "\n".join([*lines, f"Say one of: {', '.join(map(shortened, answer['answers']))}."])


def causes_told(answer: Answer) -> str:
    """The shares of the causes, and the table of figures before and after the repair."""
    lines = [
        f"{answer['read_misses']:,} of {answer['misses']:,} misses and {answer['read_hits']:,} of"
        f" {answer['hits']:,} hits were read blind."
    ]
    lines += [
        f"  {cause}: {_share(share)}" for cause, share in answer["causes"].items() if share["successes"]
    ]
    if answer["label_or_guideline"]:
        lines.append(
            f"Of the error is the label's or the guideline's: {_share(answer['label_or_guideline'])}"
        )
    if answer["wrong_hits"]:
        lines.append(f"Of the hits have a wrong label: {_share(answer['wrong_hits'])}")
    if answer["agreed"]:
        lines.append(f"Readers agree on: {_share(answer['agreed'])}")
    if answer["figures"]:
        lines.append("Before the repair of labels → after it (estimated from what was read):")
        lines += [
            f"  {shortened(each['name'])}: {_number(each['before'])} → {_number(each['after'])}"
            for each in answer["figures"]
        ]
    else:
        lines.append("Read a miss and a hit for the figures after the repair.")
    if answer["put_in_force"]:
        lines.append(f"Put in force: {len(answer['put_in_force']):,} labels. The next snapshot takes them.")
    return "\n".join(lines)


def imported_told(answer: Answer) -> str:
    """What came of a file of scores, and how to go on."""
    runs = ", ".join(f"{run} on {split}" for split, run in answer["runs"].items())
    lines = [
        f"{shortened(answer['name'])} is {answer['model_id']} now: {answer['matched']:,} answers ({runs}),"
        f" {answer['unparsed']:,} of them without a label.",
        f"{answer['without']:,} comments of validation and test have no row; {answer['in_training']:,} rows"
        " are about comments in train and were left out.",
    ]
    for title, name in (("match no comment", "stranger"), ("cannot be used", "refused")):
        rows = answer["strangers" if name == "stranger" else "refused"]
        if answer[f"{name}_count"]:
            lines.append(f"{answer[f'{name}_count']:,} rows {title}:")
            lines += [f"  line {row['line']}: {shortened(row['raw'])}: {row['reason']}" for row in rows]
    return "\n".join([*lines, "Compare: compare THEIR_RUN YOUR_RUN --equal-flag-rate"])


def rates_told(answer: Answer) -> str:
    """Two runs at an equal flag rate."""
    lines = [shortened(answer["sentence"], 1_000)]
    for side in ("before", "after"):
        one = answer[side]
        numbers = ", ".join(
            f"{name.replace('_', ' ')} {_number(one[name])}" for name in ("recall", "precision", "auc")
        )
        lines.append(f"  {shortened(one['model'])}: {one['flagged']:,} flagged; {numbers}")
    differ = ", ".join(f"{kind.replace('_', ' ')} {n:,}" for kind, n in answer["differ"].items())
    return "\n".join([*lines, f"Only one of them flags: {differ}."])


def _share(share: Answer) -> str:
    return f"{_number(share)}, {share['successes']:,} of {share['n']:,}"


def _number(value: Answer) -> str:
    return (
        "undefined" if value is None else f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})"
    )


TELLERS: dict[str, Callable[[Answer], str]] = {
    "cause": cause_told,
    "causes": causes_told,
    "import-scores": imported_told,
}
