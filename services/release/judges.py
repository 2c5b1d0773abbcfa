"""Each kind of clause, judged on stored answers: the same functions that the pages count with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from domain.errors import NotFound
from domain.models import Model, Run
from services.evaluation.acting import Acting
from services.evaluation.clusters import Clustering
from services.evaluation.comparing import RunComparison, comparable_run, compare_runs
from services.evaluation.comparison import rows_for_power
from services.evaluation.costs import usd_per_thousand
from services.evaluation.intervals import (
    SMALL_N,
    Estimate,
    Proportion,
    proportion,
)
from services.evaluation.label_changes import labels_sentence
from services.evaluation.metrics import ClassMetrics
from services.evaluation.reports import Evaluation, absent_told
from services.evaluation.reviews import progress_of_model
from services.evaluation.slices import USUAL_SLICINGS, slices
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.hosted.providers import get_provider
from services.release.behaviour_judges import BEHAVIOUR_JUDGES
from services.release.clause import CHAMPION, KINDS, LEAKS, Clause
from services.release.deciding import (
    Finding,
    Outcome,
    any_below,
    at_least,
    at_most,
    counted,
    leaning,
    n_deciding_estimate,
    unknown,
)
from storage.answer_costs import measure_costs
from storage.behaviours import Measured, list_behaviours
from storage.database import Database
from storage.models import list_runs
from storage.snapshots import Snapshot

_OF_THE_LABEL = ("recall", "precision", "f1")  # say nothing where no comment has the label


@dataclass(frozen=True)
class Case:
    """A model on one split of one snapshot, as clauses look at it.

    Attributes:
        champion: The model in production; None where nothing was released yet.
        today: For what ends on a day.
        acting: The run under the frozen threshold that it is judged at; None where the label that the model
            names decides.
    """

    db: Database
    model: Model
    run: Run
    snapshot: Snapshot
    evaluation: Evaluation
    champion: str | None
    today: date
    acting: Acting | None = None

    @property
    def clustering(self) -> Clustering | None:
        """What authors or threads that repeat do to its intervals; the evaluation's allow for it already."""
        return self.evaluation.clustering

    def widened(
        self, name: str, label: str, found: Proportion | Estimate | None
    ) -> Proportion | Estimate | None:
        """The number with the interval that its authors or threads leave it."""
        return self.clustering.widened(name, label, found) if self.clustering else found

    def resting(self, found: Finding, name: str, label: str) -> Finding:
        """The finding, saying so where authors or threads made its interval wider."""
        effect = self.clustering.effects.get((name, label), 1.0) if self.clustering else 1.0
        if self.clustering is None or effect <= 1.0 or found.value is None:
            return found
        kind = self.clustering.kind
        told = (
            f"{found.why} The interval allows for {kind}s with several comments (design effect {effect:.2f})"
        )
        other = f"; labels of other {kind}s tell more" if found.more_labels else ""
        return replace(found, why=f"{told}{other}.")


def judged(case: Case, clause: Clause) -> Finding:
    """What is found about the clause."""
    if clause.label is not None and clause.label not in case.snapshot.labels:
        return unknown(f"{case.snapshot.snapshot_id} has no label “{clause.label}”.")
    if clause.kind in _OF_THE_LABEL and _metrics_of(case, clause).support == 0:
        return unknown(absent_told((str(clause.label),), case.evaluation.data, case.evaluation.report.n))
    return _JUDGES[clause.kind](case, clause)


def rival_run(case: Case, against: str) -> Run | None:
    """The rival's answers to the same comments, the newest that can be compared; None where it has none."""
    rival = case.champion if against == CHAMPION else against
    if rival is None:
        return None
    found = list_runs(case.db, case.snapshot.dataset_id, model_id=rival, split=case.run.split)
    return comparable_run(case.db, case.run, found)


