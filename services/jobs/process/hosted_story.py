"""What a job's folder tells of its job at a provider: what was said there, and what may go on there."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.text import sentence

Facts = dict[str, Any]
MOST_EVENTS = 200


def is_hosted(path: Path) -> bool:
    """Whether the job in the folder asks a provider."""
    return (path / "inputs" / "provider.json").exists()


def provider_events(events: list[Facts], most: int = MOST_EVENTS) -> list[Facts]:
    """The newest of what the provider told and was asked, newest first: `at`, `level` and `message`."""
    told = [event for event in events if event.get("event") == "provider"]
    return [
        {
            "at": _moment(event.get("told_at")) or event.get("at"),
            "level": str(event.get("level") or "info"),
            "message": str(event.get("message") or ""),
        }
        for event in reversed(told[-most:])
    ]


def hosted_checkpoints(path: Path) -> list[Facts]:
    """The checkpoints that the provider keeps of the job's model: `step`, `model` and `metrics` of each."""
    try:
        about = json.loads((path / "model" / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []  # there is no model yet, or none that could be read
    found = about.get("checkpoints") if isinstance(about, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def killed_told(events: list[Facts], last_word: str, *, seen: bool) -> tuple[str, str]:
    """What to say, and to advise, of a job at a provider whose process here is gone.

    Args:
        seen: Somebody was there to see that it was killed from outside.
    """
    how = "was killed from outside" if seen else "is gone"
    killed = f"The job's process {how}; its last word: {sentence(last_word or 'none')}"
    there, hint = standing_there(events)
    return f"{killed} {there}".rstrip(), hint


def stopped_told(path: Path, events: list[Facts], who: str) -> tuple[str, str]:
    """What to say, and to advise, of a job that somebody stopped; a provider may not have heard of it."""
    told = f"Stopped by {who}."
    there, hint = standing_there(events) if is_hosted(path) else ("", "")
    return (f"{told} {there}", hint) if there else (told, "")


def standing_there(events: list[Facts]) -> tuple[str, str]:
    """What is known of the job at the provider, and what starting again will do; the first may be empty."""
    hosted, clicked, ended = (
        next((event[name] for event in reversed(events) if event.get(name)), None)
        for name in ("hosted_job", "asked_for", "hosted_end")
    )
    if ended == "succeeded":
        there = f"The provider's job {hosted} has made its model."
        return there, "Start again takes it over: answers that came are kept, and not paid for twice."
    if ended is not None:
        return f"The provider's job {hosted} has ended.", "Start again for a new job there."
    if hosted is not None:
        there = f"The provider's job {hosted} may go on there, and cost."
        return there, "Start again takes it over: no second job is made there."
    if clicked is not None:
        there = f"A job may have been made at the provider under {clicked}; it may go on, and cost."
        return there, "Start again looks for it and takes it over."
    return "", "Start again: answers that came are kept, and not paid for twice."


def _moment(seconds: object) -> str | None:
    """Seconds since 1970 as ISO text; None for what is no time."""
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < 2**35:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
