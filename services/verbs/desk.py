"""The verbs of the desk itself: a whole vote, how the desk is set, what a person is spared."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from domain.desk import DeskSettings
from domain.errors import BadInput, NotFound
from services.curation.datasets import get_dataset, get_label_set
from services.curation.label_looks import change_looks
from services.labelling import care, desk
from storage.database import Database


def vote(
    db: Database,
    *,
    comment: int,
    label: str,
    actor: str,
    reason: str | None = None,
    severity: int | None = None,
    spans: list[list[int]] | None = None,
) -> Any:
    """One person's vote on one comment, with what goes with it; `label` may be skip or unsure."""
    marks = tuple((int(start), int(end)) for start, end in spans or [])
    return desk.vote_on(db, comment, actor=actor, label=label, reason=reason, severity=severity, spans=marks)


def set_or_show_desk(
    db: Database, *, dataset: str, actor: str, settings: dict[str, Any] | None = None
) -> Any:
    """How the desk of a dataset is set, and what this person has behind them today; or set it first."""
    if settings:
        known = {field.name for field in fields(DeskSettings)}
        if strangers := sorted(set(settings) - known):
            raise NotFound(f"A desk has no setting '{strangers[0]}'.", hint=f"Settings: {', '.join(known)}.")
        told: dict[str, Any] = {}
        told |= {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
        care.set_desk(db, dataset, replace(care.desk_settings(db, dataset), **told), actor=actor)
    return {
        "settings": care.desk_settings(db, dataset),
        "today": care.exposure(db, dataset, actor=actor),
        "rest": care.why_rest(db, dataset, actor=actor),
        "spared": care.spared(db, dataset, actor=actor),
    }


def spare(db: Database, *, dataset: str, actor: str, labels: list[str] | None = None) -> Any:
    """Spare this person comments of these labels from now on; none at all gives them everything again."""
    if labels is None:
        raise BadInput("Which labels?", hint="Name them, or none with --nothing.")
    return {"annotator": actor, "spared": care.spare(db, dataset, labels, actor=actor)}


def labels(db: Database, *, dataset: str, actor: str, looks: dict[str, dict[str, str]] | None = None) -> Any:
    """The label set with keys, colours and definitions; or change some of them first."""
    if looks:
        change_looks(db, dataset, looks, actor=actor)
    return get_label_set(db, get_dataset(db, dataset).dataset_id).labels


VERBS: dict[str, Callable[..., Any]] = {
    "vote": vote,
    "desk": set_or_show_desk,
    "spare": spare,
    "labels": labels,
}