def last_day(db: Database, model: Model) -> date | None:
    """The day from which it answers no more; None for a model here or at a provider of one's own.

    Raises:
        NotFound: it runs at a provider, and the table of hosted models does not have it.
    """
    if model.backend != "openai" or not get_provider(db.home, str(model.settings["provider"])).charges:
        return None
    return hosted_models(db.home).named(str(model.settings["model"])).shuts_on


def _class_metric(name: str) -> Callable[[Case, Clause], Finding]:
    """The judge of a metric of one label; what its number is counted over differs."""

    def judge(case: Case, clause: Clause) -> Finding:
        if at_threshold := _at_threshold(name, case, clause):
            return at_threshold
        metrics = _metrics_of(case, clause)
        over = {"recall": metrics.support, "precision": metrics.predicted}
        n = over.get(name, metrics.support + metrics.predicted - metrics.true_positives)
        verb = {"recall": "labelled", "precision": "marked"}.get(name, "labelled or marked")
        found = at_least(getattr(metrics, name), _line(clause), n=n, what=f"comments {verb} “{clause.label}”")
        return case.resting(found, name, str(clause.label))

    return judge


def _average(name: str) -> Callable[[Case, Clause], Finding]:
    def judge(case: Case, clause: Clause) -> Finding:
        report = case.evaluation.report
        found = at_least(getattr(report, name), _line(clause), n=report.n, what="labelled comments")
        return case.resting(found, name, "")

    return judge


def _at_threshold(name: str, case: Case, clause: Clause) -> Finding | None:
    """The clause judged where the frozen threshold cuts; None where it has no say about that label.

    A threshold over several labels says that a comment is unwanted and not which it is: only the recall of
    each can then be counted, of those removed or read.
    """
    held, label = case.acting, str(clause.label)
    if held is None or label not in held.threshold.unwanted:
        return None
    verb = "labelled"
    if name == "recall":
        share = held.recall(label)
    elif name == "precision" and held.decides(label):
        share, verb = held.precision(label), "flagged as"
    elif name == "false_positive_rate" and held.decides(label):
        share, verb = held.false_positive_rate(label), "not labelled"
    else:
        return None
    judge = at_most if name == "false_positive_rate" else at_least
    n = share.n if share else 0
    number = case.widened(name, label, share)
    found = case.resting(judge(number, _line(clause), n=n, what=f"comments {verb} “{label}”"), name, label)
    return replace(found, why=f"At {held.words}: {found.why}")


def _false_positive_rate(case: Case, clause: Clause) -> Finding:
    if at_threshold := _at_threshold("false_positive_rate", case, clause):
        return at_threshold
    metrics, n = _metrics_of(case, clause), case.evaluation.report.n
    share = proportion(metrics.predicted - metrics.true_positives, n - metrics.support)
    what = f"comments not labelled “{clause.label}”"
    number = case.widened(clause.kind, str(clause.label), share)
    found = at_most(number, _line(clause), n=n - metrics.support, what=what)
    return case.resting(found, clause.kind, str(clause.label))


def _slices(case: Case, clause: Clause) -> Finding:
    """Passes where each slice that is large enough does; fails where some are below beyond many looks."""
    line = _line(clause)
    shares = [
        (f"{each.by.replace('_', ' ')}: {each.name}", share)
        for each in slices(case.db, case.run.run_id, clause.parts or USUAL_SLICINGS)
        if (share := each.share(clause.label)) is not None
    ]
    large = [(name, share) for name, share in shares if share.n >= SMALL_N]
    small = f" {len(shares) - len(large)} smaller ones are not judged." if len(shares) > len(large) else ""
    if not large:
        return unknown(f"No slice has {SMALL_N} comments to judge.{small}")
    name, worst = min(large, key=lambda pair: pair[1].value)
    told = f"Worst of {len(large)}: {name}, n = {worst.n:,}.{small}"
    if all(share.low >= line for _, share in large):
        return Finding("pass", worst.value, worst.low, worst.high, worst.n, told)
    if any_below([share for _, share in large], line):
        return Finding("fail", worst.value, worst.low, worst.high, worst.n, told)
    name, _ = least = min(large, key=lambda pair: (pair[1].value >= line, pair[1].low))
    found = at_least(least[1], line, n=least[1].n, what=f"comments in “{name}”")
    why = f"{told} Least certain: {name}. {found.why}" if found.more_labels else told
    return Finding("not decidable", worst.value, worst.low, worst.high, worst.n, why, found.more_labels)


