"""Where each dataset stands in the loop, and what to do next."""

from dataclasses import dataclass

from domain.comments import Dataset
from domain.labels import count_labels
from services.evaluation.reviews import progress_of_model
from services.modelling.models import newest_run
from storage import comments, datasets, imports, jobs, models, reviews, snapshots
from storage.database import Database

_ENOUGH_LABELS = 50


@dataclass(frozen=True)
class Step:
    """One station of the loop: its page, what was done there, and what to do there if nothing was."""

    page: str
    title: str
    count: int
    told: str
    todo: str

    @property
    def done(self) -> bool:
        return self.count > 0


@dataclass(frozen=True)
class Standing:
    """A dataset's place in the loop; `next_step` is where it goes on.

    `labels` are comments with each label; where a comment may have several, it counts under each.
    """

    dataset: Dataset
    counts: dict[str, int]
    labels: dict[str, int]
    steps: tuple[Step, ...]
    next_step: Step


def standing(db: Database, dataset_id: str) -> Standing:
    """Where the dataset stands.

    Raises:
        NotFound: there is no such dataset.
    """
    dataset = datasets.get_dataset(db, dataset_id)
    counts = comments.count_by_state(db, dataset_id)
    steps = (*_curation(db, dataset_id, counts), *_modelling(db, dataset_id), *_evaluation(db, dataset_id))
    labels = comments.count_by_label(db, dataset_id)
    return Standing(
        dataset, counts, count_labels(labels) if dataset.several else labels, steps, _next_of(steps)
    )


def list_standings(db: Database) -> list[Standing]:
    """Every dataset's standing, in the order in which they were made."""
    return [standing(db, dataset.dataset_id) for dataset in datasets.list_datasets(db)]


def _curation(db: Database, dataset_id: str, counts: dict[str, int]) -> tuple[Step, ...]:
    files = len(imports.list_imports(db, dataset_id))
    tied = f", {counts['tied']:,} of them tied" if counts["tied"] else ""
    return (
        Step("import", "Import", files, f"{counts['comments']:,} comments", "Import comments."),
        Step(
            "clean",
            "Clean",
            counts["excluded"],
            f"{counts['excluded']:,} excluded",
            "Exclude empty and doubled ones.",
        ),
        Step(
            "label",
            "Label",
            counts["labelled"] if counts["labelled"] >= _ENOUGH_LABELS else 0,
            f"{counts['labelled']:,} labelled, {counts['waiting']:,} waiting{tied}",
            f"Label at least {_ENOUGH_LABELS} comments.",
        ),
    )


def _modelling(db: Database, dataset_id: str) -> tuple[Step, ...]:
    taken = snapshots.list_snapshots(db, dataset_id)
    made = len(models.list_models(db, dataset_id))
    working = len(jobs.list_jobs(db, dataset_id, unabsorbed=True))
    return (
        Step(
            "snapshots",
            "Snapshot",
            len(taken),
            _counted(len(taken), "snapshot"),
            "Freeze the labels in force.",
        ),
        Step(
            "train",
            "Train",
            made,
            _counted(made, "model") + (f", {_counted(working, 'job')} at work" if working else ""),
            "Train a model on the snapshot.",
        ),
    )


def _evaluation(db: Database, dataset_id: str) -> tuple[Step, ...]:
    runs = models.list_runs(db, dataset_id)
    reviewed, newest = sum(reviews.count_verdicts(db, dataset_id).values()), newest_run(db, dataset_id)
    told = "nothing to read yet"
    if newest is not None:
        found = progress_of_model(db, newest.model_id, newest.snapshot_id)
        told = f"{found.reviewed:,} of {found.misses:,} misses of {newest.model_id} read"
    compared = len({run.model_id for run in runs}) - 1
    return (
        Step("evaluate", "Evaluate", len(runs), _counted(len(runs), "run"), "Let a model predict a split."),
        Step("review", "Review", reviewed, told, "Read what the model got wrong."),
        Step(
            "compare",
            "Compare",
            max(compared, 0),
            f"{compared + 1} models to compare",
            "Take a new snapshot, train a second model, and compare.",
        ),
    )


def _next_of(steps: tuple[Step, ...]) -> Step:
    """The first station where nothing was done; cleaning may find nothing, so it is never asked for twice."""
    waiting = [step for step in steps if not step.done and step.page != "clean"]
    if waiting:
        return waiting[0]
    review = next(step for step in steps if step.page == "review")
    return Step(
        review.page, review.title, review.count, review.told, "Go around again: review what is still missed."
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
