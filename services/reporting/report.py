"""The whole report of one run: every number that the page shows, made in one place."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa

from domain.models import Model, Run
from services.evaluation.causes import ceiling_told
from services.evaluation.comparing import RunComparison, comparable_run, compare_runs
from services.evaluation.intervals import Proportion
from services.evaluation.looks import looks_told
from services.evaluation.reports import Evaluation, evaluate
from services.evaluation.score_reports import ScoreReport, report_scores, validation_of
from services.evaluation.scored import scored_run
from services.evaluation.slices import Slice, slices
from services.evaluation.slicing import WorstSlices, find_worst_slices
from services.labelling.ceiling import human_ceiling
from services.release.gate import Verdict, judge
from services.release.policy import find_policy
from services.reporting.opening import Opening, opening, unjudged
from services.reporting.production import SECONDS, VOLUME, Production, in_use, production, unwanted_labels
from storage.answer_costs import AnswerCosts, measure_costs
from storage.database import Database
from storage.datasets import get_dataset
from storage.misses import list_answers
from storage.models import get_model, list_runs
from storage.releases import find_champion, get_release
from storage.reviews import list_reviews
from storage.token_counts import get_bodies_table

_SEARCHED = 50_000  # comments: the search for the worst slices reads every text, as long as all the rest
_CURVES = 12  # labels whose curves are worked out, the rarest first
MISSES_TOLD = 10


@dataclass(frozen=True)
class Rival:
    """The comparison with another model on the same comments; `is_champion` if it is in production."""

    comparison: RunComparison
    is_champion: bool


@dataclass(frozen=True)
class Quoted:
    """A miss with its text; `score` is that of the label it was given, None where there is none."""

    comment_id: int
    gold: str
    predicted: str | None
    score: float | None
    body: str


@dataclass(frozen=True, eq=False)
class ModelReport:
    """Everything that is said of one run.

    Attributes:
        searched: The parts that are worse than chance explains; None where there are too many comments.
        scores: Of each label whose curves were worked out; empty where the model gives no scores.
        production: None where only one kind of comment occurs.
        rival: None where no other model answered the same comments.
        reviewed: Misses that were read, by what was said of them.
        misses: Those of which the model was surest.
        ceiling: How much of the error is not the model's, as far as a blind reading tells.
        looks: How often its test comments were looked at; empty where never, or on another split.
        people: How often people meet the label that the others decided; None where nobody can tell.
    """

    made_on: date
    dataset_title: str
    looks: str
    people: Proportion | None
    model: Model
    evaluation: Evaluation
    opening: Opening
    slices: tuple[Slice, ...]
    searched: WorstSlices | None
    scores: tuple[ScoreReport, ...]
    production: Production | None
    costs: AnswerCosts
    rival: Rival | None
    reviewed: dict[str, int]
    misses: tuple[Quoted, ...]
    ceiling: str


def model_report(
    db: Database,
    run_id: str,
    *,
    unwanted: Sequence[str] = (),
    base_rate: float | None = None,
    volume: float = VOLUME,
    seconds: float = SECONDS,
    comments: int = MISSES_TOLD,
    today: date | None = None,
) -> ModelReport:
    """The report of a run, by the policy that is in force.

    Args:
        unwanted: Labels that flag a comment; those that the policy is about, else all but the first, where
            none is named.
        base_rate, volume, seconds: The traffic, as for `production`.
        comments: Misses to be quoted, at least 0.
        today: For what ends on a day; None takes this one, in UTC.

    Raises:
        NotFound: there is no such run.
        BadInput: the run answered no comment, or labels or number cannot be used.
    """
    day = today or datetime.now(UTC).date()
    found = evaluate(db, run_id)
    run = found.run
    policy = find_policy(db, run.dataset_id)
    why = unjudged(run, policy)
    verdict = None
    if policy and not why:
        verdict = judge(db, run.model_id, policy, split=run.split, run_id=run_id, today=day)
    parts, rival = slices(db, run_id), rival_of(db, run, verdict)
    flags = tuple(unwanted) or unwanted_labels(found.table.labels, policy)
    return ModelReport(
        made_on=day,
        dataset_title=get_dataset(db, run.dataset_id).title,
        looks=looks_told(db, run_id),
        people=human_ceiling(db, run.dataset_id),
        model=get_model(db, run.model_id),
        evaluation=found,
        opening=opening(found, verdict, parts, unjudged=why),
        slices=tuple(parts),
        searched=find_worst_slices(db, run_id) if found.report.n <= _SEARCHED else None,
        scores=label_scores(db, found),
        production=production(
            found,
            flags,
            held=None if unwanted else in_use(db, run_id),
            base_rate=base_rate,
            volume=volume,
            seconds=seconds,
        ),
        costs=measure_costs(db, run_id, within_ms=0.0),
        rival=Rival(compare_runs(db, rival[0], run_id), rival[1]) if rival else None,
        reviewed=Counter(each.verdict for each in list_reviews(db, run_id)),
        misses=surest_misses(db, run, comments),
        ceiling=ceiling_told(db, run_id),
    )


def surest_misses(db: Database, run: Run, most: int) -> tuple[Quoted, ...]:
    """The misses of which the model was surest, at most so many."""
    answers = list_answers(db, run.run_id, misses_only=True, limit=most)
    asked = pa.table({"comment_id": pa.array(sorted(each.comment_id for each in answers), pa.int64())})
    found = get_bodies_table(db, asked)
    bodies = dict(zip(found["comment_id"].to_pylist(), found["body"].to_pylist(), strict=True))
    return tuple(
        Quoted(
            comment_id=each.comment_id,
            gold=each.gold,
            predicted=each.predicted,
            score=dict(zip(run.labels, each.scores or (), strict=False)).get(each.predicted or ""),
            body=bodies[each.comment_id],
        )
        for each in answers
    )


def label_scores(db: Database, found: Evaluation) -> tuple[ScoreReport, ...]:
    """The curves of each label against the rest, the rarest first; of two labels one: they mirror each other.

    A label of which every comment or none is has no curve.
    """
    run, n = found.run, found.report.n
    if run.score_kind == "none":
        return ()
    support = {each.label: each.support for each in found.report.classes}
    usable = [label for label in run.labels if 0 < support.get(label, 0) < n]
    usable.sort(key=lambda label: support[label])
    most = 1 if len(run.labels) == 2 else _CURVES
    if not usable or found.report.unparsed == n:
        return ()
    scored = scored_run(db, run.run_id)
    if scored.unanswered == n:
        return ()
    validation = validation_of(db, scored)
    return tuple(report_scores(scored, label, validation=validation) for label in usable[:most])


def rival_of(db: Database, run: Run, verdict: Verdict | None) -> tuple[str, bool] | None:
    """The run to compare with, and whether it is that of the model in production; None where there is none.

    What is in production comes first; while nothing else is, the newest other model with answers to compare.
    """
    if verdict is not None and verdict.rival_run is not None:
        return verdict.rival_run, True
    release = find_champion(db, run.dataset_id)
    champion = get_release(db, release).model_id if release else None
    if champion == run.model_id:
        champion = None
    runs = list_runs(db, run.dataset_id, model_id=champion, split=run.split)
    rival = comparable_run(db, run, [each for each in runs if each.model_id != run.model_id])
    return (rival.run_id, champion is not None) if rival else None
