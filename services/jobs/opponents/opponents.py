"""Simple models trained beside an encoder, so that nobody deploys one that they beat."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa

from domain.errors import BadInput
from services.evaluation.confusion import from_counts
from services.evaluation.metrics import Report, report
from services.evaluation.set_metrics import SetReport
from services.jobs.opponents.word_opponents import keyword_answers, regression_answers
from services.jobs.process.folder import write_whole
from services.jobs.process.worker import RunningJob
from services.jobs.rows.several_labels import Answered, Family, learned_labels, measured_sets, one_by_one


@dataclass(frozen=True)
class Opponent:
    """A simple model and how it did on validation; `predicted` is in the order of the comments."""

    name: str
    accuracy: float
    macro_f1: float
    seconds: float
    predicted: tuple[str, ...]


def measured(gold: Sequence[str], predicted: Sequence[str], *, resamples: int = 50) -> Report:
    """Every number of these answers; with few resamples the intervals are rough."""
    pairs = Counter(zip(gold, predicted, strict=True))
    names = sorted({label for pair in pairs for label in pair})
    table = from_counts(names, [(*pair, count) for pair, count in pairs.items()])
    return report(table, resamples=resamples)


def measured_in(job: RunningJob, gold: Sequence[str], predicted: Sequence[str]) -> Report | SetReport:
    """The same, also where the comments of the job may have several labels."""
    if job.several is None:
        return measured(gold, predicted)
    return measured_sets(job.several, gold, predicted)


def train_opponents(
    job: RunningJob, rows: pa.Table, validation: pa.Table, *, more: Family | None = None
) -> list[Opponent]:
    """The majority label, keyword lists, TF-IDF with logistic regression, and `more`; strongest first.

    Each is told as a metric, and the strongest, by macro F1, in an event. A job that goes on with the work of
    another does not train them again.

    Args:
        job: Told of each.
        rows: The train split, with text and label.
        validation: The same of validation, at least one row.
        more: Others, from texts and labels to learn from and texts to answer; left out where a comment may
            have several labels.
    """
    kept = job.folder.path / "work" / "opponents.json"
    if kept.exists():
        told = json.loads(kept.read_text(encoding="utf-8"))
        opponents = [Opponent(**{**one, "predicted": tuple(one["predicted"])}) for one in told]
    else:
        families: list[Family] = [keyword_answers, regression_answers]
        if job.several is not None:
            learned = learned_labels(rows["label"].to_pylist(), job.several)
            families = [one_by_one(family, learned) for family in families]
            job.folder.add_event("opponents", message="Models on frozen embeddings do not do several labels.")
        elif more is not None:
            families.append(more)
        opponents = _train(job, rows, validation, families)
        kept.parent.mkdir(exist_ok=True)
        write_whole(kept, json.dumps([asdict(one) for one in opponents]))
    for one in opponents:
        job.metric(
            stage=f"beside it: {one.name}",
            accuracy=one.accuracy,
            macro_f1=one.macro_f1,
            fit_seconds=one.seconds,
        )
    best = opponents[0]
    job.folder.add_event(
        "opponents",
        message=f"To beat on validation: {best.name}, macro F1 {best.macro_f1:.3f}, accuracy "
        f"{best.accuracy:.3f}, after {best.seconds:.1f} s.",
    )
    return opponents


def _train(
    job: RunningJob, rows: pa.Table, validation: pa.Table, families: Sequence[Family]
) -> list[Opponent]:
    texts, labels = rows["text"].to_pylist(), rows["label"].to_pylist()
    asked, gold = validation["text"].to_pylist(), validation["label"].to_pylist()
    started = time.perf_counter()
    most_common = Counter(labels).most_common(1)[0][0]
    answers: Answered = {"majority label": ([most_common] * len(gold), time.perf_counter() - started)}
    for family in families:
        try:
            answers |= family(texts, labels, asked)
        except BadInput as error:  # the comments share no words; that leaves the others to beat
            job.folder.add_event("opponents", message=f"Left out: {error}")
    opponents = []
    for name, (predicted, seconds) in answers.items():
        found = measured_in(job, gold, predicted)
        opponents.append(
            Opponent(name, found.accuracy.value, found.macro_f1.value, seconds, tuple(predicted))
        )
    return sorted(opponents, key=lambda one: (one.macro_f1, one.accuracy), reverse=True)