def _against(case: Case, clause: Clause) -> RunComparison | Finding:
    """The comparison with the rival, or what to say where there can be none."""
    name = str(clause.against)
    if name == CHAMPION and case.champion is None:
        n = case.evaluation.report.n
        why = "Nothing is in production yet, so there is nothing to be compared with."
        return Finding("not applicable", None, None, None, n, why)
    rival = case.champion if name == CHAMPION else name
    if rival == case.model.model_id:
        return Finding("not applicable", None, None, None, 0, "It is compared with itself.")
    run = rival_run(case, name)
    if run is None:
        return unknown(
            f"{rival} has not answered the same comments: predict --model {rival} --snapshot"
            f" {case.run.snapshot_id} --split {case.run.split}."
        )
    return compare_runs(case.db, run.run_id, case.run.run_id)


def _better_than(case: Case, clause: Clause) -> Finding:
    found = _against(case, clause)
    if isinstance(found, Finding):
        return found
    counts, gap = found.counts, found.counts.difference
    needed = rows_for_power(counts.fixed / counts.n, counts.broken / counts.n)
    more = max(1, needed - counts.n) if counts.verdict == "not decidable" and needed else None
    outcomes: dict[str, Outcome] = {"better": "pass", "worse": "fail", "not decidable": "not decidable"}
    outcome = outcomes[counts.verdict]
    why = f"{found.sentence}{_left_out(found)}"
    return Finding(outcome, gap.value, gap.low, gap.high, counts.n, why, more)


def _not_worse_than(case: Case, clause: Clause) -> Finding:
    """Non-inferiority: the whole interval of the paired difference lies above minus the margin."""
    found = _against(case, clause)
    if isinstance(found, Finding):
        return found
    line, gap, n = -_line(clause), found.counts.difference, found.counts.n
    told = f"Difference in accuracy {gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}).{_left_out(found)}"
    if found.is_trade:
        told += f" {labels_sentence(found.labels)}"
    if gap.low >= line:
        return Finding("pass", gap.value, gap.low, gap.high, n, told)
    if gap.high < line:
        return Finding("fail", gap.value, gap.low, gap.high, n, told)
    needed = n_deciding_estimate(gap, line, n)
    more = None if needed is None else max(1, needed - n)
    if more is not None:
        told += f" Were it to stay so, about {more:,} more labelled comments would decide;"
        told += f" {leaning(gap.value >= line)}."
    return Finding("not decidable", gap.value, gap.low, gap.high, n, told, more)


def _left_out(found: RunComparison) -> str:
    """What is not compared, and who had seen answers; empty where there is nothing to say."""
    told = f" {found.left_out.total:,} comments could not be compared." if found.left_out.total else ""
    if found.before_seen:
        told += f" {found.before_name} had learned from {found.before_seen:,} of its comments."
    return told


def _not_expired(case: Case, clause: Clause) -> Finding:
    try:
        ends = last_day(case.db, case.model)
    except NotFound as error:
        return unknown(f"{error} {error.hint}")
    if ends is None:
        return Finding("pass", None, None, None, 0, "It does not depend on a provider's last day.")
    days = (ends - case.today).days
    return counted(
        days, 0, holds=days >= _line(clause), why=f"It is shut on {ends}, {days:,} days after {case.today}."
    )


def _leaks(case: Case, clause: Clause) -> Finding:
    known = case.snapshot.manifest["leaks"]
    parts = {part: int(known[part]) for part in clause.parts or LEAKS}
    held = sum(sum(n.values()) for name, n in case.snapshot.manifest["counts"].items() if name != "train")
    told = ", ".join(f"{part.replace('_', ' ')} {n:,}" for part, n in parts.items())
    worst = max(parts.values())
    return counted(worst, held, holds=worst <= _line(clause), why=f"Of {held:,} held-out comments: {told}.")


