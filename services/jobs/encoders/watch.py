"""A watchful eye on a training: numbers after every few steps, comments to look at, and clear words."""

import math
import resource
import time
from typing import Any

import numpy as np
import torch
from transformers import TrainerCallback

from domain.errors import BackendError
from services.backends.encoder_batches import softmax
from services.backends.several import answers_at, sigmoid
from services.evaluation.metrics import Report
from services.evaluation.set_metrics import SetReport
from services.jobs.encoders.lesson import Lesson
from services.jobs.encoders.shown_comments import SHOWN_CHARACTERS, pick_comments, sureness, top_scores
from services.jobs.opponents.opponents import measured_in
from services.jobs.process.worker import RunningJob

DIVERGED_FROM = 4.0  # times the loss of the first step, which is that of guessing
ONE_ANSWER_FROM = 2  # evaluations in a row; at the first one it is nothing to worry about
ONE_ANSWER = "one answer"  # the kind of warning that ends when the model answers otherwise
OVERFITTED_FROM = 1.5  # times the lowest loss on validation so far
_PROGRESS_EVERY_S = 1.0


class Watch(TrainerCallback):  # type: ignore[misc]
    """Tells the job's folder of every step, stops when asked to, and names what goes wrong."""

    def __init__(
        self, job: RunningJob, lesson: Lesson, *, shares: tuple[float, float], batch_size: int, told: str = ""
    ) -> None:
        """Watch one training.

        Args:
            job: Whose folder is told.
            lesson: What is learned and asked.
            shares: Where this training begins and ends, as shares of the whole job.
            batch_size: Comments per step.
            told: Set after the names of stages, to tell several seeds apart.
        """
        self._job, self._lesson, self._told = job, lesson, told
        self._shares, self._batch_size = shares, batch_size
        self._first_loss: float | None = None
        self._lowest = math.inf
        self._warned: set[str] = set()
        self._report: Report | SetReport | None = None
        self._answered: set[str] = set()
        self._times_one_answer = 0
        self._scores = np.empty((0, len(lesson.labels)), dtype=np.float32)
        self._begun = self._step_begun = self._progress_at = time.monotonic()
        self._first_step, self._steps, self._seconds = 0, 0, 0.0

    def compute_metrics(self, prediction: Any) -> dict[str, float]:
        """What the Trainer asks for after each evaluation."""
        with self._job.timers["own"]:
            lesson, logits = self._lesson, np.asarray(prediction.predictions, dtype=np.float32)
            self._scores = sigmoid(logits) if lesson.several else softmax(logits)
            answers = self._answers()
            self._answered = set(answers)
            gold = [lesson.label_of({"labels": right}) for right in prediction.label_ids.tolist()]
            self._report = measured_in(self._job, gold, answers)
            return headline(self._report)

    def _answers(self) -> list[str]:
        labels = self._lesson.labels
        if self._lesson.several:
            return answers_at(self._scores, labels)
        return [labels[place] for place in self._scores.argmax(axis=-1).tolist()]

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The clock starts; a training that goes on starts at its step."""
        self._begun, self._first_step = time.monotonic(), state.global_step

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The clock of one step starts."""
        self._step_begun = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Stop where asked to; tell how far it is; the last step is always measured."""
        now = time.monotonic()
        self._steps, self._seconds = self._steps + 1, self._seconds + now - self._step_begun
        with self._job.timers["own"]:
            is_last = state.global_step >= state.max_steps
            if is_last:
                control.should_evaluate = True
            if is_last or now - self._progress_at >= _PROGRESS_EVERY_S:
                self._progress_at = now
                self._tell_progress(state.global_step, state.max_steps, now)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
        """Keep the numbers of the steps since the last time.

        Raises:
            BackendError: the loss is no number any more, or has grown far beyond guessing.
        """
        if "loss" not in logs:
            return
        with self._job.timers["own"]:
            loss = float(logs["loss"])
            self._first_loss = loss if self._first_loss is None else self._first_loss
            self._refuse_bad_loss("loss", loss, state.global_step, args.learning_rate)
            self._job.metric(
                stage=f"train{self._told}",
                step=state.global_step,
                epoch=round(float(state.epoch), 3),
                loss=loss,
                learning_rate=float(logs["learning_rate"]),
                examples_per_second=self._steps * self._batch_size / max(self._seconds, 1e-9),
                **memory(),
            )
            self._steps, self._seconds = 0, 0.0

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, float], **_: Any) -> None:
        """Keep what validation said, all labels together and each for itself, with comments to look at.

        Raises:
            BackendError: the loss on validation is no number, or has grown far beyond guessing.
        """
        if self._report is None:
            return
        with self._job.timers["own"]:
            loss, step = float(metrics.get("eval_loss", math.nan)), state.global_step
            self._tell_evaluation(self._report, loss if math.isfinite(loss) else None, step)
            self._refuse_bad_loss("loss on validation", loss, step, args.learning_rate)
            self._warn(loss, step)

    def _tell_progress(self, step: int, steps: int, now: float) -> None:
        begin, end = self._shares
        self._job.progress(
            begin + (end - begin) * step / steps,
            f"Trains{self._told}: step {step:,} of {steps:,}.",
            seconds_left=(now - self._begun) / (step - self._first_step) * (steps - step),
        )

    def _tell_evaluation(self, found: Report | SetReport, loss: float | None, step: int) -> None:
        stage = f"validation{self._told}"
        self._job.metric(stage=stage, step=step, loss=loss, **headline(found))
        for one in found.classes:
            values = {"precision": one.precision, "recall": one.recall, "f1": one.f1}
            self._job.metric(
                stage=f"{stage}, {one.label}",
                label=one.label,
                step=step,
                support=one.support,
                **{name: None if value is None else value.value for name, value in values.items()},
            )
        lesson = self._lesson
        gold, said = [lesson.label_of(example) for example in lesson.validation], self._answers()
        right = np.array([one == other for one, other in zip(gold, said, strict=True)])
        comments = []
        for kind, place in pick_comments(right, sureness(self._scores, several=lesson.several)):
            (comment_id, text), label = lesson.validation_rows[place], gold[place]
            comments.append(
                {
                    "kind": kind,
                    "comment_id": comment_id,
                    "text": text[:SHOWN_CHARACTERS],
                    "label": label,
                    "scores": top_scores(self._scores[place].tolist(), lesson.labels, label),
                }
            )
        self._job.folder.add_shown({"stage": stage, "step": step, "comments": comments})

    def _refuse_bad_loss(self, what: str, loss: float, step: int, learning_rate: float) -> None:
        if not math.isfinite(loss):
            raise BackendError(
                f"The {what} is {loss} after step {step}: the numbers overflowed.",
                hint=f"Lower learning_rate (it is {learning_rate:g}), or set precision=fp32.",
            )
        first = loss if self._first_loss is None else self._first_loss
        if loss > DIVERGED_FROM * first:
            raise BackendError(
                f"The training diverges: the {what} rose from {first:.3g} to {loss:.3g} at step {step}.",
                hint=f"Lower learning_rate (it is {learning_rate:g}), or raise warmup.",
            )

    def _warn(self, loss: float, step: int) -> None:
        """Say once what need not be the end, but mostly leads nowhere."""
        gold = {str(one["labels"]) for one in self._lesson.validation}
        is_one = len(self._answered) == 1 and len(gold) > 1
        self._times_one_answer = self._times_one_answer + 1 if is_one else 0
        if self._times_one_answer == ONE_ANSWER_FROM:
            self._warn_once(
                ONE_ANSWER,
                f"At step {step}{self._told} the model answers every comment of validation with "
                f"'{next(iter(self._answered))}'.",
                "If that lasts: class_weight=balanced, more epochs, or another learning_rate.",
            )
        if not is_one and ONE_ANSWER in self._warned:
            self._warned.remove(ONE_ANSWER)
            self._job.folder.add_event(
                "warning_over",
                kind=ONE_ANSWER,
                of=self._told,
                message=f"At step {step}{self._told} the model gives several answers again.",
            )
        if loss > OVERFITTED_FROM * self._lowest:
            self._warn_once(
                "overfitting",
                f"The loss on validation rose from {self._lowest:.3g} to {loss:.3g} at step {step}"
                f"{self._told}: the model begins to learn its comments by heart.",
                "The best checkpoint is kept. To save time, set patience=3 or fewer epochs.",
            )
        self._lowest = min(self._lowest, loss)

    def _warn_once(self, kind: str, message: str, hint: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            self._job.folder.add_event("warning", kind=kind, of=self._told, message=message, hint=hint)


def headline(found: Report | SetReport) -> dict[str, float]:
    """Accuracy, macro F1, and precision, recall and F1 weighted by support."""
    return {
        "accuracy": found.accuracy.value,
        "macro_f1": found.macro_f1.value,
        "weighted_precision": found.weighted_precision.value,
        "weighted_recall": found.weighted_recall.value,
        "weighted_f1": found.weighted_f1.value,
    }


def memory() -> dict[str, int]:
    """The most memory that this process has taken so far, and of the GPU where there is one."""
    told = {"memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
    if torch.cuda.is_available():
        told["gpu_memory_mb"] = int(torch.cuda.max_memory_allocated() // 2**20)
    return told
