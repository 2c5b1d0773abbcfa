import time

import numpy as np
import pyarrow as pa
import pytest

from domain.errors import BadInput, NotFound
from domain.labels import Vote
from domain.queues import QueueSettings
from services.curation.snapshots import take_snapshot
from services.jobs.find_suspects import suspects_of
from services.jobs.managing.absorb import absorb
from services.jobs.managing.launch import get_job
from services.labelling.queues import create_queue, next_in_queue
from services.labelling.suspects import newest_suspects, start_search
from storage.database import Database
from storage.votes import add_votes
from tests.building import asked
from tests.conftest import SMALL

PATIENCE_S = 240.0


def finished(db: Database, job):
    deadline = time.monotonic() + PATIENCE_S
    while not get_job(db, job.job_id).state.is_over:
        assert time.monotonic() < deadline, get_job(db, job.job_id)
        time.sleep(0.1)
    absorb(db)
    return get_job(db, job.job_id)


def test_a_label_that_the_scores_contradict_confidently_is_a_suspect_and_a_doubtful_one_is_not():
    labels = np.array([0] * 20 + [1] * 20)
    scores = np.tile([0.95, 0.05], (40, 1))
    scores[20:] = [0.05, 0.95]
    scores[3], scores[7], scores[25] = [0.02, 0.98], [0.5, 0.5], [0.9, 0.1]
    rows = pa.table({"comment_id": pa.array(range(100, 140), pa.int64())})
    found = suspects_of(rows, labels, scores, ["allow", "disallow"]).to_pylist()
    assert [(one["comment_id"], one["label"], one["likelier"]) for one in found] == [
        (103, "allow", "disallow"),
        (125, "disallow", "allow"),
    ]
    assert found[0]["self_confidence"] == pytest.approx(0.02)
    assert found[0]["likelier_score"] == pytest.approx(0.98)


@pytest.mark.slow
def test_planted_wrong_labels_are_among_the_first_suspects_and_nothing_is_dropped(small):
    rude = "body LIKE '%stupid%' OR body LIKE '%idiot%' OR body LIKE '%ugly%' OR body LIKE '%hate%'"
    rows = asked(small, f"SELECT comment_id FROM comments WHERE {rude} ORDER BY comment_id")
    wrong = [number for (number,) in rows[5:60:6]]
    votes = [
        Vote(number, f"careless {n}", "label", f"w{n}:{number}", "allow")
        for number in wrong
        for n in range(5)
    ]
    add_votes(small, SMALL, votes)
    snapshot = take_snapshot(small, SMALL, actor="ana")
    job = finished(small, start_search(small, snapshot_id=snapshot.snapshot_id, actor="ana"))
    assert job.state.name == "succeeded", job.state
    found = newest_suspects(small, SMALL, limit=300)
    first = [one.comment_id for one in found.suspects[: 2 * len(wrong)]]
    assert len(set(first) & set(wrong)) >= 0.8 * len(wrong)
    assert {(one.label, one.likelier) for one in found.suspects if one.comment_id in wrong} == {
        ("allow", "disallow")
    }
    confidence = [one.self_confidence for one in found.suspects]
    assert confidence == sorted(confidence)
    assert asked(small, "SELECT count(*) FROM exclusions") == [(0,)]
    assert take_snapshot(small, SMALL, actor="ana").sha256 == snapshot.sha256

    settings = QueueSettings(order="suspected", votes_needed=1)
    queue = create_queue(small, SMALL, "suspects", settings, actor="lena").queue_id
    handed = [comment.comment_id for comment in next_in_queue(small, queue, actor="lena", wanted=5)]
    assert handed == [one.comment_id for one in found.suspects[:5]]


def test_a_search_that_cannot_be_is_refused(small):
    snapshot = take_snapshot(small, SMALL, actor="ana")
    with pytest.raises(BadInput, match="1 parts"):
        start_search(small, snapshot_id=snapshot.snapshot_id, folds=1, actor="ana")
    with pytest.raises(NotFound, match="no snapshot"):
        start_search(small, snapshot_id="snapshot-9", actor="ana")
    with pytest.raises(NotFound, match="Nobody looked for suspects"):
        newest_suspects(small, SMALL)
    with pytest.raises(NotFound, match="belongs into"):
        create_queue(small, SMALL, "suspects", QueueSettings(order="suspected"), actor="lena")
