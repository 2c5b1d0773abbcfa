"""What is known of a model beside its name: base, licence, size, speed, end, whether it is put away."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from domain.models import ENGINES, Model, Run
from domain.people import actor_named
from services.modelling.hosted.known_prompts import prompt_told
from services.modelling.hosted.lifecycle import expiry_of_settings
from storage.archivings import Archiving, add_archiving, list_archivings
from storage.database import Database
from storage.models import find_recipe, get_model, list_engines, list_models, list_runs
from storage.predictions import find_mean_latency_ms
from storage.snapshots import list_snapshots

_COUNTED = ("test", "validation")  # the better one first
_YOURS = "your own"
_MADE_OF = {"tfidf": "words and letter sequences"}


@dataclass(frozen=True)
class ModelFacts:
    """One model as the list shows it; None stands for what nobody knows or what does not apply.

    Attributes:
        recipe: That it was trained by.
        base: What it was trained on from.
        known_as: The name that its provider knows it by; None where it lies here.
        licence: Of the base model.
        seeds: How many trainings the model was chosen from.
        run: Which its headline number comes from; see headline_run().
        comments_per_second: Measured in that run.
        size_bytes: Of all its files; 0 where it lives elsewhere.
        ends: When it is shut, as a sentence.
        ends_on: That day.
        prompt: What to know of the words in which a tuned model is asked as it is, as a sentence.
        archiving: Who put it away, and when.
    """

    model: Model
    recipe: str | None
    base: str
    known_as: str | None
    licence: str | None
    seeds: int | None
    run: Run | None
    comments_per_second: float | None
    size_bytes: int
    ends: str | None
    ends_on: date | None
    prompt: str | None
    archiving: Archiving | None


def list_model_facts(
    db: Database, dataset_id: str | None = None, *, archived: bool = False
) -> list[ModelFacts]:
    """The models of a dataset, or of all, newest first; those put away only on demand."""
    away = list_archivings(db)
    shown = [one for one in list_models(db, dataset_id) if archived or one.model_id not in away]
    return [_facts(db, one, away.get(one.model_id)) for one in shown]


def get_model_facts(db: Database, model_id: str) -> ModelFacts:
    """The facts of one model.

    Raises:
        NotFound: there is none of that name.
    """
    return _facts(db, get_model(db, model_id), list_archivings(db).get(model_id))


def archive(db: Database, model_id: str, *, actor: str) -> Model:
    """Hide the model from the lists; its runs, files and releases stay.

    Raises:
        NotFound: there is no such model.
        Conflict: it is archived already.
    """
    return _put(db, model_id, archived=True, actor=actor)


def take_back(db: Database, model_id: str, *, actor: str) -> Model:
    """Show an archived model in the lists again.

    Raises:
        NotFound: there is no such model.
        Conflict: it is not archived.
    """
    return _put(db, model_id, archived=False, actor=actor)


def differences(first: Model, second: Model) -> list[tuple[str, Any, Any]]:
    """The settings in which two models differ: name, value of the first, of the second, None if not set."""
    about: list[tuple[str, Any, Any]] = [
        ("backend", first.backend, second.backend),
        ("learned from", first.snapshot_id, second.snapshot_id),
    ]
    names = dict.fromkeys([*first.settings, *second.settings])
    about += [(name, first.settings.get(name), second.settings.get(name)) for name in names]
    return [row for row in about if row[1] != row[2]]


def headline_run(db: Database, model: Model) -> Run | None:
    """The run whose number stands for the model; None where there is none. Later runs do not change it.

    The rule: of the runs with answers on the model's own snapshot, those on test before those on validation;
    of these, those in full precision (torch) before onnx and onnx-int8; of these the earliest, which was made
    with the model. Runs on other snapshots count only where a model was made of no snapshot of ours.
    """
    runs = [run for run in list_runs(db, model_id=model.model_id) if run.row_count and run.split in _COUNTED]
    if model.snapshot_id in {one.snapshot_id for one in list_snapshots(db, model.dataset_id)}:
        runs = [run for run in runs if run.snapshot_id == model.snapshot_id]
    engines = list_engines(db, model.model_id)

    def order(run: Run) -> tuple[int, int]:
        return _COUNTED.index(run.split), ENGINES.index(engines[run.run_id])

    return min(reversed(runs), key=order, default=None)  # newest first; of equal ones min() takes the first


def _put(db: Database, model_id: str, *, archived: bool, actor: str) -> Model:
    model = get_model(db, model_id)
    add_archiving(db, model, archived=archived, actor=actor_named(actor))
    return model


def _facts(db: Database, model: Model, archiving: Archiving | None) -> ModelFacts:
    run = headline_run(db, model)
    latency_ms = run and find_mean_latency_ms(db, run.run_id)
    folder = db.home / "jobs" / model.job_id / "model"
    about = _about(folder)
    ends = expiry_of_settings(db.home, model.settings, datetime.now(UTC).date())
    return ModelFacts(
        model=model,
        recipe=find_recipe(db, model.model_id),
        base=_base(model, about),
        known_as=about.get("model") if model.backend == "openai" else None,
        licence=about.get("base_model", {}).get("licence") or (_YOURS if model.backend == "tfidf" else None),
        seeds=len(about["seeds"]) if "seeds" in about else None,
        run=run,
        comments_per_second=1000 / latency_ms if latency_ms else None,
        size_bytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        ends=None if ends is None else ends.told,
        ends_on=None if ends is None else ends.shuts_on,
        prompt=prompt_told(db, model.settings),
        archiving=archiving,
    )


def _base(model: Model, about: dict[str, Any]) -> str:
    if model.backend in _MADE_OF:
        return _MADE_OF[model.backend]
    base = about.get("base_model", {}).get("name") or model.settings.get("model") or model.backend
    return str(base)


def _about(folder: Path) -> dict[str, Any]:
    """What model.json says; nothing where the files are gone, for the list shows such a model too."""
    try:
        told = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{folder}/model.json cannot be read: {error}", hint="Train the model again."
        ) from error
    return told if isinstance(told, dict) else {}
