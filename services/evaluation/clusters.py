"""How much less comments say where authors or threads repeat: the cluster bootstrap and its design effect."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from services.evaluation.confusion import ConfusionTable
from services.evaluation.intervals import (
    SMALL_N,
    Estimate,
    Number,
    Proportion,
    as_number,
    clustered,
    resampled,
    stretched,
)
from services.evaluation.metrics import ClassMetrics, Report
from services.evaluation.thresholds import ALONE, Effects
from storage.clusters import KINDS, count_by_cluster, count_shared
from storage.database import Database
from storage.models import get_run
from storage.snapshots import get_snapshot

Values = NDArray[np.float64]

_RESAMPLES, _FEWER = 1000, 200
_MANY = 5_000  # kinds of clusters, from which fewer resamples must do
_MOST = 30_000_000  # cells of clusters by counts; more would not fit beside the rest
_AT_ONCE = 100
_NOISE = 1.1  # a smaller design effect is no more than the luck of the resamples


@dataclass(frozen=True)
class Clustering:
    """The comments of a run, seen as those of so many authors or threads.

    Attributes:
        kind: "author" or "thread": the one that makes the accuracy less certain.
        largest: Comments of the one with most.
        accuracy: Widened by its design effect.
        effects: The design effect of each number, by its name and label ("" for none): its variance when
            whole clusters are redrawn, divided by that when single comments are; 1 where that is about 1.
    """

    kind: str
    n: int
    clusters: int
    largest: int
    accuracy: Proportion
    effects: dict[tuple[str, str], float]

    def effect(self, name: str, label: str = "") -> float:
        """How much less the comments say of it than as many independent ones would; 1 for no less."""
        return self.effects.get((name, label), 1.0)

    def widened(self, name: str, label: str, found: Number | None) -> Number | None:
        """A number with the interval that its clusters leave it; the same where they take nothing."""
        effect = self.effect(name, label)
        return found if found is None or effect <= 1.0 else stretched(found, effect)

    def over(self, found: Report) -> Report:
        """The report, of these comments or of some of them, with the intervals that its clusters leave it."""
        accuracy = clustered(found.accuracy, self.effect("accuracy"))
        return replace(
            found,
            accuracy=accuracy,
            classes=tuple(self._class(each) for each in found.classes),
            weighted_recall=Estimate(accuracy.value, accuracy.low, accuracy.high),
            macro_precision=self._estimate("macro_precision", found.macro_precision),
            macro_recall=self._estimate("macro_recall", found.macro_recall),
            macro_f1=self._estimate("macro_f1", found.macro_f1),
            weighted_precision=self._estimate("weighted_precision", found.weighted_precision),
            weighted_f1=self._estimate("weighted_f1", found.weighted_f1),
            balanced_accuracy=self._estimate("balanced_accuracy", found.balanced_accuracy),
            mcc=self._estimate("mcc", found.mcc),
        )

    def _class(self, found: ClassMetrics) -> ClassMetrics:
        return replace(
            found,
            precision=self._share("precision", found.label, found.precision),
            recall=self._share("recall", found.label, found.recall),
            f1=found.f1 and self._estimate("f1", found.f1, found.label),
        )

    def _share(self, name: str, label: str, found: Proportion | None) -> Proportion | None:
        return found and clustered(found, self.effect(name, label))

    def _estimate(self, name: str, found: Estimate, label: str = "") -> Estimate:
        least = -1.0 if name == "mcc" else 0.0
        wide = stretched(found, self.effect(name, label), least=least)
        return Estimate(wide.value, wide.low, wide.high)

    @property
    def matters(self) -> bool:
        """Whether any of the numbers is noticeably less certain than single comments would make it."""
        return any(effect > 1.0 for effect in self.effects.values())

    @property
    def sentence(self) -> str:
        """What is shared, and what follows from it."""
        effect, is_author = self.effects["accuracy", ""], self.kind == "author"
        told = f"by {self.clusters:,} authors, up to {self.largest:,} by one" if is_author else (
            f"from {self.clusters:,} threads, up to {self.largest:,} from one"
        )  # fmt: skip
        if not self.matters:
            return f"The {self.n:,} comments are {told}; that makes no number noticeably less certain."
        few = f" With so few {self.kind}s even that is too narrow." if self.clusters < SMALL_N else ""
        return (
            f"The {self.n:,} comments are {told}, and such comments are alike: of the accuracy they say as"
            f" much as {self.n / effect:,.0f} independent ones (design effect {effect:.2f}: so many of them"
            f" tell as much as one by a stranger; 95 % interval {self.accuracy.low:.3f} to"
            f" {self.accuracy.high:.3f}).{few}"
        )


def flagging_effects(shared: Clustering | None, unwanted: Sequence[str]) -> Effects:
    """What clusters do to the shares of comments that are flagged as one of these labels.

    Of several labels it is the most that they do to one of them.
    """
    if shared is None:
        return ALONE
    names = [each.name for each in fields(Effects)]
    return Effects(**{name: max(shared.effect(name, label) for label in unwanted) for name in names})


def clustering_of(db: Database, run_id: str, *, seed: int = 0) -> Clustering | None:
    """What authors and threads that repeat do to the numbers of a run; None where none repeats.

    Raises:
        NotFound: there is no such run.
    """
    run = get_run(db, run_id)
    if run.several:
        return None
    labels = get_snapshot(db, run.snapshot_id).labels
    n, clusters = count_shared(db, run_id)
    found = [
        _clustering(count_by_cluster(db, run_id, kind), kind, labels, seed)
        for kind in KINDS
        if 1 < clusters[kind] < n and clusters[kind] * 3 * len(labels) <= _MOST
    ]
    return max(found, key=lambda each: each.effects["accuracy", ""], default=None)


def as_dict(found: Clustering | None) -> dict[str, Any] | None:
    """The clustering as JSON can carry it; None where no author and no thread repeats."""
    if found is None:
        return None
    return {
        "by": found.kind,
        "n": found.n,
        "clusters": found.clusters,
        "largest": found.largest,
        "accuracy": as_number(found.accuracy),
        "design_effects": [
            {"number": name, "label": label, "design_effect": effect}
            for (name, label), effect in found.effects.items()
        ],
        "sentence": found.sentence,
    }


def design_effects(
    counts: NDArray[np.int64], table: ConfusionTable, *, seed: int = 0
) -> dict[tuple[str, str], float]:
    """The design effect of each number, 1 or at least 1.1; where nothing can vary, that of the accuracy.

    Args:
        counts: A row per cluster, shape (G, 3, K): comments that are right, labelled and marked, by label.
        table: The same comments, all together.

    Source: Davison and Hinkley (1997), Bootstrap Methods and their Application, section 3.8 (whole clusters
    are redrawn, and not what is inside them).
    """
    kinds, of_each = _alike(counts.reshape(counts.shape[0], -1))
    resamples = _RESAMPLES if of_each.size <= _MANY else _FEWER
    draw, parts = np.random.default_rng(seed), []
    for first in range(0, resamples, _AT_ONCE):
        size = min(_AT_ONCE, resamples - first)
        drawn = draw.multinomial(int(of_each.sum()), of_each / of_each.sum(), size=size)
        parts.append(drawn.astype(np.float64) @ kinds)
    clustered = _numbers(np.concatenate(parts).reshape(resamples, 3, -1), table.labels)
    single = resampled(table.counts, resamples=resamples, seed=seed).astype(np.float64)
    hits = np.diagonal(single, axis1=1, axis2=2)
    alone = _numbers(np.stack([hits, single.sum(axis=2), single.sum(axis=1)[:, :-1]], axis=1), table.labels)
    effects = {key: _effect(clustered[key], alone[key]) for key in clustered}
    usual = effects["accuracy", ""] or 1.0
    return {key: usual if effect is None else effect for key, effect in effects.items()}


def _clustering(counted: pa.Table, kind: str, labels: Sequence[str], seed: int) -> Clustering:
    size, places = len(labels), pa.array(labels, pa.string())
    _, cluster = np.unique(counted["cluster"].to_numpy(), return_inverse=True)
    n = counted["n"].to_numpy().astype(np.int64)
    gold, said = (_places(counted[name], places) for name in ("gold", "predicted"))
    counts = np.zeros((int(cluster.max()) + 1, 3, size), dtype=np.int64)
    for part, (where, label) in enumerate(((gold == said, gold), (gold < size, gold), (said < size, said))):
        np.add.at(counts, (cluster[where], part, label[where]), n[where])
    cells = np.bincount(gold * (size + 1) + said, n, minlength=size * (size + 1))
    table = ConfusionTable(tuple(labels), cells.astype(np.int64).reshape(size, size + 1))
    effects = design_effects(counts, table, seed=seed)
    return Clustering(
        kind=kind,
        n=table.n,
        clusters=counts.shape[0],
        largest=int(counts[:, 1].sum(axis=1).max()),
        accuracy=clustered(Proportion(table.correct, table.n), effects["accuracy", ""]),
        effects=effects,
    )


def _places(column: pa.ChunkedArray, labels: pa.Array) -> NDArray[np.int64]:
    """The place of each label; as many as there are labels for none of them."""
    found: NDArray[np.int64] = pc.fill_null(pc.index_in(column, labels), len(labels)).to_numpy()
    return found.astype(np.int64)


def _alike(rows: NDArray[np.int64]) -> tuple[Values, NDArray[np.int64]]:
    """The different rows, and how many clusters have each: a million single comments are a handful."""
    weights = np.random.default_rng(1).integers(1, 1 << 62, rows.shape[1])
    mixed = (rows * weights).sum(axis=1)  # wraps round; two rows meet by chance once in 2^64
    _, first, of_each = np.unique(mixed, return_index=True, return_counts=True)
    return rows[first].astype(np.float64), of_each


def _numbers(tables: Values, labels: Sequence[str]) -> dict[tuple[str, str], Values]:
    """Each number of R redrawn tables of shape (R, 3, K); NaN where it is undefined."""
    right, labelled, marked = tables[:, 0], tables[:, 1], tables[:, 2]
    n = labelled.sum(axis=1, keepdims=True)
    each = {
        "recall": _ratio(right, labelled),
        "precision": _ratio(right, marked),
        "f1": _ratio(2 * right, labelled + marked),
        "false_positive_rate": _ratio(marked - right, n - labelled),
    }
    found = {("accuracy", ""): right.sum(axis=1) / n[:, 0]}
    found["mcc", ""] = _correlation(right, labelled, marked)
    for name in ("precision", "recall", "f1"):
        known = np.nan_to_num(each[name])  # an undefined one enters an average as 0
        found[f"macro_{name}", ""] = known.mean(axis=1)
        found[f"weighted_{name}", ""] = (known * labelled).sum(axis=1) / n[:, 0]
    found["balanced_accuracy", ""] = found["macro_recall", ""]  # but for labels that nobody gave, the same
    return found | {
        (name, label): values[:, place] for name, values in each.items() for place, label in enumerate(labels)
    }


def _correlation(right: Values, labelled: Values, marked: Values) -> Values:
    """Matthews' correlation of R tables from their margins, as metrics.matthews_correlation has it."""
    n = labelled.sum(axis=1)
    shared = n * right.sum(axis=1) - (labelled * marked).sum(axis=1)
    unparsed = n - marked.sum(axis=1)
    apart = (n**2 - (labelled**2).sum(axis=1)) * (n**2 - (marked**2).sum(axis=1) - unparsed**2)
    return _ratio(shared, np.sqrt(apart))


def _effect(clustered: Values, alone: Values) -> float | None:
    """None where the number never varies, or is undefined."""
    variances = [values[~np.isnan(values)].var() if (~np.isnan(values)).sum() > 1 else 0.0
                 for values in (clustered, alone)]  # fmt: skip
    if variances[1] == 0:
        return None
    effect = float(variances[0] / variances[1])
    return effect if effect >= _NOISE else 1.0


def _ratio(part: Values, whole: Values) -> Values:
    shares: Values = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return shares
