"""Care for the people at the desk: how much of what is hard to read, breaks, and what a person is spared.

It lessens what people are exposed to; it does not claim to protect them from what they read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.desk import MOST_STEPS, DeskSettings
from domain.errors import BadInput
from domain.people import actor_named
from services.curation.datasets import get_dataset, get_label_set
from storage import desk_settings as stored
from storage.database import Database, now
from storage.foreseen import list_foreseen
from storage.models import get_model
from storage.votes import list_voters

MAX_HELP = 500
_MAX_WORDS = 500
_MOST = 100_000


@dataclass(frozen=True)
class Exposure:
    """What a person has behind them today (UTC); only the person is told.

    Attributes:
        comments: Answered at the desk.
        severe: Of those, foreseen as severe or labelled so.
        resumes_at: The end of the break that is due; None where none is.
    """

    comments: int
    severe: int
    resumes_at: datetime | None = None


def desk_settings(db: Database, dataset_id: str) -> DeskSettings:
    """How the desk of a dataset is set.

    Raises:
        NotFound: there is no such dataset.
    """
    return stored.get_desk_settings(db, get_dataset(db, dataset_id).dataset_id)


def set_desk(db: Database, dataset_id: str, settings: DeskSettings, *, actor: str) -> DeskSettings:
    """Set the desk of a dataset for everybody.

    Raises:
        NotFound: there is no such dataset or model.
        BadInput: a setting is out of range, or names a label that there is not.
    """
    who, dataset = actor_named(actor), get_dataset(db, dataset_id)
    if not 0 <= settings.severity <= MOST_STEPS:
        raise BadInput(f"{settings.severity} steps are not possible.", hint=f"0 to {MOST_STEPS}.")
    limits = (settings.most_severe, settings.most_comments, settings.work_min, settings.calm)
    if any(not 0 <= limit <= _MOST for limit in limits) or not 1 <= settings.break_min <= 24 * 60:
        raise BadInput(
            "A limit is out of range.", hint="From 0, which is none; a break takes 1 to 1,440 minutes."
        )
    if len(settings.masked) > _MAX_WORDS or len(settings.help_text) > MAX_HELP:
        raise BadInput(
            "That is too much text.", hint=f"{_MAX_WORDS} words to mask, {MAX_HELP} characters of help."
        )
    if settings.model_id is not None and get_model(db, settings.model_id).dataset_id != dataset.dataset_id:
        raise BadInput(f"{settings.model_id} is of another dataset.", hint="Choose one of this dataset.")
    named = _named(db, dataset_id, settings.severe)
    words = tuple(dict.fromkeys(word.strip() for word in settings.masked if word.strip()))
    checked = replace(settings, severe=named, masked=words)
    stored.add_desk_settings(db, dataset.dataset_id, checked, actor=who)
    return checked


def others_at(db: Database, dataset_id: str, *, actor: str) -> tuple[str, ...]:
    """The other people who have labelled here: whom a change of the desk concerns beside the actor."""
    return tuple(name for name in list_voters(db, dataset_id) if name != actor_named(actor))


def spared(db: Database, dataset_id: str, *, actor: str) -> tuple[str, ...]:
    """The labels whose comments this person is not given."""
    return stored.find_opt_out(db, dataset_id, actor_named(actor))


def spare(db: Database, dataset_id: str, labels: Sequence[str], *, actor: str) -> tuple[str, ...]:
    """Spare this person comments of which these labels are foreseen; it changes no figure of theirs.

    Raises:
        NotFound: there is no such dataset.
        BadInput: a label is not in the label set.
    """
    who, dataset = actor_named(actor), get_dataset(db, dataset_id)
    named = _named(db, dataset_id, labels)
    stored.add_opt_out(db, dataset.dataset_id, who, named)
    return named


def exposure(db: Database, dataset_id: str, *, actor: str) -> Exposure:
    """What this person has behind them today, and whether a break is due."""
    settings, at = stored.get_desk_settings(db, dataset_id), now()
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    answers = stored.list_answers_since(db, dataset_id, actor_named(actor), midnight)
    foreseen = list_foreseen(db, dataset_id, [number for number, _, _ in answers], model_id=settings.model_id)
    severe = {
        number
        for number, label, _ in answers
        if label in settings.severe or foreseen.get(number) in settings.severe
    }
    times = [moment for _, _, moment in answers]
    return Exposure(len({number for number, _, _ in answers}), len(severe), _break_end(times, settings, at))


def why_rest(db: Database, dataset_id: str, *, actor: str) -> str:
    """Why this person is given nothing now: a break, or enough for today; empty where nothing keeps them."""
    settings = stored.get_desk_settings(db, dataset_id)
    if not (settings.work_min or settings.most_comments or settings.most_severe):
        return ""
    behind = exposure(db, dataset_id, actor=actor)
    reason = ""
    if settings.most_comments and behind.comments >= settings.most_comments:
        reason = f"You answered {behind.comments:,} comments today, as many as your lead set."
    elif settings.most_severe and settings.model_id is None and behind.severe >= settings.most_severe:
        reason = f"You read {behind.severe:,} severe comments today, as many as your lead set."
    elif behind.resumes_at is not None:
        reason = f"A break: it goes on at {behind.resumes_at:%H:%M} UTC. What you answered is safe."
    return f"{reason} {settings.help_text}".strip() if reason else ""


def within_limits(db: Database, dataset_id: str, comment_ids: Sequence[int], *, actor: str) -> list[int]:
    """Of comments about to be handed out, those that this person may be given, in their order.

    Left out are those of a label they are spared, and foreseen severe ones beyond the day's limit; those in
    hand count as read. With `calm`, the severe that are left stand between as many others.
    """
    settings, sparing = stored.get_desk_settings(db, dataset_id), spared(db, dataset_id, actor=actor)
    if not sparing and not (settings.most_severe or settings.calm):
        return list(comment_ids)
    foreseen = list_foreseen(db, dataset_id, comment_ids, model_id=settings.model_id)
    kept = [number for number in comment_ids if not _is_spared(foreseen.get(number), sparing)]
    severe = [number for number in kept if foreseen.get(number) in settings.severe]
    if settings.most_severe:
        left = max(0, settings.most_severe - exposure(db, dataset_id, actor=actor).severe)
        beyond = set(severe[left:])
        kept, severe = [number for number in kept if number not in beyond], severe[:left]
    return _spread(kept, set(severe), settings.calm) if settings.calm else kept


def veiled_among(db: Database, dataset_id: str, comment_ids: Sequence[int], *, is_blind: bool) -> set[int]:
    """The comments that are shown only after a key: those foreseen as severe, in a blind queue all."""
    settings = stored.get_desk_settings(db, dataset_id)
    if not settings.veils:
        return set()
    if is_blind:
        return set(comment_ids)
    foreseen = list_foreseen(db, dataset_id, comment_ids, model_id=settings.model_id)
    return {number for number in comment_ids if foreseen.get(number) in settings.severe}


def _is_spared(label: str | None, sparing: Sequence[str]) -> bool:
    return label is not None and label in sparing


def _spread(numbers: Sequence[int], severe: set[int], calm: int) -> list[int]:
    """At most one severe comment in `calm`, as far as others are there to stand between."""
    hard = [number for number in numbers if number in severe]
    found: list[int] = []
    since = calm
    for number in (each for each in numbers if each not in severe):
        if hard and since >= calm - 1:
            found.append(hard.pop(0))
            since = 0
        found.append(number)
        since += 1
    return found + (hard[:1] if since >= calm - 1 else [])


def _break_end(times: Sequence[datetime], settings: DeskSettings, at: datetime) -> datetime | None:
    """When the break ends that is due after so many minutes of work without one; None where none is due."""
    if not settings.work_min or not times:
        return None
    pause = timedelta(minutes=settings.break_min)
    if at - times[-1] >= pause:
        return None
    began = times[-1]
    for moment in reversed(times):
        if began - moment >= pause:
            break
        began = moment
    worked = times[-1] - began >= timedelta(minutes=settings.work_min)
    return times[-1] + pause if worked else None


def _named(db: Database, dataset_id: str, labels: Sequence[str]) -> tuple[str, ...]:
    known = get_label_set(db, dataset_id)
    by_name = {name.casefold(): name for name in known.names}
    unknown = [label for label in labels if label.strip().casefold() not in by_name]
    if unknown:
        raise BadInput(f"'{unknown[0]}' is not in the label set.", hint=f"Labels: {', '.join(known.names)}.")
    return tuple(by_name[label.strip().casefold()] for label in labels)
