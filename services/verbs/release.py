"""The verbs of the Release station: policy, gate, release and the log, with plain arguments and answers."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from services.curation.datasets import get_dataset, get_label_set
from services.release import releases
from services.release.card_files import card_file
from services.release.documents import FORMATS
from services.release.gate import as_dict, run_gate
from services.release.log import list_entries, verify_log
from services.release.policy import (
    Policy,
    find_policy,
    get_policy,
    read_policy,
    starter_policy,
    write_policy,
)
from services.release.verifying import verify_release
from services.several import refuse_several
from services.verbs.tokens import text_of
from storage.database import Database
from storage.models import get_model

ACTIONS = ("list", "show", "propose", "approve", "reject", "rollback", "verify")
LOG_ACTIONS = ("list", "verify")


def policy(db: Database, *, dataset: str, actor: str, path: str | None = None, why: str = "") -> Any:
    """The policy in force, or one to begin with where there is none; with a path, the next version first."""
    name = get_dataset(db, dataset).dataset_id
    if path is not None:
        return _told(write_policy(db, name, read_policy(text_of(path)), why=why, actor=actor))
    found = find_policy(db, name)
    labels = get_label_set(db, name)
    refuse_several(labels, "Release policies")
    return _told(starter_policy(labels.names) if found is None else found)


def gate(
    db: Database,
    *,
    model: str,
    actor: str,
    snapshot: str | None = None,
    split: str = "test",
    threshold: str | None = None,
    path: str | None = None,
) -> Any:
    """The verdict on a model by its dataset's policy, or by that of a file; it is written into the log."""
    asked = get_policy(db, get_model(db, model).dataset_id) if path is None else read_policy(text_of(path))
    return as_dict(
        run_gate(db, model, asked, snapshot_id=snapshot, split=split, threshold=threshold, actor=actor)
    )


def release(
    db: Database,
    *,
    action: str,
    actor: str,
    release: str | None = None,
    model: str | None = None,
    snapshot: str | None = None,
    threshold: str | None = None,
    dataset: str | None = None,
    why: str = "",
    to: str | None = None,
) -> Any:
    """What is done with a release: one of ACTIONS."""
    if action not in ACTIONS:
        raise BadInput(f"A release cannot '{action[:40]}'.", hint=f"One of {', '.join(ACTIONS)}.")
    if action == "list":
        return _list(db, dataset and get_dataset(db, dataset).dataset_id)
    if action == "propose":
        if model is None:
            raise BadInput("Propose which model?", hint="Give --model MODEL.")
        proposed = releases.propose(
            db, model, snapshot_id=snapshot, threshold=threshold, why=why, actor=actor
        )
        return _one(db, proposed.release_id)
    if release is None:
        raise BadInput(f"Which release to {action}?", hint=f"Name it: release {action} RELEASE.")
    if action == "verify":
        checks = verify_release(db, release)
        return {"release_id": release, "ok": all(each.ok for each in checks), "checks": checks}
    if action == "show":
        return _show(db, release, to)
    take = {"approve": releases.approve, "reject": releases.reject, "rollback": releases.roll_back}[action]
    return _one(db, take(db, release, why=why, actor=actor).release_id)


def audit(
    db: Database,
    *,
    action: str = "list",
    card: str | None = None,
    dataset: str | None = None,
    limit: int = 20,
) -> Any:
    """The newest entries of the log, or whether the log is the one that was written."""
    if action not in LOG_ACTIONS:
        raise BadInput(f"The log cannot '{action[:40]}'.", hint=f"One of {', '.join(LOG_ACTIONS)}.")
    if action == "list":
        return list_entries(db, dataset and get_dataset(db, dataset).dataset_id, limit=limit)
    found = verify_log(db, card=text_of(card) if card else None)
    return {"ok": found.ok, **asdict(found)}


def _told(found: Policy) -> dict[str, Any]:
    return {
        "version": found.version,
        "sha256": found.sha256,
        "clauses": [each.as_dict for each in found.clauses],
        "words": [each.words for each in found.clauses],
    }


def _one(db: Database, release_id: str) -> dict[str, Any]:
    found = releases.get_release(db, release_id)
    live = releases.find_champion(db, found.dataset_id)
    return {**asdict(found), "state": found.state, "in_production": live == release_id}


def _list(db: Database, dataset_id: str | None) -> list[dict[str, Any]]:
    found = [_one(db, each.release_id) for each in releases.list_releases(db, dataset_id)]
    return [{**each, "verdict": each["verdict"]["outcome"]} for each in found]


def _show(db: Database, release_id: str, to: str | None) -> Any:
    """The card; with a path, written there in the format that its ending names."""
    if to is None:
        return releases.card_of(db, release_id)[0]
    path = Path(to)
    ending = path.suffix.removeprefix(".")
    if ending not in FORMATS:
        raise BadInput(
            f"A card is not written as '{path.suffix}'.", hint=f"End it in .{', .'.join(FORMATS)}."
        )
    path.write_text(card_file(db, release_id, ending), encoding="utf-8")
    return {"release_id": release_id, "path": to}


VERBS: dict[str, Callable[..., Any]] = {
    "policy": policy,
    "gate": gate,
    "release": release,
    "audit": audit,
}
