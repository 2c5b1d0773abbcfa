"""The verbs after a release: drift, canary, appeals, and the figures of a transparency report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from services.evaluation import appeals as appealed
from services.evaluation import canary as canaries
from services.evaluation import drifting
from services.evaluation.acting import BY_LABEL
from services.release import transparency as transparent
from services.verbs.evaluation import run_of
from storage.database import Database
from storage.releases import find_champion, get_release


def drift(
    db: Database,
    *,
    snapshot: str,
    import_id: int | None = None,
    dataset: str | None = None,
    model: str | None = None,
) -> Any:
    """How later comments differ from those of a snapshot, most moved first."""
    return drifting.drift(db, snapshot, import_id=import_id, dataset_id=dataset, model_id=model).as_dict


def canary(db: Database, *, model: str, snapshot: str | None = None, split: str = "test") -> Any:
    """How often a model's answers to a fixed set are not what they were when it was first asked."""
    return canaries.as_dict(canaries.canary(db, model, snapshot_id=snapshot, split=split))


def appeals(
    db: Database,
    *,
    path: str,
    run: str | None = None,
    model: str | None = None,
    dataset: str | None = None,
    columns: dict[str, str] | None = None,
    overturned: list[str] | None = None,
) -> Any:
    """Appeals of a file joined to a run, or to what a dataset's model in production was judged on."""
    live = find_champion(db, dataset) if dataset and not (run or model) else None
    released = get_release(db, live) if live else None
    asked = released.run_id if released else run or run_of(db, model, None, "test")
    decides = (released.verdict.get("threshold") or BY_LABEL) if released else None
    named = {"id": "id", "outcome": "outcome"} | (columns or {})
    if strangers := set(named) - {"id", "outcome"}:
        raise BadInput(f"Appeals have no column '{min(strangers)[:40]}'.", hint="They have id and outcome.")
    found = appealed.read_appeals(
        db, asked, Path(path), id_column=named["id"], outcome_column=named["outcome"],
        overturned=tuple(overturned) if overturned else None, threshold=decides,
    )  # fmt: skip
    return appealed.as_dict(found)


def transparency(db: Database, *, dataset: str, release: str | None = None, to: str | None = None) -> Any:
    """The figures of a release; with a path, written there as .csv or .json too."""
    found = transparent.transparency(db, dataset, release_id=release)
    if to is not None:
        _write(found, Path(to))
    return {**found.as_dict, "path": to}


def _write(found: transparent.TransparencyReport, path: Path) -> None:
    if path.suffix not in (".csv", ".json"):
        raise BadInput(
            f"The figures are not written as '{path.suffix[:20]}'.", hint="End it in .csv or .json."
        )
    try:
        path.write_text(transparent.file_of(found, path.suffix[1:]), encoding="utf-8", newline="")
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"{path} cannot be written: {reason}.", hint="Choose another place.") from error


VERBS: dict[str, Callable[..., Any]] = {
    "drift": drift,
    "canary": canary,
    "appeals": appeals,
    "transparency": transparency,
}
