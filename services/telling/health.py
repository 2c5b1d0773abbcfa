"""Health, duplicates, leaks and the golden set, as lines for a terminal."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened

Answer = Any


def health_told(answer: Answer) -> str:
    """Problems with their counts, then what there is most of; or the comments of a figure."""
    if isinstance(answer, list):
        return "\n".join(_comment(one["comment"], one["repeats"]) for one in answer) or "None."
    lines = [f"{answer['dataset_id']}: {answer['comments']:,} comments count."]
    lines += [
        f"  {one['title']}: {one['count']:,}"
        + (" (repaired for models)" if one["in_force"] else "")
        + left_told(one["left"])
        for one in answer["problems"]
        if one["count"]
    ]
    for name, counts in answer["shares"].items():
        most = ", ".join(f"{shortened(value, 40)} {n:,}" for value, n in list(counts.items())[:8])
        lines.append(f"{name}: {most}")
    if answer["drift"]:
        told = ", ".join(f"{one['what']} {one['verdict']}" for one in answer["drift"]["drifts"])
        lines.append(f"The newest import against all before it: {told}.")
    return "\n".join(lines)


def duplicates_told(answer: Answer) -> str:
    """Groups, or the comments of one, or the groups to decide."""
    if answer and "members" in answer[0]:
        return contradictions_told(answer)
    if answer and "cluster" not in answer[0]:
        return "\n".join(_comment(one, None) for one in answer)
    return "\n".join(
        f"{one['cluster']}: {one['comments']:,} comments, "
        f"labels {', '.join(map(shortened, one['labels'])) or 'none'}, in {', '.join(one['splits'])}: "
        f"{shortened(one['body'], 80)}"
        for one in answer
    ) or "No group."  # fmt: skip


def contradictions_told(answer: Answer) -> str:
    """Groups to decide, each comment with its label and who gave it."""
    lines = []
    for group in answer:
        lines.append(f"group {group['cluster']}: {group['comments']:,} labelled comments")
        for member in group["members"]:
            comment = member["comment"]
            people = ", ".join(shortened(one["person"], 40) for one in member["givers"])
            lines.append(
                f"  {comment['comment_id']} [{shortened(comment['label'])}: {comment['label_from']},"
                f" {people}] {shortened(comment['body'], 100)}"
            )
    return "\n".join(lines)


def settle_told(answer: Answer) -> str:
    """A decision about a group, an exclusion of it, or the decisions so far."""
    if isinstance(answer, list):
        return "\n".join(settle_told(one) for one in answer) or "Nothing was decided yet."
    state = "undone" if answer["undone_at"] else "in force"
    if "cleaning_id" in answer:
        return f"Cleaning {answer['cleaning_id']}: {answer['excluded']:,} × {answer['reason']}, {state}."
    what = "labels kept as they are"
    if answer["label"] is not None:
        what = f"{shortened(answer['label'])}, {answer['changed']:,} comments changed"
    return f"Decision {answer['settlement_id']} on group {answer['cluster']}: {what}, {state}."


def left_told(groups: int) -> str:
    """What an exclusion leaves alone."""
    return f"; {groups:,} groups whose labels contradict each other are left to decide" if groups else ""


def split_told(answer: Answer) -> str:
    """Leaks of a snapshot, pairs of one kind, or the golden set."""
    if isinstance(answer, list):
        return "\n".join(
            f"{one['held']['comment_id']} ({one['split']}) and {one['learned']['comment_id']} (train): "
            f"{shortened(one['held']['body'], 80)}"
            for one in answer
        ) or "None."  # fmt: skip
    if "marks" in answer:
        return f"{answer['dataset_id']}: {len(answer['golden']):,} golden comments: {answer['golden'][:50]}"
    lines = [f"{answer['snapshot_id']}, {answer['split_mode']} split"]
    lines += [f"  {name.replace('_', ' ')}: {n:,}" for name, n in answer["leaks"].items()]
    if answer["time"]:
        lines.append(f"  older than the newest training comment: {answer['time']['earlier']:,}")
    if answer["golden"]:
        lines.append(
            f"  golden: {answer['golden']['rows']:,}; training comments nearly the same:"
            f" {answer['golden']['near_train']:,}"
        )
    return "\n".join(lines)


def _comment(one: Answer, repeats: int | None) -> str:
    told = f"{one['comment_id']} [{shortened(one['label'] or '–')}] {shortened(one['body'], 100)}"
    return told + (f" (repeats {repeats})" if repeats else "")


TELLERS: dict[str, Callable[[Answer], str]] = {
    "health": health_told,
    "duplicates": duplicates_told,
    "settle": settle_told,
    "split": split_told,
}
