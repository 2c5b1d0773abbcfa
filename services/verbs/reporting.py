"""The verb of the report: everything about one run, as an answer or as one file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from services.evaluation.looks import note_look
from services.release.documents import FORMATS
from services.reporting.facts import report_facts
from services.reporting.files import report_file
from services.reporting.production import SECONDS, VOLUME
from services.reporting.report import MISSES_TOLD, model_report
from services.verbs.evaluation import run_of
from storage.database import Database


def report(
    db: Database,
    *,
    actor: str,
    run: str | None = None,
    model: str | None = None,
    snapshot: str | None = None,
    split: str = "test",
    out: str | None = None,
    unwanted: list[str] | None = None,
    base_rate: float | None = None,
    volume: float = VOLUME,
    seconds: float = SECONDS,
    comments: int = MISSES_TOLD,
) -> Any:
    """The report of a run; with a path, written there in the format that its ending names."""
    ending = Path(out).suffix.removeprefix(".") if out else ""
    if out and ending not in FORMATS:
        raise BadInput(f"A report is not written as '.{ending}'.", hint=f"End it in .{', .'.join(FORMATS)}.")
    run = run or run_of(db, model, snapshot, split)
    note_look(db, run, station="report", actor=actor)
    found = model_report(
        db,
        run,
        unwanted=unwanted or (),
        base_rate=base_rate,
        volume=volume,
        seconds=seconds,
        comments=comments,
    )
    facts = report_facts(found)
    if out is None:
        return facts
    Path(out).write_text(report_file(facts, ending), encoding="utf-8")
    return {name: facts[name] for name in ("run_id", "model", "verdict", "unjudged", "opening")} | {
        "path": out
    }


VERBS: dict[str, Callable[..., Any]] = {
    "report": report,
}
