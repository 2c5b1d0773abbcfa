"""Named queues: make them, hand out their comments, take in what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from domain.comments import Comment
from domain.errors import BadInput, Conflict
from domain.labels import Vote
from domain.people import actor_named
from domain.queues import LABELLED_ORDERS, QUEUE_ORDERS, Queue, QueueCounts, QueueSettings
from domain.splits import SPLITS
from domain.text import visible
from services.curation.datasets import get_dataset, get_label_set
from services.evaluation.intervals import Proportion, proportion
from services.evaluation.saved_slices import wanted_of
from services.labelling.care import within_limits
from services.labelling.desk import QUEUE_LENGTH, record_votes
from services.labelling.handing import hand_out
from services.labelling.learning import learn_from
from services.labelling.suggestions import with_suggestions
from storage import comments, queue_leases, queues
from storage.database import EVERY_ID, Database
from storage.models import get_model
from storage.queues import get_queue

__all__ = [
    "MAX_NAME", "CheckResult", "Recorded", "blinded", "close_queue", "count_queue", "count_stale",
    "create_queue", "get_queue", "list_checks", "list_queues", "next_in_queue", "record_in_queue",
]  # fmt: skip

MAX_NAME = 60
MOST_MIXED_IN = 0.5
MOST_RANKED = 4_000  # by how unlike each other they are: about a second's work
_MAX_PEOPLE = 100
_MIXED = {"golden": "golden_share", "repeat": "repeat_share"}


@dataclass(frozen=True)
class Recorded:
    """Votes that are safe on disk, by client id; and comments answered so late that they had moved on."""

    acked: tuple[str, ...]
    late: tuple[int, ...]


@dataclass(frozen=True)
class CheckResult:
    """What one person made of comments mixed in unseen; `as_expected` counts over those answered."""

    annotator: str
    kind: str
    as_expected: Proportion


def create_queue(db: Database, dataset_id: str, name: str, settings: QueueSettings, *, actor: str) -> Queue:
    """Make a queue over the comments that are as the settings ask now; later imports are not in it.

    Raises:
        NotFound: there is no such dataset or model, or no comment is like that.
        BadInput: the name or a setting cannot be used.
        Conflict: an open queue of the dataset has that name.
    """
    who, dataset = actor_named(actor), get_dataset(db, dataset_id)
    called = name.strip()
    if not called or len(called) > MAX_NAME or visible(called) != called or len(called.splitlines()) > 1:
        raise BadInput("That cannot be the name of a queue.", hint=f"1 to {MAX_NAME} visible characters.")
    if called in {queue.name for queue in queues.list_queues(db, dataset_id)}:
        raise Conflict(
            f"'{dataset_id}' has an open queue '{called}'.", hint="Choose another name, or close it."
        )
    checked = replace(settings, people=tuple(actor_named(each) for each in settings.people))
    _check(db, dataset.dataset_id, checked)
    return queues.add_queue(
        db,
        dataset.dataset_id,
        called,
        checked,
        actor=who,
        members=_members(db, dataset_id, checked),
        ranked=_ranked(db, dataset_id, checked),
    )


def list_queues(
    db: Database, dataset_id: str, *, actor: str | None = None, closed: bool = False
) -> list[Queue]:
    """The queues of a dataset, oldest first; with an actor, those that this person may take."""
    found = queues.list_queues(db, get_dataset(db, dataset_id).dataset_id, closed=closed)
    if actor is None:
        return found
    who = actor_named(actor)
    return [queue for queue in found if _may_take(queue, who)]


def close_queue(db: Database, queue_id: str, *, actor: str) -> Queue:
    """Hand out nothing more through this queue; every vote stays.

    Raises:
        NotFound: there is no such queue.
        Conflict: it is closed.
    """
    queue = get_queue(db, queue_id)
    if queue.closed_at is not None:
        raise Conflict(f"'{queue.name}' is closed already.", hint="Make a new queue.")
    queues.update_closed(db, queue, actor=actor_named(actor))
    return get_queue(db, queue_id)


def next_in_queue(
    db: Database, queue_id: str, *, actor: str, wanted: int = QUEUE_LENGTH, held: Sequence[int] = ()
) -> list[Comment]:
    """Comments that wait for this person in the queue, leased for ten minutes, with checks mixed in unseen.

    Of a blind queue, labels, scores and authors are not in the answer.

    Args:
        held: What the person has in hand; the search begins there.

    Raises:
        NotFound: there is no such queue.
        Conflict: it is closed, or not for this person.
    """
    who, queue = actor_named(actor), get_queue(db, queue_id)
    _refuse(queue, who)

    def lease(count: int, besides: Sequence[int]) -> list[int]:
        return queue_leases.update_queue_leases(db, queue, who, wanted=count, held=held, besides=besides)

    waiting = hand_out(db, queue.dataset_id, lease, actor=who, wanted=wanted)
    mixed = within_limits(db, queue.dataset_id, _with_checks(db, queue, who, waiting), actor=who)
    found = comments.list_comments_by_id(db, queue.dataset_id, mixed)
    return [blinded(comment) for comment in found] if queue.settings.is_blind else found


def record_in_queue(db: Database, queue_id: str, given: Sequence[Vote], *, actor: str) -> Recorded:
    """Append votes given through the queue; those that come late are kept like any other, and named.

    Raises:
        NotFound: there is no such queue.
        BadInput: a vote cannot be used.
        Conflict: the queue is not for this person.
    """
    who, queue = actor_named(actor), get_queue(db, queue_id)
    if not _may_take(queue, who):
        raise _not_for(queue, who)
    given = with_suggestions(db, queue, who, given)
    answered = [vote.comment_id for vote in given if vote.kind != "undo"]
    late = queue_leases.list_late(db, queue, who, answered) if answered else []
    acked = tuple(record_votes(db, queue.dataset_id, given, actor=who))
    learn_from(db, queue)
    return Recorded(acked, tuple(late))


def count_queue(db: Database, queue_id: str, *, actor: str) -> QueueCounts:
    """How far the queue is, and this person in it.

    Raises:
        NotFound: there is no such queue.
    """
    return queues.count_queue(db, get_queue(db, queue_id), actor_named(actor))


def list_checks(db: Database, queue_id: str, *, actor: str) -> list[CheckResult]:
    """How each person did on what was mixed in: golden ones as decided, repeats as they said before.

    While the queue is open, only who made it is told, and nothing of their own: a count that moves after an
    answer would give away which comment was mixed in.
    """
    queue, reader = get_queue(db, queue_id), actor_named(actor)
    if queue.closed_at is None and reader != queue.created_by:
        return []
    return [
        CheckResult(who, kind, share)
        for who, kind, n, same in queue_leases.count_checks(db, queue)
        if (queue.closed_at is not None or who != reader) and (share := proportion(same, n)) is not None
    ]


def count_stale(db: Database, dataset_id: str) -> int:
    """How many labelled comments have no vote under the newest guideline: their labels may be out of date."""
    return queues.count_stale(db, get_dataset(db, dataset_id).dataset_id)


def _with_checks(db: Database, queue: Queue, who: str, waiting: list[int]) -> list[int]:
    """The waiting comments, and before some of them one that is there to check the hand."""
    mixed = waiting
    for kind, setting in _MIXED.items():
        share = getattr(queue.settings, setting)
        # Each comment's own draw, so that asking again mixes in at the same places.
        places = [number for number in waiting if _drawn(queue.queue_id, kind, who, number) < share]
        if not places:
            continue
        checks = queue_leases.update_checks(db, queue, who, kind, wanted=len(places), besides=mixed)
        before = dict(zip(places, checks, strict=False))
        mixed = [each for number in mixed for each in (before.get(number), number) if each is not None]
    return mixed


def _drawn(*parts: object) -> float:
    digest = sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def blinded(comment: Comment) -> Comment:
    """The comment without what could tell who wrote it and what others think of it."""
    return replace(
        comment, author=None, label=None, label_from=None, source_score=None, near_of=None, split=None
    )


def _members(db: Database, dataset_id: str, settings: QueueSettings) -> list[int] | None:
    if settings.slice_name is None:
        return None
    wanted = wanted_of(db, dataset_id, slice_name=settings.slice_name)
    return comments.list_matching_ids(db, wanted, most=EVERY_ID["high"])


def _ranked(db: Database, dataset_id: str, settings: QueueSettings) -> list[int]:
    """For the most diverse order: a sample of the comments, each unlike those before it."""
    if settings.order != "diverse":
        return []
    # Takes a second to import, and only who asks for this order needs it.
    from services.backends.diverse import diverse_order

    known = queues.list_sample(db, dataset_id, again=settings.again, most=MOST_RANKED, seed=settings.seed)
    return [known[place][0] for place in diverse_order([body for _, body in known], seed=settings.seed)]


def _may_take(queue: Queue, who: str) -> bool:
    return not queue.settings.people or who in queue.settings.people


def _not_for(queue: Queue, who: str) -> Conflict:
    return Conflict(
        f"The queue '{queue.name}' is not for {who}.", hint=f"It is for {', '.join(queue.settings.people)}."
    )


def _refuse(queue: Queue, who: str) -> None:
    if not _may_take(queue, who):
        raise _not_for(queue, who)
    if queue.closed_at is not None:
        raise Conflict(f"The queue '{queue.name}' is closed.", hint="Choose another one.")


def _check(db: Database, dataset_id: str, settings: QueueSettings) -> None:
    if settings.order not in QUEUE_ORDERS:
        raise BadInput(f"There is no order '{settings.order}'.", hint=f"Orders: {', '.join(QUEUE_ORDERS)}.")
    if not 1 <= settings.votes_needed <= 9:
        raise BadInput(
            f"{settings.votes_needed} votes for a comment are not possible.", hint="Between 1 and 9."
        )
    if len(settings.people) > _MAX_PEOPLE or settings.most < 0:
        raise BadInput("That many are not possible.", hint=f"Up to {_MAX_PEOPLE} people; 0 comments is all.")
    if settings.assigned and len(settings.people) < settings.votes_needed:
        raise BadInput(
            f"{len(settings.people)} people cannot be dealt {settings.votes_needed} labels of each comment.",
            hint="Name at least as many people as a comment needs labels.",
        )
    _check_mixing(settings)
    _check_suggestions(db, dataset_id, settings)
    _check_choice(db, dataset_id, settings)


def _check_mixing(settings: QueueSettings) -> None:
    shares = (settings.golden_share, settings.repeat_share)
    for share in shares:
        if not 0 <= share <= MOST_MIXED_IN:
            raise BadInput(f"A share of {share:g} cannot be mixed in.", hint=f"From 0 to {MOST_MIXED_IN}.")
    if any(shares) and not settings.is_blind:
        raise BadInput(
            "What is mixed in unseen would be seen: this queue shows labels.", hint="Make the queue blind."
        )


def _check_suggestions(db: Database, dataset_id: str, settings: QueueSettings) -> None:
    if settings.suggest_by is None:
        return
    if settings.is_blind:
        raise BadInput("A blind queue shows no suggestions.", hint="Make the queue not blind.")
    if get_model(db, settings.suggest_by).dataset_id != dataset_id:
        raise BadInput(f"{settings.suggest_by} is of another dataset.", hint="Choose one of this dataset.")


def _check_choice(db: Database, dataset_id: str, settings: QueueSettings) -> None:
    if settings.order == "uncertain":
        if settings.model_id is None:
            raise BadInput("By whose uncertainty?", hint="Name a model that has scored the comments.")
        if get_model(db, settings.model_id).dataset_id != dataset_id:
            raise BadInput(f"{settings.model_id} is of another dataset.", hint="Choose one of this dataset.")
    if settings.split is not None and settings.split not in SPLITS:
        raise BadInput(f"There is no split '{settings.split}'.", hint=f"Splits: {', '.join(SPLITS)}.")
    if settings.label is None:
        return
    if settings.label != get_label_set(db, dataset_id).named(settings.label):
        raise BadInput(f"'{settings.label}' is not in the label set.", hint="Choose one of its labels.")
    if not settings.again and settings.order not in LABELLED_ORDERS:
        raise BadInput(f"Comments labelled '{settings.label}' do not wait.", hint="Have them labelled again.")
