import threading

import pytest

from domain.errors import Busy
from services.door import call, socket_path
from services.homes import home_folder
from services.owner import Owner, owner_of
from storage.database import connect
from storage.datasets import list_datasets


@pytest.fixture
def owner(home):
    made = Owner(home)
    yield made
    made.close()


def test_nothing_is_opened_before_somebody_asks(owner, home):
    assert not (home / "workbench.duckdb").exists()
    owner.close()


def test_everybody_in_the_process_gets_the_same_database(owner):
    found = []
    threads = [threading.Thread(target=lambda: found.append(owner.database())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(map(id, found))) == 1


def test_the_owner_answers_at_the_door(owner, home):
    owner.database()
    given = {"dataset": "kids", "labels": ["allow", "disallow"], "actor": "ana"}
    call(home, "create", given, run=None, progress=lambda *_: None)
    assert [dataset.dataset_id for dataset in list_datasets(owner.database())] == ["kids"]


def test_a_closed_owner_has_let_go_of_everything(owner, home):
    owner.database()
    owner.close()
    assert not socket_path(home).exists()
    connect(home).close()


def test_an_owner_that_came_too_late_may_ask_again(owner, home):
    holder = connect(home)
    with pytest.raises(Busy):
        owner.database()
    holder.close()
    assert owner.database().home == home


def test_a_folder_has_one_owner_in_a_process_however_it_is_written(tmp_path):
    assert owner_of(tmp_path / "x" / ".." / "home") is owner_of(tmp_path / "home")


def test_the_home_is_the_one_given_else_that_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "named"))
    assert home_folder() == tmp_path / "named"
    assert home_folder(tmp_path / "given") == tmp_path / "given"
    monkeypatch.delenv("WORKBENCH_HOME")
    assert home_folder().name == ".workbench"
