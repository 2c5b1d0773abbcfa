import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from domain.errors import Busy, Conflict, NotFound
from services.door import Door, call, socket_path
from services.verbs.running import run_verb
from storage.database import connect, holder_of
from storage.datasets import find_dataset
from tests.building import asked, texts, written_csv
from tests.serving import start
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]


def unheard(_what, _share):
    """For whom the progress is of no interest."""


def must_not_run(*_):
    raise AssertionError("the owner should have carried this out")


def ask(home, verb="echo", *, run=must_not_run, progress=unheard, wait_s=5.0, **arguments):
    return call(home, verb, arguments, run=run, progress=progress, wait_s=wait_s)


def echo(_db, verb, arguments, progress):
    progress("half way", 0.5)
    if verb == "fail":
        raise NotFound("There is no comment 7.", hint="Look again.")
    return {"verb": verb, **arguments}


@pytest.fixture
def door(db):
    """The door of an open database that answers with what it was asked."""
    opened = Door(db, echo)
    yield opened
    opened.close()


def test_a_verb_goes_to_the_owner_where_there_is_one(db, door):
    assert ask(db.home, "echo", text="Ünïcode\n🙂") == {"verb": "echo", "text": "Ünïcode\n🙂"}


def test_without_an_owner_the_verb_is_carried_out_here_and_the_database_let_go_of(home):
    assert ask(home, run=echo, number=1) == {"verb": "echo", "number": 1}
    connect(home).close()


def test_progress_reaches_the_caller_either_way(db, door, tmp_path):
    told = []
    ask(db.home, progress=lambda *each: told.append(each))
    ask(tmp_path / "alone", run=echo, progress=lambda *each: told.append(each))
    assert told == [("half way", 0.5)] * 2


def test_an_error_is_of_the_same_class_either_way(db, door, tmp_path):
    for home, run in ((db.home, must_not_run), (tmp_path / "alone", echo)):
        with pytest.raises(NotFound, match="no comment 7") as raised:
            ask(home, "fail", run=run)
        assert raised.value.hint == "Look again."


def test_many_callers_at_once_each_get_their_own_answer(db, door):
    answers = {}

    def work(n):
        answers[n] = ask(db.home, number=n)["number"]

    threads = [threading.Thread(target=work, args=[n]) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: n for n in range(20)}


NO_REQUESTS = [b"hello\n", b"[]\n", b"\n", b'{"verb": "echo"}\n', b"\xff\xfe\n", b'"x"\n']


@pytest.mark.parametrize("request_line", NO_REQUESTS)
def test_what_is_no_request_is_answered_with_an_error(db, door, request_line):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(socket_path(db.home)))
        line.sendall(request_line)
        answer = json.loads(line.makefile("rb").readline())
    assert answer["error"] == "BadInput"


def test_closing_the_door_waits_for_who_is_inside(db):
    inside, may_end, answers = threading.Event(), threading.Event(), []

    def slow(_db, _verb, _arguments, _progress):
        inside.set()
        assert may_end.wait(10)
        return "done"

    door = Door(db, slow)
    caller = threading.Thread(target=lambda: answers.append(ask(db.home)))
    caller.start()
    assert inside.wait(10)
    closing = threading.Thread(target=door.close)
    closing.start()
    may_end.set()
    closing.join(10)
    caller.join(10)
    assert answers == ["done"]


def left_socket(home):
    home.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path(home)))
    return socket_path(home)


def test_a_socket_that_a_dead_owner_left_does_not_stop_a_verb(home):
    assert left_socket(home).is_socket()
    assert ask(home, run=echo, number=1) == {"verb": "echo", "number": 1}


def test_a_socket_that_a_dead_owner_left_makes_way_for_the_next_owner(db):
    left_socket(db.home)
    door = Door(db, echo)
    assert ask(db.home, number=2) == {"verb": "echo", "number": 2}
    door.close()
    assert not socket_path(db.home).exists()


def test_a_long_path_is_answered_from_the_run_time_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    home = tmp_path / ("long " * 20) / "home"
    db = connect(home)
    door = Door(db, echo)
    assert socket_path(home).parent.parent == tmp_path
    assert stat.S_IMODE(socket_path(home).parent.stat().st_mode) == 0o700
    assert ask(home, number=3) == {"verb": "echo", "number": 3}
    door.close()
    db.close()


def test_two_long_paths_have_two_doors(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    first, second = (socket_path(tmp_path / ("long " * 20) / name) for name in ("one", "two"))
    assert first != second


def test_a_run_time_folder_of_somebody_else_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(Conflict, match="belongs to somebody else"):
        socket_path(tmp_path / ("long " * 20))


def test_nobody_else_may_knock(db, door):
    assert stat.S_IMODE(socket_path(db.home).stat().st_mode) & 0o077 == 0


def test_a_database_that_another_process_holds_is_waited_for_and_then_its_holder_is_named(db):
    with pytest.raises(Busy, match=rf"A program \(PID {os.getpid()}\) holds the database") as raised:
        ask(db.home, run=must_not_run, wait_s=0.2)
    assert "Wait" in raised.value.hint


def test_a_caller_who_leaves_during_an_import_leaves_nothing_of_it(db, tmp_path):
    rows = [{**row, "label": "allow"} for row in texts(*(f"comment {n}" for n in range(5_000)))]
    asked_for = {"path": str(written_csv(tmp_path / "a.csv", rows)), "dataset": "fresh", "actor": "ana",
                 "labels": ["allow", "disallow"]}  # fmt: skip
    door = Door(db, run_verb)
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(socket_path(db.home)))
        line.sendall(json.dumps({"verb": "import", "arguments": asked_for}).encode() + b"\n")
        assert "progress" in json.loads(line.makefile("rb").readline())
    door.close()
    assert find_dataset(db, "fresh") is None
    assert asked(db, "SELECT (SELECT count(*) FROM comments) + (SELECT count(*) FROM imports)") == [(0,)]
    assert list((db.home / "tmp").iterdir()) == []


def test_two_commands_at_once_both_succeed(home):
    commands = [
        [
            sys.executable,
            "workbench.py",
            "create",
            "--dataset",
            name,
            *["--labels", "a,b", "--as", "ana", "--json"],
        ]
        for name in ("one", "two", "three")
    ]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for command in commands]
    told = [json.loads(process.communicate(timeout=60)[0])["dataset_id"] for process in running]
    assert told == ["one", "two", "three"]
    db = connect(home)
    assert asked(db, "SELECT count(*) FROM datasets") == [(3,)]
    db.close()


def test_a_dashboard_waits_for_a_command_and_names_it_then_takes_over(home, monkeypatch):
    monkeypatch.setenv("WORKBENCH_PROCESS", "workbench.py import")
    holder = connect(home)
    dashboard = start(home)
    try:
        until(dashboard.is_up, "the dashboard")
        until(lambda: b"Waiting: workbench.py import (PID" in dashboard.log.read_bytes(), "the reason")
        assert not dashboard.owns_the_database()
        holder.close()
        until(dashboard.owns_the_database, "the door")
        assert holder_of(home)["what"] == "The dashboard"
        assert ask(home, "datasets") == []
        dashboard.end(signal.SIGTERM)
        assert not socket_path(home).exists()
        connect(home).close()
    finally:
        dashboard.end(signal.SIGKILL)
