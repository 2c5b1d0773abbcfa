import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from domain.errors import Conflict
from services.door import call
from storage.database import connect
from tests.building import asked, kids, numbers, put_in, texts
from tests.serving import start
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 20

WRITER = """
import sys
from pathlib import Path
from domain.labels import Vote
from services.labelling.desk import record_votes
from storage.database import connect

home, acknowledged, round_, *comments = sys.argv[1:]
db = connect(Path(home))
with open(acknowledged, "a") as file:
    for place in range(100_000):
        comment = int(comments[place % len(comments)])
        batch = [Vote(comment, "", "label", f"{round_}:{place}:{n}", "allow") for n in range(1 + place % 3)]
        for client_id in record_votes(db, "kids", batch, actor="ana"):
            file.write(client_id + "\\n")
        file.flush()
"""


@pytest.fixture
def comments(db):
    """The numbers of fifty comments in a database that is closed again."""
    kids(db)
    put_in(db, texts(*(f"comment {n}" for n in range(50))))
    found = numbers(db)
    db.close()
    return found


def lines_of(file):
    """What was acknowledged: the last line may be torn by the kill."""
    text = file.read_text() if file.exists() else ""
    return text[: text.rfind("\n") + 1].split()


def killed_while_writing(home, file, round_, comments, wait_s):
    """Start a writer, let it acknowledge something, and kill it after some more time."""
    before = len(lines_of(file))
    command = [sys.executable, "-c", WRITER, str(home), str(file), str(round_), *map(str, comments)]
    writer = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    try:
        until(lambda: len(lines_of(file)) > before or writer.poll() is not None, "the first vote")
        time.sleep(wait_s)
    finally:
        writer.send_signal(signal.SIGKILL)
        complaint = writer.communicate()[1]
    assert writer.returncode == -signal.SIGKILL, complaint.decode()


def stored_ids(home):
    """The client ids in the votes; opening must work."""
    db = connect(home)
    found = [client_id for (client_id,) in asked(db, "SELECT client_id FROM votes")]
    db.close()
    return found


@pytest.mark.slow
def test_twenty_kills_at_random_moments_lose_no_vote_that_was_acknowledged(home, tmp_path, comments):
    draw = random.Random(20261121)
    file = tmp_path / "acknowledged.txt"
    for round_ in range(ROUNDS):
        killed_while_writing(home, file, round_, comments, draw.uniform(0.0, 0.25))
        if round_ % 3 == 2:  # at other times the next writer is the first to open what the kill left
            acknowledged, stored = lines_of(file), stored_ids(home)
            assert set(acknowledged) <= set(stored)
            assert len(stored) == len(set(stored))
    acknowledged, stored = lines_of(file), stored_ids(home)
    assert set(acknowledged) <= set(stored)
    assert len(acknowledged) > ROUNDS
    assert len(set(stored) - set(acknowledged)) <= ROUNDS * 3  # the batch in hand at most


def votes_until_it_dies(home, comments, draw):
    """Vote at the door, one vote after another; yields the comment of each vote that was acknowledged."""

    def never(*_):
        raise AssertionError("the dashboard should have carried this out")

    while True:
        given = {"dataset": "kids", "actor": "ana", "comment": draw.choice(comments), "label": "allow"}
        try:
            answer = call(home, "label", given, run=never, progress=lambda *_: None)
        except (Conflict, ConnectionError, AssertionError):
            return
        yield answer["comment_id"]


@pytest.mark.slow
def test_twenty_kills_of_the_dashboard_lose_no_vote_that_it_acknowledged(home, comments):
    draw = random.Random(7)
    before = []
    for _ in range(ROUNDS):
        dashboard = start(home)
        until(dashboard.owns_the_database, "the door")
        told = []
        for number in votes_until_it_dies(home, comments, draw):
            if not told:
                threading.Timer(draw.uniform(0.0, 1.0), dashboard.process.kill).start()
            told.append(number)
        dashboard.end(signal.SIGKILL)
        db = connect(home)
        stored = [number for (number,) in asked(db, "SELECT comment_id FROM votes ORDER BY vote_id")]
        db.close()
        assert stored[: len(before) + len(told)] == before + told
        assert len(stored) <= len(before) + len(told) + 1, "the vote in hand at most"
        before = stored
    assert len(before) >= ROUNDS


def test_a_kill_leaves_no_lock_behind(home, comments, tmp_path):
    killed_while_writing(home, tmp_path / "acknowledged.txt", 0, comments, 0.0)
    assert (home / "owner.lock").exists()
    db = connect(home)
    assert f'"pid": {os.getpid()}' in (home / "owner.lock").read_text()
    db.close()


def test_half_an_upload_that_a_kill_left_is_swept_away(home, comments):
    left = home / "tmp" / "upload-killed" / "upload.csv"
    left.parent.mkdir(parents=True)
    left.write_text("id,text\n1,hal")
    db = connect(home)
    assert list((home / "tmp").iterdir()) == []
    db.close()
