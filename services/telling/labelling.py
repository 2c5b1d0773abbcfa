"""Queues, suspects, decisions and examples, as lines for a terminal."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened

Answer = Any


def queue_told(answer: Answer) -> str:
    """Queues with how far they are, one with its checks, or the comments that come next."""
    if isinstance(answer, dict):
        lines = [_queue(answer)]
        lines += [
            f"  {one['kind']}, {shortened(one['annotator'])}: {one['as_expected']['successes']:,} of"
            f" {one['as_expected']['n']:,} as expected"
            for one in answer.get("checks", [])
        ]
        return "\n".join(lines)
    if answer and "body" in answer[0]:
        return "\n".join(f"{one['comment_id']} {shortened(one['body'], 100)}" for one in answer)
    return "\n".join(map(_queue, answer)) or "None."


def _queue(one: Answer) -> str:
    queue, counts = one["queue"], one["counts"]
    settings = queue["settings"]
    people = ", ".join(map(shortened, settings["people"])) or "everybody"
    closed = ", closed" if queue["closed_at"] else ""
    return (
        f"{queue['queue_id']}: {shortened(queue['name'])}, {settings['order']}, for {people}{closed}:"
        f" {counts['finished']:,} of {counts['comments']:,} finished, {counts['waiting']:,} wait for you"
    )


def suspects_told(answer: Answer) -> str:
    """How many suspects there are, and those at the top; or the job that looks for them."""
    if "state" in answer:
        state = answer["state"]
        return f"{answer['job_id']}: {state['name']}. {shortened(state['message'], 300)}".rstrip()
    lines = [f"{answer['count']:,} suspects in {answer['snapshot_id']}, found by {answer['job']['job_id']}."]
    lines += [
        f"  {one['comment_id']}: {shortened(one['label'])} ({one['self_confidence']:.3f}), rather"
        f" {shortened(one['likelier'])} ({one['likelier_score']:.3f}): {shortened(one['body'], 80)}"
        for one in answer["suspects"]
    ]
    return "\n".join(lines)


def adjudicate_told(answer: Answer) -> str:
    """Disagreements with every vote, or what was decided."""
    if "disputes" not in answer:
        return f"Comment {answer['comment_id']}: {shortened(answer['label'] or 'its votes count again')}."
    counts = answer["counts"]
    lines = [f"{counts['disputed']:,} comments in dispute; {counts['open_to_person']:,} you may decide."]
    for one in answer["disputes"]:
        lines.append(f"{one['comment']['comment_id']}: {shortened(one['comment']['body'], 100)}")
        lines += [f"  {shortened(vote['annotator'])}: {shortened(vote['label'] or vote['kind'])}"
                  for vote in one["votes"]]  # fmt: skip
    return "\n".join(lines)


def example_told(answer: Answer) -> str:
    """The examples, by label."""
    return "\n".join(
        f"{one['example_id']}: {shortened(one['label'])}: {shortened(one['body'], 100)}"
        + (f" ({shortened(one['why'])})" if one["why"] else "")
        for one in answer
    ) or "No example yet."  # fmt: skip


TELLERS: dict[str, Callable[[Answer], str]] = {
    "queue": queue_told,
    "suspects": suspects_told,
    "adjudicate": adjudicate_told,
    "example": example_told,
}
