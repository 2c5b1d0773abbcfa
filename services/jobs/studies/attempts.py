"""Fit a recipe on some rows and let it answer others: what trainings and studies have in common."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from domain.errors import BadInput
from services.jobs.process.worker import RunningJob
from services.jobs.rows.first_look import check_training_rows, no_validation
from services.jobs.studies.attempt import Attempt, Heard
from services.jobs.train_baseline import fit_baseline
from services.modelling.settings import BaselineSettings, EncoderSettings

Config = BaselineSettings | EncoderSettings


def fit_and_answer(
    job: RunningJob, config: Config, attempt: Attempt, heard: Heard | None = None
) -> list[str]:
    """The labels that a model fitted on the attempt's rows gives to the comments asked, in their order.

    Args:
        job: Told how far it is, from 0 to 1.
        config: How to fit; of several seeds only the first is used.
        attempt: On what.
        heard: Called at each evaluation of an encoder, with its number from 1 and what it found. What it
            raises ends the attempt.

    Raises:
        BadInput: the rows cannot teach anything, or the base model is of no use.
        BackendError: the loss overflows or diverges, or the memory does not suffice.
    """
    check_training_rows(attempt.rows["label"].to_pylist())
    if isinstance(config, BaselineSettings):
        texts, labels = attempt.rows["text"].to_pylist(), attempt.rows["label"].to_pylist()
        answers = fit_baseline(job, config, texts, labels).predict(attempt.asked["text"].to_pylist())
        return [str(label) for label in answers.labels]
    # Here, so that a study of baselines does not wait for torch.
    from services.jobs.studies.encoder_attempts import answers_of_encoder

    known = attempt.watched.filter(pc.is_in(attempt.watched["label"], pc.unique(attempt.rows["label"])))
    if known.num_rows == 0:
        raise BadInput(
            "No comment to choose the checkpoint by has a label of training.",
            hint="Take a snapshot with more comments, or with stratified splits.",
        )
    return answers_of_encoder(job, replace(config, seeds=1), replace(attempt, watched=known), heard)


def learned_and_watched(job: RunningJob) -> tuple[pa.Table, pa.Table]:
    """The train split, and the validation comments whose label occurs in it.

    Raises:
        BadInput: there is nothing to learn from, or no such validation comment.
    """
    rows, validation = job.comments(["train"]), job.comments(["validation"])
    check_training_rows(rows["label"].to_pylist())
    known = validation.filter(pc.is_in(validation["label"], pc.unique(rows["label"])))
    if known.num_rows == 0:
        raise no_validation(job.spec["snapshot_id"])
    return rows, known
