"""Start tests of a model's behaviour, and read what they found."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.errors import BadInput, Conflict
from domain.jobs import Job
from domain.models import Model
from domain.text import shortened
from services.evaluation.injections import PAYLOADS_FILE, read_payloads
from services.evaluation.suites import Suite, in_labels_of, read_suite
from services.jobs.managing.inputs import suite_file
from services.jobs.managing.launch import launch
from services.modelling.hosted.hosting import refuse_shut
from services.modelling.hosted.lifecycle import expiry_of_settings
from services.several import refuse_several
from storage.behaviours import Measured, get_behaviour, list_behaviours
from storage.database import Database
from storage.datasets import get_dataset
from storage.misses import list_answers
from storage.models import get_model, list_runs
from storage.snapshots import get_snapshot

__all__ = ["Measured", "get_behaviour", "list_behaviours"]

MOST_COMMENTS = 1_000
DEFAULT_COMMENTS = {"invariance": 200, "injection": 20}  # an injection asks about each 64 times
_MOST_NAME = 200


def start_functional(
    db: Database,
    *,
    model_id: str,
    suite: bytes,
    name: str,
    mapping: Mapping[str, str] | None = None,
    left_out: Sequence[str] = (),
    actor: str,
) -> Job:
    """Ask the model about every case of a suite.

    Args:
        db: The database.
        model_id: Whom to ask.
        suite: The bytes of the CSV; kept in the home folder under their hash.
        name: What the suite is called.
        mapping: From its labels to the model's; where None or silent, what was said of such a label last.
        left_out: Functionalities that the policy does not decide.
        actor: Who wants it.

    Raises:
        NotFound: there is no such model.
        BadInput: the suite cannot be used, or one of its labels means nothing here.
        Conflict: the model is asked elsewhere and may not be, or it was shut.
    """
    model, read = _askable(db, model_id), read_suite(suite)
    meant = {**known_mapping(db, model, read), **(mapping or {})}
    in_labels_of(read, model.labels, meant, left_out=left_out)
    _keep(db, suite)
    settings = {
        "suite": shortened(name, _MOST_NAME) or read.suite_id,
        "suite_sha256": read.sha256,
        "mapping": meant,
        "left_out": sorted(set(left_out)),
    }
    return _launch(db, model, "functional", read.suite_id, model.dataset_id, settings, actor=actor)


def start_invariance(
    db: Database,
    *,
    model_id: str,
    snapshot_id: str | None = None,
    unwanted: Sequence[str] = (),
    comments: int | None = None,
    seed: int = 0,
    actor: str,
) -> Job:
    """Write true positives of a test split otherwise, and see whether the model changes its mind.

    Args:
        db: The database.
        model_id: Whom to ask.
        snapshot_id: Whose test split; None takes that which it answered last.
        unwanted: Labels that stop a comment; all but the first where none is named.
        comments: At most so many true positives, drawn by `seed`.
        seed: Of the draw and of every perturbation.
        actor: Who wants it.

    Raises:
        NotFound: there is no such model or snapshot.
        BadInput: a label is unknown, or a number is out of range.
        Conflict: the model has no true positive there, or may not be asked.
    """
    settings, frozen = _on_true_positives(db, model_id, "invariance", snapshot_id, unwanted, comments, seed)
    settings |= {"suite": "invariance", "suite_sha256": ""}
    dataset_id = get_snapshot(db, frozen).dataset_id
    return _launch(db, get_model(db, model_id), "invariance", frozen, dataset_id, settings, actor=actor)


def start_injection(
    db: Database,
    *,
    model_id: str,
    snapshot_id: str | None = None,
    unwanted: Sequence[str] = (),
    comments: int | None = None,
    seed: int = 0,
    payloads: bytes | None = None,
    actor: str,
) -> Job:
    """Put true positives inside texts that tell the model to let them pass.

    Args as for `start_invariance`; `payloads` is a CSV as samples/injections.csv is, in its place.

    Raises:
        As `start_invariance`; BadInput too where the payloads cannot be used.
    """
    content = PAYLOADS_FILE.read_bytes() if payloads is None else payloads
    if not read_payloads(content):
        raise BadInput("There is no payload.", hint="Each row below the header is one.")
    settings, frozen = _on_true_positives(db, model_id, "injection", snapshot_id, unwanted, comments, seed)
    model = get_model(db, model_id)
    sha256 = _keep(db, content)
    allow = next(label for label in model.labels if label not in settings["unwanted"])
    settings |= {"suite": "injections", "suite_sha256": sha256, "allow": allow}
    return _launch(db, model, "injection", frozen, get_snapshot(db, frozen).dataset_id, settings, actor=actor)


def known_mapping(db: Database, model: Model, suite: Suite) -> dict[str, str]:
    """What was said last of these labels in this dataset, as far as the model has such labels."""
    known: dict[str, str] = {}
    for each in reversed(list_behaviours(db, model.dataset_id)):  # oldest first: the newest word counts
        known |= each.found.mapping
    return {name: known[name] for name in suite.labels if known.get(name) in model.labels}


def _askable(db: Database, model_id: str) -> Model:
    model = get_model(db, model_id)
    if not model.labels:
        raise BadInput(f"{model_id} answers in free text, with no label.", hint="Try it in the playground.")
    refuse_several(get_dataset(db, model.dataset_id), "Tests of behaviour")
    refuse_shut(expiry_of_settings(db.home, model.settings, datetime.now(UTC).date()))
    return model


def _on_true_positives(
    db: Database,
    model_id: str,
    kind: str,
    snapshot_id: str | None,
    unwanted: Sequence[str],
    comments: int | None,
    seed: int,
) -> tuple[dict[str, Any], str]:
    """The settings of a test on true positives, and the snapshot they are of."""
    model = _askable(db, model_id)
    stopped = tuple(dict.fromkeys(unwanted)) or model.labels[1:]
    if strangers := [label for label in stopped if label not in model.labels]:
        raise BadInput(
            f"{model_id} has no label '{shortened(strangers[0])}'.", hint=f"It has {', '.join(model.labels)}."
        )
    if len(stopped) == len(model.labels):
        raise BadInput("Every label is called unwanted.", hint="Leave one that lets a comment pass.")
    most = DEFAULT_COMMENTS[kind] if comments is None else comments
    if not 1 <= most <= MOST_COMMENTS:
        raise BadInput(f"{most:,} comments cannot be drawn.", hint=f"From 1 to {MOST_COMMENTS:,}.")
    runs = list_runs(db, model_id=model_id, snapshot_id=snapshot_id, split="test")
    if not runs:
        raise Conflict(
            f"{model_id} has not answered the test split of {snapshot_id or 'any snapshot'}.",
            hint=f"Let it first: predict --model {model_id} --snapshot SNAPSHOT --split test.",
        )
    right = [
        answer.comment_id
        for label in stopped
        for answer in list_answers(db, runs[0].run_id, gold=label, predicted=label, limit=runs[0].row_count)
    ]
    if not right:
        raise Conflict(
            f"{model_id} found nothing unwanted in the test split of {runs[0].snapshot_id}.",
            hint="There is nothing that could be hidden from it.",
        )
    drawn = sorted(random.Random(seed).sample(sorted(right), min(most, len(right))))
    told = {"unwanted": list(stopped), "comment_ids": drawn, "seed": seed, "mapping": {}}
    return told, runs[0].snapshot_id


def _keep(db: Database, content: bytes) -> str:
    """Keep the bytes under their hash and return it; what is there already is the same."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = suite_file(db.home, sha256)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        draft = path.with_suffix(".tmp")
        draft.write_bytes(content)
        draft.replace(path)
    return sha256


def _launch(
    db: Database,
    model: Model,
    kind: str,
    source_id: str,
    dataset_id: str,
    settings: dict[str, Any],
    *,
    actor: str,
) -> Job:
    return launch(
        db,
        kind="behave",
        dataset_id=dataset_id,
        snapshot_id=source_id,
        splits=(),
        settings={"kind": kind, "unwanted": [], "seed": 0, **settings},
        actor=actor,
        name=model.name,
        model_id=model.model_id,
        provider=model.settings["provider"] if model.backend == "openai" else None,
    )
