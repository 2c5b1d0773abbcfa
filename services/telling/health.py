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
        f"  {one['title']}: {one['count']:,}" + (" (repaired for models)" if one["in_force"] else "")
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
    """Groups, or the comments of one."""
    if answer and "cluster" not in answer[0]:
        return "\n".join(_comment(one, None) for one in answer)
    return "\n".join(
        f"{one['cluster']}: {one['comments']:,} comments, "
        f"labels {', '.join(map(shortened, one['labels'])) or 'none'}, in {', '.join(one['splits'])}: "
        f"{shortened(one['body'], 80)}"
        for one in answer
    ) or "No group."  # fmt: skip


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
    "split": split_told,
}