def _agreement(case: Case, clause: Clause) -> Finding:
    """Only what the snapshot was frozen with counts: votes may have been added since."""
    known: Any = case.snapshot.manifest.get("agreement")
    if not isinstance(known, dict) or not {"value", "low", "high", "n"} <= set(known):
        return unknown(f"{case.snapshot.snapshot_id} does not say how far its annotators agreed.")
    number = Estimate(float(known["value"]), float(known["low"]), float(known["high"]))
    return at_least(number, _line(clause), n=int(known["n"]), what="comments that several people labelled")


def _unparsed(case: Case, clause: Clause) -> Finding:
    report = case.evaluation.report
    return at_most(proportion(report.unparsed, report.n), _line(clause), n=report.n, what="answers")


def _latency(case: Case, clause: Clause) -> Finding:
    """ "95 % within so many ms" is a share with a Wilson interval, whatever the shape of the times."""
    costs = measure_costs(case.db, case.run.run_id, within_ms=_line(clause))
    if costs.timed == 0 or costs.p95_ms is None:
        return unknown("Nobody measured how long the answers took.")
    share = Proportion(costs.within, costs.timed)
    found = at_least(share, 0.95, n=costs.timed, what="timed answers")
    told = f"95 % took up to {costs.p95_ms:.1f} ms; {share.value:.1%} stayed within the limit. {found.why}"
    return Finding(found.outcome, share.value, share.low, share.high, costs.timed, told, found.more_labels)


def _cost(case: Case, clause: Clause) -> Finding:
    costs = measure_costs(case.db, case.run.run_id, within_ms=0.0)
    number = usd_per_thousand(costs)
    if number is None:
        if case.model.backend == "openai":
            return unknown("Nobody recorded what the answers cost.")
        return counted(0.0, case.run.row_count, holds=True, why="It runs here: no answer is paid for.")
    return at_most(number, _line(clause), n=costs.priced, what="priced answers")


def _reviewed(case: Case, clause: Clause) -> Finding:
    found = progress_of_model(case.db, case.model.model_id, case.run.snapshot_id)
    read, misses = found.reviewed, found.misses
    told = f"{read:,} of {misses:,} misses on every split of {case.run.snapshot_id} are read."
    return counted(read, misses, holds=read >= min(_line(clause), misses), why=told)


def _behaviour(judge: Callable[[Sequence[Measured], Clause], Finding], case: Case, clause: Clause) -> Finding:
    """Functional suites bring their own texts; true positives have to be those of the snapshot judged."""
    measured = list_behaviours(case.db, model_id=case.model.model_id)
    fitting = [each for each in measured if each.snapshot_id in (None, case.snapshot.snapshot_id)]
    return judge(fitting, clause)


def _metrics_of(case: Case, clause: Clause) -> ClassMetrics:
    return next(each for each in case.evaluation.report.classes if each.label == clause.label)


def _line(clause: Clause) -> float:
    assert clause.line is not None, clause.kind  # checked when the clause was made
    return clause.line


_JUDGES: dict[str, Callable[[Case, Clause], Finding]] = {
    "recall": _class_metric("recall"),
    "precision": _class_metric("precision"),
    "f1": _class_metric("f1"),
    "macro_f1": _average("macro_f1"),
    "accuracy": _average("accuracy"),
    "false_positive_rate": _false_positive_rate,
    "slices": _slices,
    "better_than": _better_than,
    "not_worse_than": _not_worse_than,
    "not_expired": _not_expired,
    "leaks": _leaks,
    "agreement": _agreement,
    "unparsed": _unparsed,
    "latency": _latency,
    "cost": _cost,
    "reviewed": _reviewed,
    **{kind: partial(_behaviour, judge) for kind, judge in BEHAVIOUR_JUDGES.items()},
}
assert set(_JUDGES) == set(KINDS), "every kind of clause has its judge"
