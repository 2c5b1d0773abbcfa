"""Let models write and learn to write: every job that works on pairs, started and read."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from domain.errors import BadInput
from domain.jobs import WRITING_KINDS, Job, WritingKind
from domain.pairs import PairSet
from domain.splits import SPLITS
from services.backends.registry import read_about
from services.generation.preferences import preferences_of
from services.generation.settings import (
    AnySettings,
    PreferenceSettings,
    RewardSettings,
    WriterSettings,
    WriteSettings,
)
from services.jobs.managing.launch import get_job, launch
from services.jobs.process.folder import write_whole
from services.modelling.base_models import check_base_model
from services.modelling.models import get_model, list_models, model_folder
from services.modelling.settings import read_settings
from services.modelling.training import checked_name
from storage.database import Database
from storage.pairs import get_pair_set, pair_set_folder

WRITER = "writer"
WAYS: dict[str, type[WriterSettings] | type[RewardSettings] | type[PreferenceSettings]] = {
    "pairs": WriterSettings,
    "reward": RewardSettings,
    "preferences": PreferenceSettings,
}
FEWEST_PREFERENCES = 10


def train_writer(
    db: Database,
    *,
    pair_set_id: str,
    by: str = "pairs",
    task: str | None = None,
    settings: dict[str, Any] | None = None,
    name: str | None = None,
    actor: str,
) -> Job:
    """Start a training on pairs; the model is there once the job is absorbed.

    Args:
        db: The database.
        pair_set_id: What to train on.
        by: "pairs" to write as people did; "reward" to please a classifier without losing the meaning;
            "preferences" to write what people rated higher.
        task: That of the pairs, where it is named.
        settings: Where they differ from the defaults of the way.
        name: Of the model.
        actor: Who wants it.

    Raises:
        NotFound: there are no such pairs, or no such model.
        BadInput: there is no such way, a setting is of no use, a model cannot do what it is asked for, or
            people have rated too little.
    """
    kept, given_name = get_pair_set(db, pair_set_id), checked_name(name or "")
    if by not in WAYS:
        raise BadInput(f"There is no training by {by!r}.", hint=f"Ways: {', '.join(WAYS)}.")
    if task not in (None, kept.task):
        raise BadInput(f"{pair_set_id} teaches to {kept.task}, not to {task}.", hint="Choose other pairs.")
    config = read_settings(WAYS[by], settings or {})
    kind: WritingKind = "train_writer"
    more: dict[str, Any] = {}
    needed: tuple[str, ...] = SPLITS
    if isinstance(config, WriterSettings):
        check_base_model(config.base_model)
        begun = config.base_model.rstrip("/").rsplit("/", 1)[-1]
    else:
        begun = config.start
        kind = _kind_for(db, by, config.start)
        if by == "preferences":
            needed = ("train", "test")
            more["preferences"] = _freeze_preferences(db, kept)
    bare = [split for split in needed if not kept.counts[split]]
    if bare:
        raise BadInput(
            f"{pair_set_id} holds no pair of the {' and the '.join(bare)} split.",
            hint="Keep more pairs, or leave the column 'split' out: then their texts decide.",
        )
    return launch(
        db,
        kind=kind,
        dataset_id=kept.dataset_id,
        snapshot_id=pair_set_id,
        splits=(),
        settings=asdict(config),
        actor=actor,
        name=given_name or f"{begun} by {by} on {pair_set_id}",
        beside=_beside(db, config),
        more={"task": kept.task, **more},
    )


def write(db: Database, *, pair_set_id: str, settings: dict[str, Any] | None = None, actor: str) -> Job:
    """Let a model write the test split of pairs, and measure it.

    Raises:
        NotFound: there are no such pairs, or no such model.
        BadInput: a setting is of no use, or the model does not write.
    """
    kept = get_pair_set(db, pair_set_id)
    config = read_settings(WriteSettings, settings or {})
    if config.model is None:
        check_base_model(config.base_model)
    else:
        check_writer(db, config.model)
    return launch(
        db,
        kind="write_texts",
        dataset_id=kept.dataset_id,
        snapshot_id=pair_set_id,
        splits=(),
        settings=asdict(config),
        actor=actor,
        beside=_beside(db, config),
        more={"task": kept.task},
    )


def pairs_of_job(db: Database, job_id: str) -> str:
    """The pairs that a job worked on.

    Raises:
        NotFound: there is no such job.
        BadInput: it works on no pairs.
    """
    job = get_job(db, job_id)
    if job.kind not in WRITING_KINDS:
        raise BadInput(f"{job_id} works on no pairs.", hint="Choose a job that writes.")
    return job.snapshot_id


def list_writers(db: Database, dataset_id: str) -> list[str]:
    """The ids of a dataset's models that write, newest first."""
    return [one.model_id for one in list_models(db, dataset_id) if one.backend == WRITER]


def list_judges(db: Database, dataset_id: str) -> list[str]:
    """The ids of a dataset's models that can judge on this machine, newest first."""
    found = list_models(db, dataset_id)
    return [one.model_id for one in found if one.backend in ("tfidf", "huggingface")]


def check_writer(db: Database, model_id: str) -> dict[str, Any]:
    """What a writing model says of itself.

    Raises:
        NotFound: there is no such model.
        BadInput: it does not write.
    """
    model = get_model(db, model_id)
    if model.backend != WRITER:
        raise BadInput(f"{model_id} gives labels and does not write.", hint="Train one: --by pairs.")
    return dict(read_about(model_folder(db, model_id)))


def _kind_for(db: Database, by: str, start: str) -> WritingKind:
    """The script that can train this model in this way."""
    if not start:
        raise BadInput(
            "With which model does the training begin?",
            hint="Give a writing model: --setting start=model-3. Train one first: --by pairs.",
        )
    has_encoder = bool(check_writer(db, start).get("has_encoder"))
    if by == "preferences":
        return "prefer_writer"
    return "reward_writer" if has_encoder else "reward_decoder"


def _beside(db: Database, config: AnySettings) -> dict[str, str]:
    """The models that the settings name, by the names of the settings."""
    named = {part: getattr(config, part, None) for part in ("start", "reward", "judge", "model")}
    chosen = {part: one for part, one in named.items() if one}
    for part in ("reward", "judge"):
        if part in chosen and get_model(db, chosen[part]).backend not in ("tfidf", "huggingface"):
            raise BadInput(
                f"{chosen[part]} cannot be the {part}: it is no classifier on this machine.",
                hint="Train one on a snapshot.",
            )
    if chosen.get("reward") and chosen.get("reward") == chosen.get("judge"):
        raise BadInput(
            f"{chosen['reward']} cannot be the reward and its own judge.", hint="Choose another judge."
        )
    return chosen


def _freeze_preferences(db: Database, kept: PairSet) -> str:
    """Write what people preferred beside the pairs, under the hash of it, and return the file's name."""
    found = preferences_of(db, kept.pair_set_id)
    if len(found) < FEWEST_PREFERENCES:
        raise BadInput(
            f"People have preferred one of two texts {len(found)} times on {kept.pair_set_id}.",
            hint=f"At least {FEWEST_PREFERENCES} are needed: rate texts side by side on the page Generate.",
        )
    text = "".join(json.dumps(one, ensure_ascii=True) + "\n" for one in found)
    name = f"preferences-{hashlib.sha256(text.encode()).hexdigest()[:16]}.jsonl"
    write_whole(pair_set_folder(db.home, kept.pair_set_id) / name, text)
    return name
