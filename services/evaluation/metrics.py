"""The numbers of one evaluation, each with its interval, from one confusion table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.confusion import ConfusionTable
from services.evaluation.intervals import (
    Estimate,
    Proportion,
    percentile_interval,
    proportion,
    resampled,
    weighted_mean,
    wider,
    wilson,
)

Counts = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class ClassMetrics:
    """One label against the rest. None means undefined: nothing was predicted, or nothing was there.

    Without a comment of the label nothing at all is known of it, its precision included.

    `recall` counts an unparsed answer as missed; `precision` never does, as it was no prediction.
    """

    label: str
    support: int
    predicted: int
    true_positives: int
    precision: Proportion | None
    recall: Proportion | None
    f1: Estimate | None


@dataclass(frozen=True)
class Report:
    """Every headline number of a table.

    Macro averages run over all gold labels and weighted ones by support; an undefined value enters both
    as 0. Balanced accuracy is the mean recall of the labels that have comments. `weighted_recall` is the
    accuracy by another name. `mcc` is Matthews' correlation in [-1, 1], 0 where either side has one label.
    """

    n: int
    unparsed: int
    accuracy: Proportion
    classes: tuple[ClassMetrics, ...]
    macro_precision: Estimate
    macro_recall: Estimate
    macro_f1: Estimate
    weighted_precision: Estimate
    weighted_recall: Estimate
    weighted_f1: Estimate
    balanced_accuracy: Estimate
    mcc: Estimate


def report(table: ConfusionTable, *, seed: int = 0, resamples: int = 1000) -> Report:
    """The metrics of a table, each with its 95 % interval.

    Comments are taken as independent; where authors or near-duplicates repeat, the truth is less certain.

    Args:
        table: At least one comment.
        seed: Of the bootstrap; the same table and seed give the same report.
        resamples: Tables drawn, at least 1.

    Raises:
        BadInput: the table holds no comment.
    """
    if table.n == 0:
        raise BadInput(
            "There is no comment to evaluate on.", hint="Choose a split that has labelled and predicted rows."
        )
    present = ((table.support > 0) / np.count_nonzero(table.support)).tolist()
    drawn = resampled(table.counts, resamples=resamples, seed=seed)
    scores = _f1_scores(drawn)
    accuracy, classes = Proportion(table.correct, table.n), _classes(table, scores)
    precision, recall = [each.precision for each in classes], [each.recall for each in classes]
    even = [1 / len(classes)] * len(classes)
    macro_f1, weighted_f1 = _f1_averages(table, [each.f1 for each in classes], drawn, scores)
    return Report(
        n=table.n,
        unparsed=table.unparsed,
        accuracy=accuracy,
        classes=classes,
        macro_precision=weighted_mean(precision, even),
        macro_recall=weighted_mean(recall, even),
        macro_f1=macro_f1,
        weighted_precision=weighted_mean(precision, (table.support / table.n).tolist()),
        weighted_recall=Estimate(accuracy.value, accuracy.low, accuracy.high),
        weighted_f1=weighted_f1,
        balanced_accuracy=weighted_mean(recall, present),
        mcc=_correlation(table, accuracy, drawn),
    )


def f1_score(true_positives: int, support: int, predicted: int) -> Estimate | None:
    """F1 of one label with a 95 % interval from F*; None where the label neither occurs nor is predicted.

    F1 rises with F* = TP/(TP + FP + FN), a plain proportion of the comments in which the label plays a
    part. The Wilson interval of F* therefore carries over, and is honest where a bootstrap is not: five of
    five right gives 0.72 to 1, not 1 to 1.

    Source: Hand, Christen and Kirielle (2021), Machine Learning 110, 451-456 (F*); Lam, Gopal and Qian
    (2023), arXiv:2309.14621 (the interval).
    """
    involved = support + predicted - true_positives
    if involved == 0:
        return None
    low, high = wilson(true_positives, involved)
    return Estimate(2 * true_positives / (support + predicted), 2 * low / (1 + low), 2 * high / (1 + high))


def matthews_correlation(counts: Counts) -> Values:
    """Matthews' correlation of tables of shape (R, K, K+1), as R values in [-1, 1].

    Unparsed answers are a label of their own that no comment has. Where all gold or all predicted labels
    are the same the correlation is 0.

    Source: Gorodkin (2004), Computational Biology and Chemistry 28(5-6), 367-374.
    """
    gold = counts.sum(axis=2).astype(np.float64)
    predicted = counts.sum(axis=1).astype(np.float64)
    n = gold.sum(axis=1)
    shared = n * _hits(counts).sum(axis=1) - (gold * predicted[:, :-1]).sum(axis=1)
    spread = np.sqrt((n**2 - (gold**2).sum(axis=1)) * (n**2 - (predicted**2).sum(axis=1)))
    return np.clip(_ratio(shared, spread, otherwise=0.0), -1.0, 1.0)  # rounding may step past the ends


def _classes(table: ConfusionTable, scores: Values) -> tuple[ClassMetrics, ...]:
    columns = zip(
        table.labels,
        table.support.tolist(),
        table.predicted.tolist(),
        table.true_positives.tolist(),
        scores.T,
        strict=True,
    )
    return tuple(
        ClassMetrics(
            label=label,
            support=support,
            predicted=predicted,
            true_positives=hits,
            precision=proportion(hits, predicted) if support else None,
            recall=proportion(hits, support),
            f1=_f1_with_bootstrap(f1_score(hits, support, predicted), draws) if support else None,
        )
        for label, support, predicted, hits, draws in columns
    )


def _f1_scores(drawn: Counts) -> Values:
    """F1 per resample and label, shape (R, K); NaN where the label neither occurs nor is predicted."""
    involved = drawn.sum(axis=2) + drawn[:, :, :-1].sum(axis=1)
    return _ratio(2 * _hits(drawn), involved, otherwise=np.nan)


def _f1_with_bootstrap(f1: Estimate | None, draws: Values) -> Estimate | None:
    """The wider of the two intervals: resamples of a label that is never wrong would claim 1 to 1.

    Resamples without the label say nothing about its F1 and are left out.
    """
    known = draws[~np.isnan(draws)]
    return f1 if f1 is None or known.size == 0 else wider(f1, percentile_interval(f1.value, known))


def _f1_averages(
    table: ConfusionTable, f1: list[Estimate | None], drawn: Counts, scores: Values
) -> tuple[Estimate, Estimate]:
    """Macro and weighted F1: the wider of two intervals, as each alone is blind to something.

    One error lowers the F1 of two labels, which the mean of independent parts does not know; a label
    that is never wrong in the table is never wrong in a resample either.
    """
    even = [1 / len(f1)] * len(f1)
    by_support = (table.support / table.n).tolist()
    support, scores = drawn.sum(axis=2), np.nan_to_num(scores)  # an undefined F1 enters as 0
    macro, weighted = weighted_mean(f1, even), weighted_mean(f1, by_support)
    return (
        wider(macro, percentile_interval(macro.value, scores.mean(axis=1))),
        wider(weighted, percentile_interval(weighted.value, (scores * support).sum(axis=1) / table.n)),
    )


def _correlation(table: ConfusionTable, accuracy: Proportion, drawn: Counts) -> Estimate:
    """Matthews' correlation; its interval is at least the accuracy's on the scale of agreement.

    Agreement beyond chance is (accuracy - chance)/(1 - chance), so an accuracy uncertain by d leaves the
    agreement uncertain by d/(1 - chance). A table without an error would else claim 1 to 1.
    """
    bootstrap = percentile_interval(
        float(matthews_correlation(table.counts[None])[0]), matthews_correlation(drawn)
    )
    beyond_chance = 1 - float((table.support / table.n) @ (table.predicted / table.n))
    if beyond_chance <= 0:  # one label throughout: nothing is known about telling labels apart
        return Estimate(bootstrap.value, -1.0, 1.0)
    low = bootstrap.value - (accuracy.value - accuracy.low) / beyond_chance
    high = bootstrap.value + (accuracy.high - accuracy.value) / beyond_chance
    return wider(bootstrap, Estimate(bootstrap.value, max(-1.0, low), min(1.0, high)))


def _hits(counts: Counts) -> Counts:
    return np.diagonal(counts, axis1=1, axis2=2)


def _ratio(part: Counts | Values, whole: Counts | Values, *, otherwise: float) -> Values:
    """Part over whole; `otherwise` where the whole is 0."""
    shares: Values = np.divide(part, whole, out=np.full(whole.shape, otherwise), where=whole > 0)
    return shares
