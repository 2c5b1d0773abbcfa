"""Releases: proposals, and the steps that were taken with them; both only ever grow."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import duckdb

from domain.errors import NotFound
from storage.audit import Head, add_entry, canonical, head_within
from storage.database import Database, now

StepName = Literal["approved", "rejected", "rolled back to"]
# A function of the head of the log that gives the text of the card to be kept with a step, and its sha256.
CardWriter = Callable[[Head, datetime], tuple[str, str]]


@dataclass(frozen=True)
class Step:
    """What somebody did with a proposal; `log_seq` is the entry of the log that tells it."""

    release_id: str
    dataset_id: str
    step: str
    why: str
    log_seq: int
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class Release:
    """A model proposed for production, with the verdict of that moment and what was done since.

    Attributes:
        verdict: As `services.release.gate.as_dict` told it.
        why: The proposer's note.
        steps: Oldest first.
    """

    release_id: str
    dataset_id: str
    model_id: str
    run_id: str
    verdict: dict[str, Any]
    why: str
    created_at: datetime
    created_by: str
    steps: tuple[Step, ...] = ()

    @property
    def decision(self) -> Step | None:
        """The approval or rejection; None while the proposal waits."""
        return next((each for each in self.steps if each.step in ("approved", "rejected")), None)

    @property
    def state(self) -> str:
        """proposed, approved or rejected."""
        return self.decision.step if self.decision else "proposed"


def add_release(
    db: Database,
    dataset_id: str,
    *,
    model_id: str,
    run_id: str,
    verdict: dict[str, Any],
    why: str,
    actor: str,
) -> str:
    """Add a proposal and return its id."""
    with db.writing(dataset_id) as cursor:
        [(number,)] = cursor.execute("SELECT nextval('release_ids')").fetchall()
        release_id = f"release-{number}"
        cursor.execute(
            "INSERT INTO releases VALUES ($release_id, $dataset_id, $model_id, $run_id, $verdict, $why, $at,"
            " $actor)",
            {
                "release_id": release_id,
                "dataset_id": dataset_id,
                "model_id": model_id,
                "run_id": run_id,
                "verdict": canonical(verdict),
                "why": why,
                "at": now(),
                "actor": actor,
            },
        )
        told = {"model_id": model_id, "run_id": run_id, "outcome": verdict["outcome"], "why": why}
        add_entry(
            cursor, actor=actor, verb="proposed", dataset_id=dataset_id, object_=release_id, details=told
        )
    return release_id


def add_step(
    db: Database,
    release: Release,
    *,
    step: StepName,
    why: str,
    details: dict[str, Any],
    actor: str,
    card: CardWriter | None = None,
    check: Callable[[Release], None] = lambda _: None,
) -> None:
    """Append a step, its entry in the log and, where there is one, the card: all or nothing.

    Args:
        details: What the log says beside the reason.
        card: Writes the card that is frozen with the step; the log keeps its sha256.
        check: Looks at the release as it is at that moment, when no other writer is at work, and raises
            where the step is no longer possible.
    """
    with db.writing(release.dataset_id) as cursor:
        check(_releases(cursor, release_id=release.release_id)[0])
        at = now()
        text, sha256 = card(head_within(cursor), at) if card else (None, None)
        told = {**details, "why": why, **({"card_sha256": sha256} if sha256 else {})}
        seq = add_entry(
            cursor,
            actor=actor,
            verb=step,
            dataset_id=release.dataset_id,
            object_=release.release_id,
            details=told,
        )
        cursor.execute(
            "INSERT INTO release_steps VALUES ($release_id, $dataset_id, $step, $why, $card, $seq, $at,"
            " $actor)",
            {
                "release_id": release.release_id,
                "dataset_id": release.dataset_id,
                "step": step,
                "why": why,
                "card": text,
                "seq": seq,
                "at": at,
                "actor": actor,
            },
        )


def get_release(db: Database, release_id: str) -> Release:
    """One release.

    Raises:
        NotFound: there is none of that name.
    """
    with db.reading() as cursor:
        found = _releases(cursor, release_id=release_id)
    if not found:
        raise NotFound(f"There is no release '{release_id}'.", hint="The list of releases names those here.")
    return found[0]


def list_releases(db: Database, dataset_id: str | None = None) -> list[Release]:
    """The releases of a dataset, or of all, newest first."""
    with db.reading() as cursor:
        return _releases(cursor, dataset_id=dataset_id)


def list_steps(db: Database, dataset_id: str | None = None) -> list[Step]:
    """Every step taken with the releases of a dataset, or of all, oldest first."""
    with db.reading() as cursor:
        return _steps(cursor, dataset_id)


def find_champion(db: Database, dataset_id: str) -> str | None:
    """The id of the release in production: the newest that was approved or rolled back to; else None."""
    live = [each for each in list_steps(db, dataset_id) if each.step != "rejected"]
    return live[-1].release_id if live else None


def find_card(db: Database, release_id: str) -> str | None:
    """The text of the card that was frozen with the approval; None where there was none."""
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT card FROM release_steps WHERE release_id = $id AND step = 'approved'", {"id": release_id}
        ).fetchone()
    return str(row[0]) if row else None


def _releases(
    cursor: duckdb.DuckDBPyConnection, *, dataset_id: str | None = None, release_id: str | None = None
) -> list[Release]:
    steps = _steps(cursor, dataset_id)
    rows = cursor.execute(
        """
        SELECT *
        FROM releases
        WHERE ($dataset_id IS NULL OR dataset_id = $dataset_id)
          AND ($release_id IS NULL OR release_id = $release_id)
        ORDER BY created_at DESC, length(release_id) DESC, release_id DESC
        """,
        {"dataset_id": dataset_id, "release_id": release_id},
    ).fetchall()
    return [_release(row, steps) for row in rows]


def _release(row: tuple[Any, ...], steps: list[Step]) -> Release:
    release_id, dataset_id, model_id, run_id, verdict, why, created_at, created_by = row
    taken = tuple(step for step in steps if step.release_id == release_id)
    told = json.loads(verdict)
    return Release(release_id, dataset_id, model_id, run_id, told, why, created_at, created_by, taken)


def _steps(cursor: duckdb.DuckDBPyConnection, dataset_id: str | None) -> list[Step]:
    rows = cursor.execute(
        """
        SELECT release_id, dataset_id, step, why, log_seq, created_at, created_by
        FROM release_steps
        WHERE $dataset_id IS NULL OR dataset_id = $dataset_id
        ORDER BY log_seq
        """,
        {"dataset_id": dataset_id},
    ).fetchall()
    return [Step(*row) for row in rows]
