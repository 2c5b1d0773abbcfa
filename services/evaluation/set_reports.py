"""The evaluation of one run whose answers are sets of labels."""

from dataclasses import dataclass, fields
from typing import Any

from domain.errors import BadInput
from domain.models import Run
from services.evaluation import reports
from services.evaluation.intervals import as_number
from services.evaluation.metrics import ClassMetrics
from services.evaluation.reports import DataFacts, Evaluation
from services.evaluation.set_metrics import SetReport, SetTable, report_sets, sets_from_counts
from storage import misses
from storage.database import Database
from storage.models import get_model, get_run
from storage.snapshots import get_snapshot


@dataclass(frozen=True)
class SetEvaluation:
    """Every number of one run, with what it was measured on; as frozen as the run and its snapshot."""

    run: Run
    model_name: str
    data: DataFacts
    table: SetTable
    report: SetReport
    withheld: int = 0


def evaluate_either(db: Database, run_id: str) -> Evaluation | SetEvaluation:
    """The evaluation of a run, whatever its answers are: both have a report with accuracy and macro F1.

    Raises:
        NotFound: there is no such run.
        BadInput: the run answered no comment.
    """
    return evaluate_sets(db, run_id) if get_run(db, run_id).several else reports.evaluate(db, run_id)


def evaluate_sets(db: Database, run_id: str) -> SetEvaluation:
    """The evaluation of a run of several labels against the sets frozen in its snapshot.

    Raises:
        NotFound: there is no such run.
        BadInput: the run answered no comment, or gives one label per comment.
    """
    run = get_run(db, run_id)
    if not run.several:
        raise BadInput(f"{run_id} gives one label per comment.", hint="Evaluate it as such.")
    snapshot = get_snapshot(db, run.snapshot_id)
    table = sets_from_counts(snapshot.labels, misses.count_pairs(db, run_id))
    return SetEvaluation(
        run=run,
        model_name=get_model(db, run.model_id).name,
        data=reports.data_facts(db, run, snapshot),
        table=table,
        report=report_sets(table),
    )


def as_dict(evaluation: Evaluation | SetEvaluation) -> dict[str, Any]:
    """The evaluation as JSON can carry it; what is undefined is null.

    Of several labels `tables` holds for each [[neither, only predicted], [only right, both]], in comments.
    """
    if isinstance(evaluation, Evaluation):
        return reports.as_dict(evaluation)
    run, found = evaluation.run, evaluation.report
    return {
        "run_id": run.run_id,
        "model_id": run.model_id,
        "model": evaluation.model_name,
        "several": True,
        "data": {each.name: getattr(evaluation.data, each.name) for each in fields(evaluation.data)},
        **{
            each.name: as_number(getattr(found, each.name))
            for each in fields(found)
            if each.name != "classes"
        },
        "classes": [_class(each) for each in found.classes],
        "tables": dict(zip(evaluation.table.labels, evaluation.table.by_label.tolist(), strict=True)),
    }


def _class(metrics: ClassMetrics) -> dict[str, Any]:
    told = {each.name: getattr(metrics, each.name) for each in fields(metrics)}
    return {name: value if name == "label" else as_number(value) for name, value in told.items()}
