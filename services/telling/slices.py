"""Slices as lines for a terminal; names may come from a file and are written out."""

from typing import Any

from domain.text import shortened

Answer = Any


def slices_told(answer: Answer) -> str:
    """The sentence, the parts most surely worse first, and the identity terms worst first."""
    lines = [
        f"{answer['model_id']}, {answer['run_id']}, {answer['split']} split of {answer['snapshot_id']}.",
        shortened(answer["sentence"], 600),
    ]
    for each in answer["worst"]:
        mark = "worse" if each["is_worse"] else "     "
        inside, outside = each["wrong"], each["elsewhere"]
        lines.append(
            f"  {mark}  {shortened(each['name'], 70):<70} {inside['successes']:>5,} of {inside['n']:>6,}"
            f" wrong ({inside['value']:.1%}, elsewhere {outside['value']:.1%}),"
            f" p after Holm {each['p_holm']:.3f}"
        )
    return "\n".join([*lines, *_identity(answer)])


def saved_told(answer: Answer) -> str:
    """The saved slices with what each asks for."""
    return (
        "\n".join(
            f"{shortened(each['name'])}: "
            + ", ".join(f"{name} {shortened(value)}" for name, value in each["wanted"].items())
            + f" (by {shortened(each['created_by'], 40)})"
            for each in answer
        )
        or "No slice is saved."
    )


def _identity(answer: Answer) -> list[str]:
    found = answer["identity"]
    if found is None:
        return [f"Mentions of identity: {shortened(answer['identity_why_not'], 300)}"]
    bias = found["bias"]
    lines = [
        f"Mentions of identity (terms of {found['terms_as_of']}), flagged by {found['at']};"
        f" area over all {bias['overall']['value']:.3f}."
    ]
    if bias["final"] is not None:
        means = ", ".join(f"{name} {value:.3f}" for name, value in bias["means"].items())
        lines.append(f"  Means over the terms (power -5): {means}; final {bias['final']:.3f}.")
    for each in bias["terms"]:
        areas = ", ".join(
            f"{name} {each[name]['value']:.3f}" for name in ("subgroup", "bpsn", "bnsp") if each[name]
        )
        gap = each["gap"]
        told = "" if gap is None else f"innocent ones flagged {gap['value']:+.1%} more than elsewhere"
        counts = f"{each['positives']:,} unwanted and {each['negatives']:,} others"
        lines.append(f"  {shortened(each['term'], 30)} ({counts}): {'; '.join(filter(None, (told, areas)))}")
    return lines
