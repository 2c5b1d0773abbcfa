"""What is known after a release, as lines for a terminal; names from outside are written out."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened

Answer = Any


def drift_told(answer: Answer) -> str:
    """The sentence, then each thing that was compared, most moved first."""
    lines = [shortened(answer["sentence"], 400), answer["conventions"]]
    for each in answer["moved"]:
        ks = "" if each["ks"] is None else f", KS {each['ks']:.3f} (p {each['ks_p']:.3f})"
        lines.append(
            f"  {each['verdict']:<13} {shortened(each['what'], 40)}: PSI {each['psi']:.3f}, by chance up to"
            f" {each['chance']:.3f}{ks}, n = {each['n_reference']:,} and {each['n_sample']:,}"
        )
    lines += [
        f"  not looked at: {what}: {shortened(why, 200)}" for what, why in answer["not_looked_at"].items()
    ]
    return "\n".join(lines)


def canary_told(answer: Answer) -> str:
    """The sentence, each time of asking, and some answers that changed."""
    lines = [answer["sentence"]]
    for each in answer["times"]:
        changed = "" if each["changed"] is None else f", {each['changed']['successes']:,} changed"
        lines.append(f"  {each['at']} {each['run_id']}: {each['right']['value']:.1%} right{changed}")
    lines += [
        f"  comment {each['comment_id']} [{shortened(each['gold'], 40)}]: {shortened(each['first'], 40)} →"
        f" {shortened(each['newest'], 40)}"
        for each in answer["differences"]
    ]
    return "\n".join(lines)


def appeals_told(answer: Answer) -> str:
    """How many appeals there are and how many were granted, then by what was decided and language."""
    lines = [
        f"{answer['rows']:,} appeals joined to {answer['run_id']}: {_share(answer['overturned'])}"
        " overturned.",
        f"  Decided by {answer['decided_by']}.",
    ]
    for what, words in (("stranger_count", "about no comment of the dataset"), ("refused", "refused"),
                        ("not_answered", "about comments that the run does not hold"),
                        ("repeated", "about a comment that came before")):  # fmt: skip
        if answer[what]:
            lines.append(f"  {answer[what]:,} {words}.")
    lines += [
        f"  {each['by']} {shortened(each['name'], 40)}: {_share(each['overturned'])}"
        for each in answer["parts"]
    ]
    return "\n".join(
        [*lines, "Nobody appeals against what was missed: this is no error rate of all decisions."]
    )


def transparency_told(answer: Answer) -> str:
    """Each figure with its interval, by language, and how they were come by."""
    lines = [f"{answer['release_id']}, {answer['model_id']}: {answer['method']}"]
    for each in answer["lines"]:
        share = "undefined" if each["share"] is None else _interval(each)
        lines.append(
            f"  {shortened(each['language'], 20)}: {each['figure']}: {each['count']:,} of {each['of']:,},"
            f" {share}"
        )
    return "\n".join([*lines, *([f"Written to {shortened(answer['path'], 300)}."] if answer["path"] else [])])


def _share(told: Answer) -> str:
    if told is None:
        return "none"
    interval = f"{told['low']:.1%} to {told['high']:.1%}"
    return f"{told['successes']:,} of {told['n']:,}, {told['value']:.1%} ({interval})"


def _interval(each: Answer) -> str:
    return f"{each['share']:.1%} ({each['low_95']:.1%} to {each['high_95']:.1%})"


TELLERS: dict[str, Callable[[Answer], str]] = {
    "drift": drift_told,
    "canary": canary_told,
    "appeals": appeals_told,
    "transparency": transparency_told,
}
