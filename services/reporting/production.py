"""What the labels that a model names would mean in a day of real traffic."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.errors import BadInput
from services.evaluation.acting import acting, threshold_in_use
from services.evaluation.clusters import flagging_effects
from services.evaluation.confusion import ConfusionTable
from services.evaluation.outlook import Outlook, outlook, sentence
from services.evaluation.reports import Evaluation
from services.evaluation.thresholds import Tally, Traffic
from services.release.policy import Policy
from storage.database import Database

VOLUME = 10_000  # comments a day, and seconds to read one, where nobody says otherwise
SECONDS = 10


@dataclass(frozen=True)
class Production:
    """A day, if every comment that is given one of the unwanted labels is flagged.

    Attributes:
        unwanted: The labels that flag a comment.
        rule: What flags a comment, and on which comments that was counted: a sentence's beginning. Labels may
            come from a file, so show it as text only.
        is_stated: Whether somebody stated the base rate; else it is that of these comments.
        threshold: The frozen threshold that decides; None where the label that the model names does.
    """

    unwanted: tuple[str, ...]
    rule: str
    threshold: str | None
    split: str
    traffic: Traffic
    is_stated: bool
    tally: Tally
    outlook: Outlook
    sentence: str

    @property
    def warning(self) -> str:
        """That these comments are no real traffic; empty where somebody stated its share."""
        return "" if self.is_stated else share_warning(self.traffic.base_rate, self.split)


@dataclass(frozen=True)
class Held:
    """A frozen threshold, held against the comments of a run; `words` name it with where it cuts."""

    threshold_id: str
    unwanted: tuple[str, ...]
    words: str
    tally: Tally


def share_warning(base_rate: float, split: str) -> str:
    """That the labelled comments of a split are no real traffic, though their share is taken for it."""
    return (
        f"Nobody stated the share in real traffic: {base_rate:.1%} is that of the labelled comments of the"
        f" {split} split, which are not real traffic. At another share the numbers below are others."
    )


def unwanted_labels(labels: Sequence[str], policy: Policy | None) -> tuple[str, ...]:
    """The labels whose recall or false positives the policy asks for; without any, all but the first."""
    clauses = policy.clauses if policy else ()
    named = {each.label for each in clauses if each.kind in ("recall", "false_positive_rate")}
    found = tuple(label for label in labels if label in named)
    return found if 0 < len(found) < len(labels) else tuple(labels[1:])


def production(
    found: Evaluation,
    unwanted: Sequence[str],
    *,
    held: Held | None = None,
    base_rate: float | None = None,
    volume: float = VOLUME,
    seconds: float = SECONDS,
) -> Production | None:
    """A day of traffic by the labels that the model names; None where only one kind of comment occurs.

    Args:
        unwanted: Labels that flag a comment: at least one, and not all.
        held: The run under a frozen threshold, which then decides instead, about its own labels.
        base_rate: The share of real traffic that is unwanted; None takes that of these comments.
        volume: Comments a day.
        seconds: To read one.

    Raises:
        BadInput: a label is unknown, none or all are named, or the numbers are no traffic.
    """
    labels = found.table.labels
    if held is not None:
        unwanted = held.unwanted
    if not 0 < len(set(unwanted)) < len(labels) or not set(unwanted) <= set(labels):
        raise BadInput(
            f"{len(set(unwanted))} labels cannot be the unwanted ones of {len(labels)}.",
            hint=f"Name at least one of {', '.join(labels)}, and not all.",
        )
    tally = held.tally if held else flagged_tally(found.table, unwanted)
    if tally.positives == 0 or tally.negatives == 0:
        return None
    own = tally.positives / found.table.n
    traffic = Traffic(own if base_rate is None else base_rate, volume, seconds)
    day = outlook(tally, traffic, flagging_effects(found.clustering, unwanted))
    return Production(
        unwanted=tuple(unwanted),
        rule=_rule(found, unwanted, held),
        threshold=held.threshold_id if held else None,
        split=found.run.split,
        traffic=traffic,
        is_stated=base_rate is not None,
        tally=tally,
        outlook=day,
        sentence=sentence(day, traffic, has_band=tally.queued_positives + tally.queued_negatives > 0),
    )


def in_use(db: Database, run_id: str) -> Held | None:
    """What the newest threshold that is frozen for the model does with the run; the gate judges by the same.

    None where none is frozen, or the answers cannot be held against it.
    """
    named = threshold_in_use(db, run_id)
    if named is None:
        return None
    found = acting(db, run_id, named)
    labels, removed, reached = found.scored.run.labels, found.removed, found.reached
    positive = np.isin(found.scored.gold, [labels.index(label) for label in found.threshold.unwanted])
    tally = Tally(
        positives=int(positive.sum()),
        negatives=int((~positive).sum()),
        removed_positives=int((positive & removed).sum()),
        removed_negatives=int((~positive & removed).sum()),
        queued_positives=int((positive & reached & ~removed).sum()),
        queued_negatives=int((~positive & reached & ~removed).sum()),
        unscored=int(np.isnan(found.scores).sum()),
    )
    return Held(found.threshold.threshold_id, found.threshold.unwanted, found.words, tally)


def _rule(found: Evaluation, unwanted: Sequence[str], held: Held | None) -> str:
    labels = " or ".join(f"“{label}”" for label in unwanted)
    on = f"on the {found.report.n:,} comments of the {found.run.split} split of {found.run.snapshot_id}"
    if held is None:
        return f"If whatever is given {labels} is flagged, as counted {on}"
    return f"If the scores of {labels} are cut at the frozen {held.words}, as counted {on}"


def flagged_tally(table: ConfusionTable, unwanted: Sequence[str]) -> Tally:
    """What flagging by the named label does; an answer without a label flags nothing."""
    places = [table.labels.index(label) for label in unwanted]
    others = [place for place in range(len(table.labels)) if place not in places]
    return Tally(
        positives=int(table.counts[places].sum()),
        negatives=int(table.counts[others].sum()),
        removed_positives=int(table.counts[places][:, places].sum()),
        removed_negatives=int(table.counts[others][:, places].sum()),
        queued_positives=0,
        queued_negatives=0,
        unscored=table.unparsed,
    )
