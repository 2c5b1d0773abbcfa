"""load: many people at the real server at once, from the submit of a vote to its acknowledgement.

Each person is a websocket session that speaks as a browser does; what a browser adds, `label` tells.
"""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import duckdb
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from benchmarks.figures import Figure, percentile
from benchmarks.workshop import DATASET, Workshop
from storage import database
from tests.browser.driving import PATIENCE_S, dashboard, workbench

SESSIONS, FEWER = 50, 10  # fewer below a million comments: a look whether it works
_BETWEEN_S = 2.0
_PACED_S, _FULL_S = 40.0, 10.0
_AIM_MS = 300.0


@dataclass
class Session:
    """One person's browser: connects, opens the Label page, and answers one comment after the other."""

    address: str
    queue: str
    person: str
    taken_ms: list[float] = field(default_factory=list)
    fast_ms: list[float] = field(default_factory=list)
    sent: int = 0
    error: Exception | None = None
    _desk: dict[str, Any] = field(default_factory=dict)
    _id: str = ""
    _fragment: str = ""

    def work(self, begin: threading.Barrier) -> None:
        """A vote every two seconds, then as fast as they are acknowledged."""
        try:
            with connect(
                self.address.replace("http", "ws") + "/_stcore/stream",
                subprotocols=["streamlit"],  # type: ignore[list-item]
                additional_headers={"Cookie": f"workbench_person={self.person}"},
                max_size=None,
            ) as line:
                self._open(line)
                begin.wait(5 * PATIENCE_S)
                # Not all in the same moment, as people are not.
                time.sleep(_BETWEEN_S * int(self.person.rsplit("-", 1)[1]) / SESSIONS)
                ends = time.monotonic() + _PACED_S
                while (started := time.monotonic()) < ends:
                    self.taken_ms.append(self._vote(line))
                    time.sleep(max(0.0, _BETWEEN_S - (time.monotonic() - started)))
                ends = time.monotonic() + _FULL_S
                while time.monotonic() < ends:
                    self.fast_ms.append(self._vote(line))
        except Exception as error:  # noqa: BLE001 - told by the thread that waits for all
            self.error = error
            begin.abort()

    def _open(self, line: ClientConnection) -> None:
        asked = BackMsg()
        asked.rerun_script.query_string = f"dataset={DATASET}&queue={self.queue}"
        asked.rerun_script.page_name = "label"
        line.send(asked.SerializeToString())
        self._read(line, lambda: bool(self._desk.get("queue")))

    def _vote(self, line: ClientConnection) -> float:
        """Milliseconds from the submit of one vote to its acknowledgement."""
        comment, label = self._desk["queue"][0], self._desk["labels"][0]["name"]
        vote = {
            "client_id": str(uuid4()), "comment_id": comment["comment_id"], "kind": "label", "label": label,
            "seconds": 2.0, "undoes": None,
        }  # fmt: skip
        asked = BackMsg()
        asked.rerun_script.query_string = f"dataset={DATASET}&queue={self.queue}"
        asked.rerun_script.page_name = "label"
        asked.rerun_script.fragment_id = self._fragment
        state = asked.rerun_script.widget_states.widgets.add()
        state.id = self._id
        state.json_value = json.dumps({"outbox": {"sent_at": time.time_ns(), "votes": [vote]}})
        started = time.perf_counter()
        line.send(asked.SerializeToString())
        self.sent += 1
        self._read(line, lambda: vote["client_id"] in self._desk["acked"])
        return 1_000 * (time.perf_counter() - started)

    def _read(self, line: ClientConnection, ready: Any) -> None:
        while not ready():
            message = ForwardMsg()
            message.ParseFromString(line.recv(timeout=PATIENCE_S))  # type: ignore[arg-type]
            element = message.delta.new_element
            if (
                element.WhichOneof("type") == "bidi_component"
                and "desk" in element.bidi_component.component_name
            ):
                self._desk = json.loads(element.bidi_component.json)
                self._id = element.bidi_component.id
                self._fragment = message.delta.fragment_id


def figures(shop: Workshop) -> Iterator[Figure]:
    """Milliseconds to the acknowledgement at a vote every two seconds each; and votes at full load."""
    count = SESSIONS if shop.rows >= 1_000_000 else FEWER
    home = shop.home(shop.rows)
    name = f"load {uuid4().hex[:8]}"
    made = workbench(home, "queue", "create", "--dataset", DATASET, "--name", name, "--order", "random",
                     "--votes-needed", "1", "--again", "--as", "lead")  # fmt: skip
    queue = made["queue"]["queue_id"]
    with dashboard(home) as address:
        sessions = [Session(address, queue, f"load-{number}") for number in range(count)]
        begin = threading.Barrier(count)
        threads = [threading.Thread(target=each.work, args=[begin]) for each in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for each in sessions:
        if each.error is not None:
            raise each.error
    told = _checked(home, queue, sessions)
    taken = [ms for each in sessions for ms in each.taken_ms]
    fast = [ms for each in sessions for ms in each.fast_ms]
    yield Figure(
        f"load: submit to acknowledged, {count} people, {shop.rows:,}",
        percentile(taken, 0.95),
        "ms",
        limit=_AIM_MS,
        aim="95 % under 300 ms",
        parts=f"{len(taken):,} votes, one every {_BETWEEN_S:g} s each, median {median(taken):.0f} ms; {told}",
    )
    a_vote_ms, bare_ms = 1_000 * _FULL_S / len(fast), _bare(home, len(fast))
    yield Figure(
        f"load: a vote at full load, {count} people",
        a_vote_ms,
        "ms",
        limit=float("inf"),
        aim="told, no aim",
        rival=bare_ms,
        rival_name="bare upsert",
        parts=f"{1_000 / a_vote_ms:,.0f} votes a second against {1_000 / bare_ms:,.0f} upserts a second of"
        f" one thread; median {median(fast):.0f} ms, 95 % under {percentile(fast, 0.95):.0f} ms",
    )


def _checked(home: Path, queue: str, sessions: list[Session]) -> str:
    """No vote is lost and no comment was given to two people, or the figures are worth nothing."""
    db = database.connect(home)
    try:
        with db.reading() as cursor:
            [(votes, comments)] = cursor.execute(
                "SELECT count(*), count(DISTINCT comment_id) FROM votes WHERE annotator LIKE 'load-%'"
                " AND comment_id IN (SELECT comment_id FROM queue_items WHERE queue_id = ?)"
                " AND voted_at > (SELECT created_at FROM queues WHERE queue_id = ?)",
                [queue, queue],
            ).fetchall()
    finally:
        db.close()
    sent = sum(each.sent for each in sessions)
    if (votes, comments) != (sent, sent):
        raise AssertionError(f"{sent} votes were sent; {votes} are there, on {comments} comments")
    return "none lost, no comment given twice"


def _bare(home: Path, count: int) -> float:
    """Milliseconds of one upsert that is safe on the disk, into a table with a key and nothing else."""
    file = home.parent / "bare.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as bare:
        bare.execute("CREATE TABLE votes (client_id VARCHAR PRIMARY KEY, comment_id BIGINT, label VARCHAR)")
        started = time.perf_counter()
        for number in range(count):
            bare.execute("INSERT OR REPLACE INTO votes VALUES (?, ?, 'allow')", [str(uuid4()), number])
        taken = time.perf_counter() - started
    file.unlink()
    return 1_000 * taken / count
