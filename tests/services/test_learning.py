from hashlib import md5
from itertools import count

import numpy as np
import pytest

from domain.labels import Vote
from domain.queues import QueueSettings
from services.evaluation.intervals import Estimate
from services.jobs.learn_queue import lead_of
from services.labelling.learning import Learned, last_learned, learn_from
from services.labelling.queues import close_queue, create_queue, get_queue, next_in_queue, record_in_queue
from storage.learning import find_round
from tests.building import KIDS, asked, kids, numbers, put_in, texts
from tests.waiting import until

KIND = "thank you for {} what a good day"
RUDE = "you stupid {} go away at once"

_ids = count()


def answer(db, queue, comments):
    bodies = dict(asked(db, "SELECT comment_id, body FROM comments"))
    given = [
        Vote(number, "ana", "label", f"v{next(_ids)}", "disallow" if "go away" in bodies[number] else "allow")
        for number in comments
    ]
    record_in_queue(db, queue, given, actor="ana")


@pytest.mark.slow
def test_every_fifty_labels_a_baseline_learns_beside_and_what_it_doubts_comes_first(db):
    kids(db)
    rows = texts(*(KIND.format(f"word{n}") for n in range(80)), *(RUDE.format(f"name{n}") for n in range(80)))
    # Alike to nothing, so that each has a split of its own.
    doubtful = [
        f"thank stupid {' '.join(md5(bytes([n, k])).hexdigest()[:6] for k in range(8))}" for n in range(40)
    ]
    put_in(db, [*rows, *({"id": f"d{n}", "text": text} for n, text in enumerate(doubtful))])
    queue = create_queue(db, KIDS, "learns", QueueSettings(order="learning"), actor="lena").queue_id
    clear = set(numbers(db)[:160])

    def waiting(wanted):
        return [each.comment_id for each in next_in_queue(db, queue, actor="ana", wanted=wanted)]

    answer(db, queue, [number for number in waiting(200) if number in clear][:49])
    assert find_round(db, get_queue(db, queue)) is None
    answer(db, queue, [number for number in waiting(200) if number in clear][:51])
    with db.writing(KIDS) as cursor:  # her hand is empty: what it held would keep its place
        cursor.execute("DELETE FROM leases")
    until(lambda: learn_from(db, get_queue(db, queue)) or last_learned(db, queue), "a round", within_s=120)
    found = last_learned(db, queue)
    assert (found.labelled, found.fresh) == (100, 100) or found.labelled < 100  # of the train split only
    trained = {n for (n,) in asked(db, "SELECT comment_id FROM comments WHERE split = 'train'")}
    first = [number for number in waiting(200) if number in trained][:5]
    assert set(first) & clear == set()


@pytest.mark.slow
def test_a_round_that_fails_harms_nobody_and_the_next_may_not(db):
    kids(db)
    put_in(db, texts(*(KIND.format(n) for n in range(140))))
    queue = create_queue(db, KIDS, "learns", QueueSettings(order="learning"), actor="lena").queue_id
    answer(db, queue, [each.comment_id for each in next_in_queue(db, queue, actor="ana", wanted=60)])
    until(lambda: learn_from(db, get_queue(db, queue)) or find_round(db, get_queue(db, queue)).found == {},
          "the end of a round on one label", within_s=120)  # fmt: skip
    assert last_learned(db, queue) is None
    close_queue(db, queue, actor="lena")
    learn_from(db, get_queue(db, queue))  # a closed queue learns nothing
    assert find_round(db, get_queue(db, queue)).number == 1


def test_the_order_is_by_the_lead_of_the_likeliest_label():
    scores = np.array([[0.9, 0.1, 0.0], [0.4, 0.35, 0.25], [0.5, 0.5, 0.0]], dtype=np.float32)
    assert np.argsort(lead_of(scores)).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        (Estimate(0.05, 0.01, 0.09), "Label more"),
        (Estimate(0.001, -0.002, 0.004), "Stop"),
        (Estimate(0.02, -0.02, 0.06), "Not decidable"),
        (None, "Not decidable yet"),
    ],
)
def test_what_follows_is_said_only_where_the_interval_says_it(expected, told):
    found = Learned(150, 50, "rude", 40, 0.61, 0.66, Estimate(0.05, 0.01, 0.09), 200, expected)
    assert found.advice.startswith(told)
    assert found.sentence == "your last 50 moved recall of rude from 0.61 to 0.66 (+0.01 to +0.09)"
