import shutil

import duckdb
import pytest

from domain.errors import Conflict
from storage.database import connect
from storage.migrate import migrate, migrations
from tests.building import asked, kids, numbers, put_in, texts


@pytest.fixture
def folder(tmp_path):
    """Two released steps."""
    steps = tmp_path / "steps"
    steps.mkdir()
    (steps / "0001_first.sql").write_text("CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);")
    (steps / "0002_second.sql").write_text("ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 7;")
    return steps


@pytest.fixture
def plain(tmp_path):
    with duckdb.connect(str(tmp_path / "plain.duckdb")) as connection:
        yield connection


def test_a_fresh_file_gets_every_step_in_order(plain, folder):
    assert migrate(plain, folder) == ["0001_first", "0002_second"]
    assert plain.execute("SELECT x, y FROM a").fetchall() == [(1, 7)]


def test_opening_again_applies_nothing(plain, folder):
    migrate(plain, folder)
    assert migrate(plain, folder) == []
    assert plain.execute("SELECT count(*) FROM schema_migrations").fetchone() == (2,)


def test_an_older_file_gets_the_steps_that_are_new(plain, folder):
    migrate(plain, folder)
    (folder / "0003_third.sql").write_text("CREATE TABLE b (x INTEGER);")
    assert migrate(plain, folder) == ["0003_third"]


def test_a_step_that_fails_half_way_leaves_nothing_of_itself(plain, folder):
    (folder / "0003_third.sql").write_text(
        "CREATE TABLE b (x INTEGER); INSERT INTO a VALUES (2, 2); ALTER TABLE no_such ADD COLUMN x INTEGER;"
    )
    with pytest.raises(duckdb.Error):
        migrate(plain, folder)
    assert plain.execute("SELECT name FROM schema_migrations").fetchall() == [
        ("0001_first",),
        ("0002_second",),
    ]
    assert plain.execute("SELECT count(*) FROM a").fetchone() == (1,)
    assert plain.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'b'").fetchone() == (0,)


def test_a_step_that_failed_goes_in_once_it_is_repaired(plain, folder):
    (folder / "0003_third.sql").write_text("CREATE TABLE b (x INTEGER); SELECT * FROM no_such;")
    with pytest.raises(duckdb.Error):
        migrate(plain, folder)
    (folder / "0003_third.sql").write_text("CREATE TABLE b (x INTEGER);")
    assert migrate(plain, folder) == ["0003_third"]


def test_a_step_that_was_edited_after_its_release_is_refused(plain, folder):
    migrate(plain, folder)
    (folder / "0001_first.sql").write_text("CREATE TABLE a (x BIGINT);")
    with pytest.raises(Conflict, match="0001_first was changed") as raised:
        migrate(plain, folder)
    assert "new step" in raised.value.hint


def test_a_file_of_a_newer_program_is_refused(plain, folder):
    migrate(plain, folder)
    (folder / "0002_second.sql").unlink()
    with pytest.raises(Conflict, match="0002_second, which this program does not know"):
        migrate(plain, folder)


def test_the_released_steps_are_numbered_without_gaps():
    assert [step.number for step in migrations()] == list(range(1, len(migrations()) + 1))


def test_opening_a_home_again_keeps_what_is_in_it(db):
    kids(db)
    put_in(db, texts("one", "two"))
    before = asked(db, "SELECT * FROM schema_migrations ORDER BY number")
    db.close()
    again = connect(db.home)
    assert asked(again, "SELECT * FROM schema_migrations ORDER BY number") == before
    assert len(numbers(again)) == 2
    again.close()


def test_a_home_of_a_newer_program_is_let_go_of_again(db):
    with db.writing("any") as cursor:
        cursor.execute("INSERT INTO schema_migrations VALUES (9999, '9999_future', 'f00d', now()::TIMESTAMP)")
    db.close()
    for _ in range(2):  # the second time it is still not "held by another process"
        with pytest.raises(Conflict, match="9999_future"):
            connect(db.home)


def test_a_copy_of_a_home_opens_on_its_own(db, tmp_path):
    kids(db)
    db.close()
    copy = connect(shutil.copytree(db.home, tmp_path / "copy"))
    assert asked(copy, "SELECT dataset_id FROM datasets") == [("kids",)]
    copy.close()
