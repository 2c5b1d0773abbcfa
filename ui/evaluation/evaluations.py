"""Evaluations as pages get them: runs are frozen, so they are cached by id; reviews are not."""

import streamlit as st

from domain.models import Run
from domain.text import shortened
from services.evaluation import comparing, reports, reviews, set_reports
from services.evaluation.comparing import Changed, RunComparison
from services.evaluation.costs import costs_sentence
from services.evaluation.reports import Evaluation
from services.evaluation.reviews import Miss, Progress
from services.evaluation.set_reports import SetEvaluation
from services.evaluation.slices import Slice, slices
from services.modelling.models import list_models, list_runs
from services.reporting.production import Held, in_use
from ui.store import database


def runs_of(dataset_id: str) -> dict[str, Run]:
    """The runs of a dataset by id, newest first."""
    return {run.run_id: run for run in list_runs(database(), dataset_id)}


def own_of(runs: dict[str, Run]) -> dict[str, Run]:
    """Those that models of ours made; imported scores are there to be compared with."""
    foreign = {model.model_id for model in list_models(database()) if model.backend == "imported"}
    return {run_id: run for run_id, run in runs.items() if run.model_id not in foreign}


def run_titles(runs: dict[str, Run]) -> dict[str, str]:
    """What a picker shows for each run: the model, what it answered, and the id."""
    names = {model.model_id: model.name for model in list_models(database())}
    return {
        run.run_id: f"{shortened(names[run.model_id], 40)} · {run.split} of {run.snapshot_id} · {run.run_id}"
        for run in runs.values()
    }


@st.cache_data(max_entries=64, show_spinner="Counting answers")
def evaluation_of(run_id: str) -> Evaluation:
    """Every number of one run."""
    return reports.evaluate(database(), run_id)


@st.cache_data(max_entries=64, show_spinner="Counting answers")
def either_evaluation_of(run_id: str) -> Evaluation | SetEvaluation:
    """The same of a run whose answers may be sets of labels."""
    return set_reports.evaluate_either(database(), run_id)


@st.cache_data(max_entries=64, show_spinner="Counting slices")
def slices_of(run_id: str) -> list[Slice]:
    """The slices of one run."""
    return slices(database(), run_id)


@st.cache_data(max_entries=64, show_spinner=False)
def costs_of(run_id: str) -> str:
    """How long the answers of one run took and what they cost."""
    return costs_sentence(database(), run_id)


@st.cache_data(max_entries=64, show_spinner="Comparing answers")
def comparison_of(before_run: str, after_run: str) -> RunComparison:
    """Two runs on the same comments."""
    return comparing.compare_runs(database(), before_run, after_run)


@st.cache_data(max_entries=64, show_spinner=False)
def changed_comments(before: str, after: str, change: str, label: str, *, limit: int) -> list[Changed]:
    """The comments behind one count of the comparison of two runs; "" asks for any label."""
    return comparing.changed(database(), before, after, change, label=label or None, limit=limit)


def held_of(run: Run) -> Held | None:
    """The run under the threshold that is frozen for its model; a threshold is frozen by a write."""
    return _held(run.run_id, database().revision_of(run.dataset_id))


def cell_of(run: Run, gold: str, predicted: str, *, limit: int) -> list[Miss]:
    """The comments of a cell of the confusion matrix; "" asks for any label."""
    return _cell(run.run_id, gold, predicted, limit, database().revision_of(run.dataset_id))


def answers_of(run: Run, comment_ids: list[int]) -> list[Miss]:
    """What a run said of these comments, in that order."""
    return reviews.answers_to(database(), run.run_id, comment_ids)


def next_miss(run: Run, gold: str, predicted: str) -> Miss | None:
    """The miss without a review of which the model was surest; None when all are reviewed."""
    waiting = reviews.misses(
        database(), run.run_id, gold=gold or None, predicted=predicted or None, reviewed=False, limit=1
    )
    return waiting[0] if waiting else None


def misses_of(run: Run, gold: str, predicted: str, *, limit: int, offset: int) -> list[Miss]:
    """Misses of a run, reviewed or not; "" asks for any label."""
    return _misses(run.run_id, gold, predicted, limit, offset, database().revision_of(run.dataset_id))


def progress_of(run: Run) -> Progress:
    """How far the reading of the run's misses has come."""
    return _progress(run.run_id, database().revision_of(run.dataset_id))


def progress_of_model(run: Run) -> Progress:
    """How far the reading of all misses of the run's model on its snapshot has come."""
    return _progress_of_model(run.model_id, run.snapshot_id, database().revision_of(run.dataset_id))


# The revision is part of each key: a review is a write to the dataset, after which readers look again.


@st.cache_data(max_entries=64, show_spinner=False)
def _cell(run_id: str, gold: str, predicted: str, limit: int, revision: int) -> list[Miss]:
    return reviews.cell(database(), run_id, gold=gold or None, predicted=predicted or None, limit=limit)


@st.cache_data(max_entries=64, show_spinner=False)
def _misses(run_id: str, gold: str, predicted: str, limit: int, offset: int, revision: int) -> list[Miss]:
    return reviews.misses(
        database(), run_id, gold=gold or None, predicted=predicted or None, limit=limit, offset=offset
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _progress(run_id: str, revision: int) -> Progress:
    return reviews.progress(database(), run_id)


@st.cache_data(max_entries=16, show_spinner=False)
def _held(run_id: str, revision: int) -> Held | None:
    return in_use(database(), run_id)


@st.cache_data(max_entries=64, show_spinner=False)
def _progress_of_model(model_id: str, snapshot_id: str, revision: int) -> Progress:
    return reviews.progress_of_model(database(), model_id, snapshot_id)
