"""What the labels that a model names would mean in a day of real traffic."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import BadInput
from services.evaluation.confusion import ConfusionTable
from services.evaluation.outlook import Outlook, outlook, sentence
from services.evaluation.reports import Evaluation
from services.evaluation.thresholds import Tally, Traffic
from services.release.gate import Verdict

VOLUME = 10_000  # comments a day, and seconds to read one, where nobody says otherwise
SECONDS = 10


@dataclass(frozen=True)
class Production:
    """A day, if every comment that is given one of the unwanted labels is flagged.

    Attributes:
        unwanted: The labels that flag a comment.
        is_stated: Whether somebody stated the base rate; else it is that of these comments.
    """

    unwanted: tuple[str, ...]
    traffic: Traffic
    is_stated: bool
    tally: Tally
    outlook: Outlook
    sentence: str

    @property
    def warning(self) -> str:
        """That these comments are no real traffic; empty where somebody stated its share."""
        if self.is_stated:
            return ""
        return (
            f"Nobody stated the share in real traffic: {self.traffic.base_rate:.1%} is that of these labelled"
            " comments, which are not real traffic. At another share the numbers below are others."
        )


def unwanted_labels(labels: Sequence[str], verdict: Verdict | None) -> tuple[str, ...]:
    """The labels whose recall or false positives the policy asks for; without any, all but the first."""
    asked = [each.clause for each in (verdict.clauses if verdict else ()) if each.clause]
    named = {each.get("label") for each in asked if each["clause"] in ("recall", "false_positive_rate")}
    found = tuple(label for label in labels if label in named)
    return found if 0 < len(found) < len(labels) else tuple(labels[1:])


def production(
    found: Evaluation,
    unwanted: Sequence[str],
    *,
    base_rate: float | None = None,
    volume: float = VOLUME,
    seconds: float = SECONDS,
) -> Production | None:
    """A day of traffic by the labels that the model names; None where only one kind of comment occurs.

    Args:
        unwanted: Labels that flag a comment: at least one, and not all.
        base_rate: The share of real traffic that is unwanted; None takes that of these comments.
        volume: Comments a day.
        seconds: To read one.

    Raises:
        BadInput: a label is unknown, none or all are named, or the numbers are no traffic.
    """
    labels = found.table.labels
    if not 0 < len(set(unwanted)) < len(labels) or not set(unwanted) <= set(labels):
        raise BadInput(
            f"{len(set(unwanted))} labels cannot be the unwanted ones of {len(labels)}.",
            hint=f"Name at least one of {', '.join(labels)}, and not all.",
        )
    tally = flagged_tally(found.table, unwanted)
    if tally.positives == 0 or tally.negatives == 0:
        return None
    own = tally.positives / found.table.n
    traffic = Traffic(own if base_rate is None else base_rate, volume, seconds)
    day = outlook(tally, traffic)
    return Production(
        unwanted=tuple(unwanted),
        traffic=traffic,
        is_stated=base_rate is not None,
        tally=tally,
        outlook=day,
        sentence=sentence(day, traffic, has_band=False),
    )


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
