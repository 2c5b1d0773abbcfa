"""The verbs of the Models station: what is known of each model, archive, differences, export."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.models import Model
from services.curation import datasets
from services.evaluation.intervals import as_number
from services.evaluation.set_reports import evaluate_either
from services.modelling import model_facts, models
from services.modelling.base_models import describe_base_model
from services.modelling.hosted.lifecycle import ending_told
from services.plain import plain
from services.release.model_folder import export_model
from storage.archivings import list_archivings
from storage.database import Database

Progress = Callable[[str, float], None]


def show_models(
    db: Database, *, dataset: str | None = None, model: str | None = None, archived: bool = False
) -> Any:
    """The models of a dataset, or of all; or one with its runs. Archived ones are listed on demand."""
    if model is None:
        known = dataset and datasets.get_dataset(db, dataset).dataset_id
        away = list_archivings(db)
        found = models.list_models(db, known)
        return [one for one in found if archived or one.model_id not in away]
    found_model = models.get_model(db, model)
    facts = model_facts.get_model_facts(db, model)
    run = facts.run
    return {
        "model": found_model,
        "runs": _runs(db, found_model),
        "ends": ending_told(db.home, found_model.settings),
        "facts": {
            "recipe": facts.recipe, "base": facts.base, "licence": facts.licence, "seeds": facts.seeds,
            "size_bytes": facts.size_bytes, "run": run and run.run_id,
            "macro_f1": run and as_number(evaluate_either(db, run.run_id).report.macro_f1),
            "comments_per_second": facts.comments_per_second, "archived": facts.archiving,
            "prompt": facts.prompt,
        },
    }  # fmt: skip


def _runs(db: Database, model: Model) -> list[dict[str, Any]]:
    """Each run of the model with what computed it and its two headline numbers; None where undefined."""
    engines = models.list_engines(db, model.model_id)
    told = []
    for run in models.list_runs(db, model_id=model.model_id):
        found = evaluate_either(db, run.run_id).report if run.row_count else None
        about = {
            "engine": engines[run.run_id] if model.backend == "huggingface" else None,
            "accuracy": found and as_number(found.accuracy),
            "macro_f1": found and as_number(found.macro_f1),
        }
        told.append({**plain(run), **about})
    return told


def archive_model(db: Database, *, model: str, actor: str, undo: bool = False) -> Any:
    """Hide a model from the lists, or show it again; nothing of it is deleted."""
    change = model_facts.take_back if undo else model_facts.archive
    change(db, model, actor=actor)
    return {"model_id": model, "archived": not undo, "by": actor}


def compare_models(db: Database, *, first: str, second: str) -> Any:
    """The settings in which two models differ."""
    rows = model_facts.differences(models.get_model(db, first), models.get_model(db, second))
    return {"first": first, "second": second, "differences": [list(row) for row in rows]}


def export(
    db: Database, *, model: str, to: str, onnx: bool = False, int8: bool = False, progress: Progress
) -> Any:
    """Write a model as a folder with its card, and on demand its ONNX copies."""
    return export_model(db, model, Path(to), onnx=onnx, int8=int8, progress=progress)


def describe_base(db: Database, *, base: str, revision: str | None = None) -> Any:
    """Revision, licence and size of a base model, before anything is fetched or trained."""
    return describe_base_model(base, revision)


VERBS: dict[str, Callable[..., Any]] = {
    "models": show_models,
    "base-model": describe_base,
    "archive-model": archive_model,
    "compare-models": compare_models,
    "export-model": export,
}
