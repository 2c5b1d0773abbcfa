"""Trainings where a comment may have several labels: what they learn from, and how they are measured."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from domain.errors import BadInput
from domain.labels import answer_of, count_labels, labels_in
from services.evaluation.set_metrics import Flags, SetReport, flags_of, report_sets, sets_from_counts
from services.jobs.process.worker import RunningJob

MIN_ROWS = 2  # with a label, and without it

# Answers by name, each with the seconds that it took.
Answered = dict[str, tuple[list[str], float]]
Family = Callable[[Sequence[str], Sequence[str], Sequence[str]], Answered]


def learned_labels(answers: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The labels that occur, in the order of the label set; one that nobody gave is nothing to learn.

    Raises:
        BadInput: there is no such label, or one has too few comments with it or without it.
    """
    counts = count_labels(Counter(answers))
    labels = tuple(label for label in known if counts.get(label))
    told = ", ".join(f"{label}: {counts[label]:,}" for label in labels) or "none"
    if not labels:
        raise BadInput(
            f"None of the {len(answers):,} training comments has a label.",
            hint="Label comments that have one, then take a new snapshot.",
        )
    rare = [label for label in labels if not MIN_ROWS <= counts[label] <= len(answers) - MIN_ROWS]
    if rare:
        raise BadInput(
            f"Of {len(answers):,} training comments too few have or have not {', '.join(rare)} ({told}).",
            hint=f"Each label needs at least {MIN_ROWS} comments with it and {MIN_ROWS} without it.",
        )
    return labels


def targets_of(answers: Sequence[str], labels: Sequence[str]) -> Flags:
    """Which of the labels each comment has, shape (n, K)."""
    return flags_of([labels_in(answer) for answer in answers], labels)


def training_rows(job: RunningJob, answers: Sequence[str]) -> dict[str, int]:
    """Training comments of each label; where a comment may have several, it counts for each of them."""
    counts = Counter(answers)
    return dict(counts) if job.several is None else count_labels(counts)


def measured_sets(
    labels: Sequence[str], gold: Sequence[str], predicted: Sequence[str | None], *, resamples: int = 50
) -> SetReport:
    """Every number of these answers; with few resamples the intervals are rough."""
    pairs = Counter(zip(gold, predicted, strict=True))
    return report_sets(
        sets_from_counts(labels, [(*pair, count) for pair, count in pairs.items()]), resamples=resamples
    )


def one_by_one(family: Family, labels: Sequence[str]) -> Family:
    """Simple models for several labels from simple models for one: each label is a question of its own."""

    def answers(texts: Sequence[str], gold: Sequence[str], asked: Sequence[str]) -> Answered:
        given: dict[str, list[list[str]]] = {}
        seconds: defaultdict[str, float] = defaultdict(float)
        for label in labels:
            is_given = ["yes" if label in labels_in(answer) else "no" for answer in gold]
            for name, (said, took) in family(texts, is_given, asked).items():
                found = given.setdefault(name, [[] for _ in asked])
                for place, word in enumerate(said):
                    if word == "yes":
                        found[place].append(label)
                seconds[name] += took
        return {
            name: ([answer_of(one, labels) for one in found], seconds[name]) for name, found in given.items()
        }

    return answers
