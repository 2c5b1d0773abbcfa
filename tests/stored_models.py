"""Models that are ready to be asked, made without a process of their own where that is possible."""

import json
import os
import signal
from contextlib import contextmanager

import pytest

from domain.jobs import Job, JobState
from services.curation.snapshots import take_snapshot
from services.jobs import train_baseline
from services.jobs.managing import launch
from services.jobs.managing.absorb import absorb
from services.jobs.process import worker
from services.modelling.models import list_models
from services.modelling.training import train
from storage import models
from storage.database import now
from tests.hosted import about, address
from tests.stored_runs import labelled_dataset

TUNED = "ft:gpt-4o-mini-2024-07-18:workbench::tuned"
WORDS = {"disallow": ["awful", "rotten"], "allow": ["lovely", "sweet"]}


@contextmanager
def jobs_in_this_process():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "nice", lambda _: 0)
        patch.setattr(
            launch,
            "start_process",
            lambda folder, kind, lock: worker.run(
                train_baseline.train, [str(folder.path), "--lock", str(lock)]
            ),
        )
        yield
    signal.signal(signal.SIGTERM, before)


def dataset(db, count=60):
    """The dataset kids, labelled: one word of each comment tells its label."""
    labels = ["disallow" if n % 3 == 0 else "allow" for n in range(count)]
    pairs = [(f"you are {WORDS[label][n % 2]} said number{n}", label) for n, label in enumerate(labels)]
    return labelled_dataset(db, pairs, split="train")


def baseline(db, name="Mine"):
    """A trained baseline on a new snapshot of `dataset`; its model."""
    taken = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    with jobs_in_this_process():
        job = train(db, snapshot_id=taken.snapshot_id, name=name, actor="ana")
    absorb(db)  # or the dashboard under test did
    made = list_models(db, "kids")
    assert made and made[0].job_id == job.job_id, launch.folder_of(db, job.job_id).state()
    return made[0]


def stored_model(db, folder_name, *, backend, settings=None, labels=("allow", "disallow"), name="Mine"):
    """The row of a model and its empty folder; whoever calls fills it."""
    folder = db.home / "jobs" / folder_name / "model"
    folder.mkdir(parents=True)
    job = Job(
        folder_name, "train_x", "kids", "snapshot-1", {}, JobState("succeeded"), None, now(), "ana", None
    )
    with db.writing("kids") as cursor:
        model_id = models.add_model(
            cursor, job, name=name, backend=backend, labels=labels, settings=settings or {}
        )
    return model_id, folder


def hosted(
    db, provider, model=TUNED, *, name="Tuned", labels=("allow", "disallow"), charges=True, **settings
):
    """A model at the test's provider, approved; its id."""
    where = {**address(provider).as_dict(), "charges": charges}
    (db.home / "providers.json").write_text(json.dumps([where]))
    told = about(model, labels=("allow", "disallow"), **settings)
    told = {**told, "labels": list(labels)}
    number = len(list(db.home.glob("jobs/hosted-*"))) + 1
    model_id, folder = stored_model(
        db, f"hosted-{number}", backend="openai", settings=told["settings"], labels=labels, name=name
    )
    (folder / "model.json").write_text(json.dumps(told))
    return model_id


def encoder(db, tiny_base):
    """A tiny BERT with random weights and a head; its id."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

    from services.backends.huggingface import save_about, save_model

    model_id, folder = stored_model(db, "job-encoder", backend="huggingface", name="Tiny")
    set_seed(3)
    model = AutoModelForSequenceClassification.from_pretrained(tiny_base, num_labels=2)
    save_model(folder, model, AutoTokenizer.from_pretrained(tiny_base), max_length=32)
    save_about(folder, labels=("allow", "disallow"), max_length=32, about={})
    return model_id
