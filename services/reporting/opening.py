"""What a lead must see first: the verdict, what decides it, three numbers, the worst slice, one chart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from domain.models import Run
from services.evaluation.confusion import ConfusionTable
from services.evaluation.intervals import SMALL_N, Estimate, Proportion
from services.evaluation.metrics import Report
from services.evaluation.reports import Evaluation, absent_labels, absent_told
from services.evaluation.slice_search import chances
from services.evaluation.slices import Slice
from services.release.deciding import URGENCY, Outcome, leaning
from services.release.gate import JudgedClause, Verdict
from services.release.policy import Policy

JUDGED_SPLIT = "test"
_NUMBERS = 3
_MARKS = 10
_CLEARLY = 0.01  # chance of a slice so bad, under which a small one is named all the same
_TITLES = {
    "recall": "Recall of {label}",
    "precision": "Precision of {label}",
    "f1": "F1 of {label}",
    "false_positive_rate": "False positives as {label}",
    "macro_f1": "Macro-F1",
    "accuracy": "Accuracy",
    "slices": "Worst slice",
    "unparsed": "Answers without a label",
}


@dataclass(frozen=True)
class KeyNumber:
    """One number of the first screen.

    Attributes:
        title: May hold a label, which may come from a file: show it as text.
        about: The label it is about; "" for none.
        number: None where it is undefined.
        outcome: How the policy judged it; None where the policy does not ask.
    """

    title: str
    about: str
    number: Proportion | Estimate | None
    n: int
    note: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Mark:
    """One line of the chart: a share with its interval, the policy's line, and the cell with its misses.

    Attributes:
        line: What the policy asks for; None where it does not.
        gold, predicted: Which misses are behind it; "" for any label.
    """

    title: str
    value: float
    low: float
    high: float
    n: int
    line: float | None
    outcome: Outcome | None
    gold: str = ""
    predicted: str = ""


@dataclass(frozen=True)
class WorstSlice:
    """The slice with the lowest accuracy among those of 30 comments or more.

    `among` of them were looked at: the lowest of many is low by chance too. `errors` says which it has most;
    labels may come from a file, so show it as text only.
    """

    by: str
    name: str
    accuracy: Proportion
    among: int
    errors: str


@dataclass(frozen=True)
class SmallSlice:
    """A slice of fewer than 30 comments, too few to judge, that goes wrong more often than chance explains.

    Attributes:
        missed: Which labels the errors have, and how many each, the most first.
        p_value: Of Fisher's exact test, one-sided, of this slice alone: not corrected for the others.
    """

    by: str
    name: str
    wrong: int
    n: int
    missed: tuple[tuple[str, int], ...]
    p_value: float

    @property
    def sentence(self) -> str:
        """The slice in a line; its name may come from a file, so show it as text only."""
        p_value = "< 0.0001" if self.p_value < 0.0001 else f"= {self.p_value:.4f}"
        missed = ", ".join(f"{n:,} “{label}”" for label, n in self.missed)
        return (
            f"{self.by.replace('_', ' ')} {self.name}: {self.wrong:,} of {self.n:,} wrong (missed {missed}),"
            f" too few to judge (exact test alone p {p_value}, not corrected for many looks)"
        )


@dataclass(frozen=True)
class Opening:
    """The first screen.

    Attributes:
        absent: What must be said before all else, that nothing is known of a label; empty where all occur.
        small: A slice too small to be `worst`, that must not be overlooked.
        unjudged: Why there is no verdict; empty where there is one.
        deciding: The clauses for which the verdict is what it is; none where all pass.
        marks: The chart: what the policy asks for, or the recall of each label.
    """

    absent: str
    verdict: Verdict | None
    unjudged: str
    deciding: tuple[JudgedClause, ...]
    numbers: tuple[KeyNumber, ...]
    worst: WorstSlice | None
    small: SmallSlice | None
    marks: tuple[Mark, ...]


def unjudged(run: Run, policy: Policy | None) -> str:
    """Why the policy says nothing of these answers; empty where it does."""
    if policy is None:
        return "There is no release policy yet, so that nothing is judged."
    if run.split != JUDGED_SPLIT:
        return f"The policy is judged on the test split; these are answers to the {run.split} split."
    return ""


def opening(
    found: Evaluation, verdict: Verdict | None, slices: Sequence[Slice], *, unjudged: str = ""
) -> Opening:
    """The first screen of a report."""
    clauses = by_urgency(verdict)
    named = [_label(each) for each in clauses if _label(each) and "on" not in (each.clause or {})]
    return Opening(
        absent=absent_told(absent_labels(found.report, named), found.data, found.report.n),
        verdict=verdict,
        unjudged=unjudged,
        deciding=_deciding(verdict, clauses),
        numbers=_numbers(found, clauses),
        worst=worst_slice(slices),
        small=small_slice(slices),
        marks=_judged_marks(clauses) or _label_marks(found),
    )


def by_urgency(verdict: Verdict | None) -> list[JudgedClause]:
    """The clauses, failed ones first, then those that cannot be decided; none without a verdict."""
    return sorted(verdict.clauses if verdict else (), key=lambda each: URGENCY[each.finding.outcome])


def worst_slice(slices: Sequence[Slice]) -> WorstSlice | None:
    """The slice with the lowest accuracy; None where none is large enough."""
    shares = [(each, each.share(None)) for each in slices]
    large = [(each, share) for each, share in shares if share is not None and share.n >= SMALL_N]
    if not large:
        return None
    worst, share = min(large, key=lambda pair: pair[1].value)
    return WorstSlice(worst.by, worst.name, share, len(large), worst.errors_told)


def small_slice(slices: Sequence[Slice]) -> SmallSlice | None:
    """The most surely worse of the slices that are too small to judge; None where chance explains each.

    Source: Fisher (1934), Statistical Methods for Research Workers, 5th edition, section 21.02.
    """
    found = []
    for each in slices:
        whole = [other.table for other in slices if other.by == each.by]  # one kind holds every comment
        total, right = sum(table.n for table in whole), sum(table.correct for table in whole)
        n, wrong = each.table.n, each.table.n - each.table.correct
        if 0 < n < SMALL_N:
            [p_value] = chances(np.array([wrong]), np.array([n]), total - right, total).tolist()
            found.append(SmallSlice(each.by, each.name, wrong, n, _missed(each.table), p_value))
    surest = min(found, key=lambda each: each.p_value, default=None)
    return surest if surest is not None and surest.p_value < _CLEARLY else None


def _missed(table: ConfusionTable) -> tuple[tuple[str, int], ...]:
    """The errors by the label that was missed, the most first; labels without one are left out."""
    errors = (table.counts.sum(axis=1) - table.counts.diagonal()).tolist()
    found = [(label, n) for label, n in zip(table.labels, errors, strict=True) if n]
    return tuple(sorted(found, key=lambda each: -each[1]))


def _deciding(verdict: Verdict | None, clauses: list[JudgedClause]) -> tuple[JudgedClause, ...]:
    """The clauses for which the verdict is what it is; of a pass, none stands out."""
    if verdict is None or verdict.outcome == "pass":
        return ()
    return tuple(each for each in clauses if each.finding.outcome == verdict.outcome)


def _numbers(found: Evaluation, clauses: list[JudgedClause]) -> tuple[KeyNumber, ...]:
    """Those that the policy names, the urgent first; filled up with what says most of any model."""
    report = found.report
    known = [(each.recall, each.label) for each in report.classes if each.recall is not None]
    recall, label = min(known, key=lambda pair: pair[0].value)
    chosen = {each.title: each for each in map(_judged_number, filter(_is_share, clauses))}
    usual = [
        KeyNumber("Accuracy", "", report.accuracy, report.n),
        KeyNumber(
            "Macro-F1",
            "",
            report.macro_f1,
            report.n,
            f"F1 is high only where precision and recall both are; the mean of {len(report.classes)} labels",
        ),
        KeyNumber("Weakest recall", label, recall, recall.n, f"of the label {label}"),
    ]
    if _TITLES["recall"].format(label=label) in chosen:
        usual.pop()
    more = [each for each in usual if each.title not in chosen]
    return tuple(_beside_commonest(each, report) for each in (*chosen.values(), *more)[:_NUMBERS])


def _beside_commonest(each: KeyNumber, report: Report) -> KeyNumber:
    """An accuracy with what always giving the commonest label would get: only what is above it is skill."""
    if each.title != _TITLES["accuracy"]:
        return each
    most = max(report.classes, key=lambda label: label.support)
    always = f"always “{most.label}”: {most.support / report.n:.3f}"
    return replace(each, note="; ".join(filter(None, (each.note, always))))


def _judged_number(each: JudgedClause) -> KeyNumber:
    finding = each.finding
    return KeyNumber(
        title=_title(each),
        about=_label(each),
        number=_estimate(each),
        n=finding.n,
        note=_asked(each),
        outcome=finding.outcome,
    )


def _judged_marks(clauses: list[JudgedClause]) -> tuple[Mark, ...]:
    """The clauses that are about shares, each with its line."""
    marks = []
    for each in clauses:
        kind, label, number = _clause_kind(each), _label(each), _estimate(each)
        if number is None or not _is_share(each):
            continue
        is_predicted = kind in ("precision", "false_positive_rate")
        marks.append(
            Mark(
                title=_title(each),
                value=number.value,
                low=number.low,
                high=number.high,
                n=each.finding.n,
                line=_line(each),
                outcome=each.finding.outcome,
                gold="" if is_predicted else label,
                predicted=label if is_predicted else "",
            )
        )
    return tuple(marks[:_MARKS])


def _label_marks(found: Evaluation) -> tuple[Mark, ...]:
    """Without a policy: the recall of each label, the weakest first."""
    known = [(each.label, each.recall) for each in found.report.classes if each.recall is not None]
    known.sort(key=lambda pair: pair[1].value)
    return tuple(
        Mark(_TITLES["recall"].format(label=label), r.value, r.low, r.high, r.n, None, None, gold=label)
        for label, r in known[:_MARKS]
    )


def _is_share(each: JudgedClause) -> bool:
    return _clause_kind(each) in _TITLES


def _clause_kind(each: JudgedClause) -> str:
    return str((each.clause or {}).get("clause", ""))


def _label(each: JudgedClause) -> str:
    return str((each.clause or {}).get("label") or "")


def _line(each: JudgedClause) -> float | None:
    clause = each.clause or {}
    line = clause.get("at_least", clause.get("at_most"))
    return None if line is None else float(line)


def _title(each: JudgedClause) -> str:
    title = _TITLES[_clause_kind(each)].format(label=_label(each))
    on = (each.clause or {}).get("on")
    return f"{title} (on {on})" if on else title


def _asked(each: JudgedClause) -> str:
    line, clause = _line(each), each.clause or {}
    asked = "" if line is None else f"policy: {'at most' if 'at_most' in clause else 'at least'} {line:g}"
    more, value = each.finding.more_labels, each.finding.value
    if not more or line is None or value is None:
        return asked
    holds = value <= line if "at_most" in clause else value >= line
    return f"{asked}; about {more:,} more labels would decide; {leaning(holds)}"


def _estimate(each: JudgedClause) -> Estimate | None:
    found = each.finding
    if found.value is None or found.low is None or found.high is None:
        return None
    return Estimate(found.value, found.low, found.high)
