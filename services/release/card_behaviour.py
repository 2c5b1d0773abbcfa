"""How the released model behaves, for its card: suites, rewritten true positives and prompt injections."""

from typing import Any

from domain.behaviour import Group
from domain.models import Model
from services.evaluation.behaviour import sentence_of
from services.release.behaviour_judges import newest
from services.release.documents import Section, Table
from storage.behaviours import list_behaviours
from storage.database import Database

_KINDS = {
    "functional": "Functional suite",
    "invariance": "Written otherwise",
    "injection": "Prompt injections",
}


def behaviour_facts(db: Database, model: Model, snapshot_id: str) -> list[dict[str, Any]]:
    """The newest result of each suite, as the gate takes them, as JSON can carry them.

    No text of a suite is among them: they are hateful, and a card is read by many.
    """
    measured = list_behaviours(db, model_id=model.model_id)
    fitting = [each for each in measured if each.snapshot_id in (None, snapshot_id)]
    return [
        {
            "kind": kind,
            "job_id": each.job_id,
            "suite": each.found.suite,
            "suite_sha256": each.found.suite_sha256,
            "at": each.created_at.isoformat(),
            "by": each.created_by,
            "originals": each.found.originals,
            "sentence": sentence_of(each.found),
            "overall": _group(each.found.overall) if each.found.overall else None,
            "groups": [_group(group) for group in each.found.worst_first],
        }
        for kind in _KINDS
        for each in newest(fitting, kind, None)
    ]


def behaviour_section(told: list[dict[str, Any]] | None) -> Section:
    """The section of the card; None is what a card of an earlier format has."""
    if not told:
        why = (
            "Nobody tested how the model behaves." if told is not None else "Not part of this card's format."
        )
        return Section("Behaviour", (why,))
    lines = [f"{_KINDS[each['kind']]}, {_suite(each)}: {each['sentence']}" for each in told]
    rows = tuple(
        (
            _KINDS[each["kind"]],
            group["name"],
            f"{group['failed']:,} of {group['n']:,}",
            f"{group['failed'] / group['n']:.1%} ({group['low']:.1%} to {group['high']:.1%})",
            f"{group['must_pass_failed']:,} of {group['must_pass']:,}" if group["must_pass"] else "–",
            "yes" if group["in_policy"] else "no",
        )
        for each in told
        for group in each["groups"]
    )
    head = ("tested by", "group", "went wrong", "share (95 % interval)", "must-pass wrong", "in policy")
    return Section("Behaviour", tuple(lines), (Table(head, rows),))


def _group(found: Group) -> dict[str, Any]:
    names = ("name", "in_policy", "n", "failed", "low", "high", "unnamed", "must_pass", "must_pass_failed")
    return {name: getattr(found, name) for name in names}


def _suite(each: dict[str, Any]) -> str:
    sha256 = f", sha256 {each['suite_sha256'][:12]}…" if each["suite_sha256"] else ""
    return f"“{each['suite']}” ({each['job_id']}{sha256})"
