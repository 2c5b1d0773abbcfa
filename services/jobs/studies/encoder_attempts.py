"""One fit of an encoder for a study: the training's own steps, told as one piece of a longer job."""

from dataclasses import asdict
from typing import Any

from services.backends.huggingface import load, save_about
from services.evaluation.metrics import Report
from services.evaluation.set_metrics import SetReport
from services.jobs.encoders.lesson import prepare
from services.jobs.encoders.watch import Watch
from services.jobs.process.worker import RunningJob
from services.jobs.studies.attempt import Attempt, Heard
from services.jobs.train_encoder import fit_seed
from services.jobs.trainer.pinned_base import pinned_base
from services.modelling.settings import EncoderSettings


def answers_of_encoder(
    job: RunningJob, config: EncoderSettings, attempt: Attempt, heard: Heard | None
) -> list[str]:
    """The labels that the best checkpoint gives to the comments asked.

    Raises:
        BadInput: the base model is of no use, or the disk is too full for the checkpoints.
        BackendError: the loss overflows or diverges, or the memory does not suffice.
    """
    config, base = pinned_base(job, config, 0.0)
    lesson = prepare(config, base, rows=attempt.rows, validation=attempt.watched)
    attempt.folder.mkdir(parents=True, exist_ok=True)
    watch = Listener(job, lesson, shares=(0.0, 1.0), batch_size=config.batch_size)
    watch.heard = heard
    fit_seed(job, config, base, lesson, seed=config.seed, folder=attempt.folder, watch=watch)
    about = {"settings": asdict(config)}
    save_about(attempt.folder, labels=lesson.labels, max_length=lesson.max_length, about=about)
    answers = load(attempt.folder).predict(attempt.asked["text"].to_pylist())
    return [str(label) for label in answers.labels]


class Listener(Watch):
    """A watch that tells a study of every evaluation, which may give up on a poor trial, and nobody else."""

    heard: Heard | None = None

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, float], **_: Any) -> None:
        """Tell what validation said, with the number of the evaluation, also after a restart."""
        super().on_evaluate(args, state, control, metrics)
        if self.heard is not None and isinstance(self._report, Report):
            self.heard(-(-state.global_step // int(args.eval_steps)), self._report)

    def _tell_evaluation(self, found: Report | SetReport, loss: float | None, step: int) -> None:
        """Not kept: a study has many trainings."""

    def _warn(self, loss: float, step: int) -> None:
        """Not kept either."""
