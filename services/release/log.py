"""Whether the log is the one that was written: every entry in its place, and as long as the cards say."""

import json
from dataclasses import dataclass
from typing import Any

from domain.errors import BadInput
from services.release.card import text_sha256
from storage.audit import START, Entry, Head, get_head, list_entries
from storage.database import Database
from storage.releases import Step, find_card, list_steps

__all__ = ["Entry", "LogCheck", "list_entries", "verify_log"]


@dataclass(frozen=True)
class LogCheck:
    """What was found.

    Attributes:
        entries: Entries in the log.
        head: The newest; write it down elsewhere, and a log cut short is found by it.
        first_bad: The number of the first entry that is not as it was written; None where all are.
        why: What is wrong there.
    """

    entries: int
    head: Head
    first_bad: int | None
    why: str

    @property
    def ok(self) -> bool:
        return self.first_bad is None


def verify_log(db: Database, *, card: str | None = None) -> LogCheck:
    """Go through the whole log, then look whether it holds all that the frozen cards know of it.

    Args:
        card: The text of a released card kept outside; it finds a log that was cut short or written anew.

    Raises:
        BadInput: that text is no released card.
    """
    entries = list_entries(db)
    found = _broken_link(entries)
    if found is None:
        found = min(filter(None, (_broken_step(db, entries, step) for step in list_steps(db))), default=None)
    if found is None and card is not None:
        found = _not_of_card(entries, card)
    return LogCheck(len(entries), get_head(db), *(found or (None, "Every entry is as it was written.")))


def _broken_link(entries: list[Entry]) -> tuple[int, str] | None:
    """The first entry whose number, own hash or hash of the one before is not what it must be."""
    before = Head(0, START)
    for entry in entries:
        if entry.seq > before.seq + 1:
            return before.seq + 1, f"Entry {before.seq + 1} is missing; the next one is {entry.seq}."
        if entry.seq <= before.seq:
            return entry.seq, f"There is more than one entry {entry.seq}: one was put in."
        if entry.hash != entry.expected_hash:
            return entry.seq, f"Entry {entry.seq} was changed: its hash is not that of what it says."
        if entry.previous != before.hash:
            return entry.seq, f"Entry {entry.seq} does not follow entry {before.seq} as that one is now."
        before = Head(entry.seq, entry.hash)
    return None


def _broken_step(db: Database, entries: list[Entry], step: Step) -> tuple[int, str] | None:
    """Whether the entry that tells a step of a release is missing, or tells something else."""
    if step.log_seq > len(entries):
        return len(entries) + 1, f"The log ends before entry {step.log_seq}, which told: {_told(step)}."
    entry = entries[step.log_seq - 1]
    if (entry.verb, entry.object, entry.actor) != (step.step, step.release_id, step.created_by):
        return step.log_seq, f"Entry {step.log_seq} no longer tells: {_told(step)}."
    if step.step != "approved":
        return None
    card = find_card(db, step.release_id) or ""
    if json.loads(entry.details).get("card_sha256") != text_sha256(card):
        return step.log_seq, f"The card of {step.release_id} is not the one whose hash is in the log."
    return _wrong_head(entries, json.loads(card)["log_head"], step.release_id)


def _not_of_card(entries: list[Entry], text: str) -> tuple[int, str] | None:
    card = _card(text)
    found = _wrong_head(entries, card["log_head"], card["release_id"])
    if found is not None:
        return found
    sha256, seq = text_sha256(text), int(card["log_head"]["seq"])
    if any(json.loads(each.details).get("card_sha256") == sha256 for each in entries[seq:]):
        return None
    return seq + 1, f"The log does not tell of this card of {card['release_id']}: one of the two was changed."


def _wrong_head(entries: list[Entry], head: dict[str, Any], release_id: str) -> tuple[int, str] | None:
    """Whether the log does not hold the entry that was its newest when the card was frozen."""
    seq = int(head["seq"])
    known = START if seq == 0 else entries[seq - 1].hash if 0 < seq <= len(entries) else None
    if known == head["hash"]:
        return None
    at = min(seq, len(entries) + 1)
    return at, f"The card of {release_id} knows entry {seq} with another hash, or the log ends before it."


def _card(text: str) -> dict[str, Any]:
    try:
        card = json.loads(text)
        if not isinstance(card["release_id"], str) or not isinstance(card["log_head"]["hash"], str):
            raise KeyError("log_head")
        int(card["log_head"]["seq"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            "This is no card of a release.", hint="Give the JSON file of a released one."
        ) from error
    return dict(card)


def _told(step: Step) -> str:
    return f"{step.release_id} {step.step} by {step.created_by}"
