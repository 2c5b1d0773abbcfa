"""A queue that learns while people label: a baseline every fifty labels, and a new order of what waits."""

import json
import shutil
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from domain.queues import Queue
from services.evaluation.curves import WORTH
from services.evaluation.intervals import Estimate
from services.jobs.managing.child import start_beside
from services.jobs.process.folder import JobFolder, write_whole
from storage import learning as stored
from storage.database import Database
from storage.learning import Round
from storage.queues import get_queue

EVERY = 50
MOST_LABELLED, MOST_WAITING = 5_000, 20_000
_SCRIPT = "learn_queue"


@dataclass(frozen=True)
class Learned:
    """What a round found; without a label, too little was labelled to measure anything.

    Attributes:
        labelled: Comments it learned from, of which `fresh` were new.
        label: Whose recall was measured, on `n` comments labelled before: the rarest that can be.
        before, after: The recall without and with the new ones.
        moved: The difference.
        expected: What the next `next_labels` may bring, at most about as much as before.
    """

    labelled: int
    fresh: int
    label: str | None = None
    n: int = 0
    before: float = 0.0
    after: float = 0.0
    moved: Estimate | None = None
    next_labels: int = 0
    expected: Estimate | None = None

    @property
    def sentence(self) -> str:
        """What the last labels taught."""
        if self.label is None or self.moved is None:
            return f"learned from {self.labelled:,}; too few of a label yet to say what they taught"
        return (
            f"your last {self.fresh} moved recall of {self.label} from {self.before:.2f} to {self.after:.2f}"
            f" ({self.moved.low:+.2f} to {self.moved.high:+.2f})"
        )

    @property
    def advice(self) -> str:
        """Label more, or stop."""
        if self.expected is None:
            return "Not decidable yet: each of two labels needs ten comments."
        told = (
            f"the next {self.next_labels} may change it by about {self.expected.value:+.3f}"
            f" ({self.expected.low:+.3f} to {self.expected.high:+.3f})"
        )
        if self.expected.high < WORTH:
            return f"Stop labelling more of the same: {told}."
        return f"Label more: {told}." if self.expected.low > 0 else f"Not decidable: {told}."


def learn_from(db: Database, queue: Queue) -> None:
    """Take in the round that has ended, and begin the next where fifty labels came since; returns at once."""
    if queue.settings.order != "learning" or queue.closed_at is not None:
        return
    last = stored.find_round(db, queue)
    if last is not None and last.found is None:
        _take_in(db, queue, last)
        return
    labelled = stored.count_labelled(db, queue.dataset_id)
    if labelled < (last.labelled if last else 0) + EVERY:
        return
    begun = stored.add_round(db, queue, labelled=labelled, every=EVERY)
    if begun is not None:
        _start(db, queue, begun, newer_than=last.last_vote_id if last else 0)


def last_learned(db: Database, queue_id: str) -> Learned | None:
    """What the newest round that ended well found; None before there is one.

    Raises:
        NotFound: there is no such queue.
    """
    rounds = [each for each in stored.list_rounds(db, get_queue(db, queue_id)) if each.found]
    return _learned(rounds[-1]) if rounds else None


def _take_in(db: Database, queue: Queue, last: Round) -> None:
    folder = _folder(db, queue, last.number)
    state = folder.state()
    if not state.is_over:
        return
    try:
        found = json.loads((folder.path / "learned.json").read_text(encoding="utf-8"))
        order = pq.read_table(folder.path / "order.parquet")
    except (OSError, ValueError, pa.ArrowException):  # it failed, and its log says why; the next may not
        stored.update_round(db, queue, last.number, {}, None)
        return
    stored.update_round(db, queue, last.number, found, order)
    shutil.rmtree(folder.path / "inputs", ignore_errors=True)


def _start(db: Database, queue: Queue, begun: Round, *, newer_than: int) -> None:
    folder = _folder(db, queue, begun.number)
    shutil.rmtree(folder.path, ignore_errors=True)
    (folder.path / "inputs").mkdir(parents=True)
    labelled = stored.get_labelled(db, queue.dataset_id, most=MOST_LABELLED)
    pq.write_table(labelled, folder.path / "inputs" / "labelled.parquet")
    waiting = stored.get_unanswered(db, queue, most=MOST_WAITING)
    pq.write_table(waiting, folder.path / "inputs" / "waiting.parquet")
    settings = {"fresh": sum(number > newer_than for number in labelled["vote_id"].to_pylist())}
    write_whole(folder.path / "spec.json", json.dumps({"queue_id": queue.queue_id, "settings": settings}))
    start_beside(folder, _SCRIPT)


def _learned(one: Round) -> Learned:
    found = one.found or {}
    if found.get("label") is None:
        return Learned(found["labelled"], found["fresh"])
    return Learned(
        found["labelled"], found["fresh"], found["label"], found["n"], found["before"], found["after"],
        Estimate(**found["moved"]), found["next"], Estimate(**found["expected"]),
    )  # fmt: skip


def _folder(db: Database, queue: Queue, number: int) -> JobFolder:
    return JobFolder(db.home / "learning" / queue.queue_id / str(number))
