"""evaluate: all numbers of a run of a million answers, alone and while somebody labels, and the page."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from uuid import uuid4

import numpy as np
import pyarrow as pa

from benchmarks.clicking import SWITCH
from benchmarks.figures import Figure
from benchmarks.workshop import DATASET, PERSON, Workshop, chromium, visit
from domain.jobs import Job, JobState
from domain.labels import Vote
from services.curation.datasets import get_label_set
from services.evaluation.reports import evaluate
from services.labelling.desk import next_comments, record_votes
from storage import models, predictions
from storage.database import Database, connect, now
from storage.snapshots import Snapshot, add_snapshot
from tests.browser.driving import dashboard

_TIMES = 5
_COLD_S = 2.0
_WARM_S = 0.5
_WRONG = "comment_id % 11 = 0"

_ROWS = """
SELECT comment_id, external_id, body AS text, label, 'imported' AS label_from, 'test' AS split
FROM comments
JOIN votes USING (comment_id)
WHERE votes.source = 'import'
ORDER BY comment_id
"""


def figures(shop: Workshop) -> Iterator[Figure]:
    """Seconds of the service, cold and warm, alone and beside a labeller; then of the page in a browser."""
    home = shop.home(shop.rows)
    db = connect(home)
    run_id = add_run(db, freeze(db))
    db.close()
    yield from _of_service(shop, run_id)
    yield from _of_page(shop, run_id)


def _of_service(shop: Workshop, run_id: str) -> Iterator[Figure]:
    db = connect(shop.home(shop.rows))
    try:
        cold = seconds_of(lambda: evaluate(db, run_id))
        again = [seconds_of(lambda: evaluate(db, run_id)) for _ in range(_TIMES)]
        with _labelling(db) as votes:
            beside = [seconds_of(lambda: evaluate(db, run_id)) for _ in range(_TIMES)]
            voted = len(votes)
    finally:
        db.close()
    name = f"evaluate {shop.rows:,} answers, service"
    yield _figure(f"{name}, database just opened", cold, _COLD_S, "")
    yield _figure(f"{name}, again (nothing cached)", median(again), _COLD_S, "")
    yield _figure(f"{name}, beside a labeller", median(beside), _COLD_S, f"{voted} votes stored meanwhile")


def _of_page(shop: Workshop, run_id: str) -> Iterator[Figure]:
    name = f"evaluate {shop.rows:,} answers, page"
    with chromium() as browser, dashboard(shop.home(shop.rows)) as address:
        page = visit(browser, address, f"label?dataset={DATASET}&run={run_id}")
        cold = page.evaluate(SWITCH, "Evaluate") / 1_000
        warm = []
        for _ in range(_TIMES):
            page.evaluate(SWITCH, "Label")
            warm.append(page.evaluate(SWITCH, "Evaluate") / 1_000)
        yield _figure(f"{name}, first visit", cold, _COLD_S, "")
        yield _figure(f"{name}, again", median(warm), _WARM_S, f"{min(warm):.2f} to {max(warm):.2f} s")
        page.context.close()


def _figure(name: str, taken: float, limit: float, parts: str) -> Figure:
    return Figure(name, taken, "s", limit=limit, aim=f"under {limit:g} s", parts=parts)


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def freeze(db: Database) -> Snapshot:
    """A snapshot of every comment with the label of its file, all of them test rows."""
    with db.reading() as cursor:
        rows = cursor.sql(_ROWS).to_arrow_table()
    manifest = {
        "labels": [{"name": name} for name in get_label_set(db, DATASET).names],
        "guideline_version": 0,
        "split_mode": "group",
        "leaks": {},
        "counts": {},
    }
    return add_snapshot(db, DATASET, rows, manifest, PERSON)


def add_run(db: Database, snapshot: Snapshot, scores: np.ndarray | None = None) -> str:
    """The id of a run that answers every row: wrongly for one in eleven, or by the larger of two scores.

    Args:
        scores: Shape (n, 2), in the order of comment_id; the labels are those of the snapshot.
    """
    job = Job(
        "job-1", "predict", DATASET, snapshot.snapshot_id, {}, JobState("succeeded"), None, now(), PERSON,
        absorbed_at=None,
    )  # fmt: skip
    with db.reading() as cursor:
        rows = cursor.sql(
            f"SELECT comment_id, CASE WHEN {_WRONG} THEN 'disallow' ELSE label END AS label"
            " FROM snapshot_rows WHERE snapshot_id = $id ORDER BY comment_id",
            params={"id": snapshot.snapshot_id},
        ).to_arrow_table()
    if scores is not None:
        rows = rows.set_column(1, "label", pa.array(np.array(snapshot.labels)[scores.argmax(axis=1)]))
    with db.writing(DATASET) as cursor:
        model_id = models.add_model(
            cursor, job, name="benchmark", backend="scripted", labels=snapshot.labels, settings={}
        )
        run_id = models.add_run(
            cursor,
            job,
            model_id=model_id,
            split="test",
            labels=snapshot.labels,
            score_kind="none" if scores is None else "softmax",
            row_count=rows.num_rows,
        )
        with predictions.incoming(cursor, _answers(rows, scores)):
            predictions.add_predictions(cursor, run_id, "test")
    return run_id


def _answers(rows: pa.Table, scores: np.ndarray | None) -> pa.Table:
    count = rows.num_rows
    lists = pa.nulls(count, pa.list_(pa.float32()))
    if scores is not None:
        ends = pa.array(np.arange(0, scores.size + 1, scores.shape[1], dtype=np.int32))
        lists = pa.ListArray.from_arrays(ends, pa.array(scores.astype(np.float32).ravel()))
    return pa.table(
        {
            "split": pa.array(["test"] * count, pa.string()),
            "comment_id": rows.column("comment_id"),
            "label": rows.column("label"),
            "parse_status": pa.array(["ok"] * count, pa.string()),
            "scores": lists,
            "latency_ms": pa.nulls(count, pa.float32()),
            "tokens": pa.nulls(count, pa.int32()),
            "cost_usd": pa.nulls(count, pa.float64()),
        }
    )


@contextmanager
def _labelling(db: Database) -> Iterator[list[str]]:
    """Somebody labels in another thread, a vote every 50 ms; the client ids stored so far."""
    stored: list[str] = []
    over = threading.Event()
    waiting = next_comments(db, DATASET, actor="ben", wanted=2_000)
    label = get_label_set(db, DATASET).names[0]

    def label_on() -> None:
        for comment in waiting:
            if over.wait(0.05):
                return
            vote = Vote(comment.comment_id, "ben", "label", str(uuid4()), label)
            stored.extend(record_votes(db, DATASET, [vote], actor="ben"))

    person = threading.Thread(target=label_on)
    person.start()
    try:
        yield stored
    finally:
        over.set()
        person.join()
