import ast
import stat
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from storage.database import connect
from tests.building import kids, put_in, texts

ROOT = Path(__file__).resolve().parents[2]

# Each way out of the database file that safety reviews of DuckDB list; {folder} lies outside the home.
PROBES = {
    "read_csv": "SELECT * FROM read_csv('{folder}/secret.csv')",
    "read_text": "SELECT * FROM read_text('{folder}/secret.csv')",
    "read_blob": "SELECT * FROM read_blob('{folder}/secret.csv')",
    "read_json": "SELECT * FROM read_json('{folder}/secret.json')",
    "read_parquet": "SELECT * FROM read_parquet('{folder}/secret.parquet')",
    "sniff_csv": "SELECT * FROM sniff_csv('{folder}/secret.csv')",
    "glob": "SELECT * FROM glob('{folder}/*')",
    "environment": "SELECT * FROM read_text('/proc/self/environ')",
    "file as table": "SELECT * FROM '{folder}/secret.csv'",
    "copy to": "COPY (SELECT 1) TO '{folder}/out.csv'",
    "copy from": "CREATE TEMP TABLE t (a VARCHAR); COPY t FROM '{folder}/secret.csv'",
    "attach existing": "ATTACH '{folder}/other.duckdb' AS other",
    "attach new": "ATTACH '{folder}/new.duckdb' AS made",
    "export": "EXPORT DATABASE '{folder}/dump'",
    "install": "INSTALL httpfs",
    "load": "LOAD '{folder}/secret.duckdb_extension'",
    "http": "SELECT * FROM read_csv('http://127.0.0.1:9/a.csv')",
    "python variable": "SELECT * FROM python_variable",
    "set memory": "SET memory_limit = '100GB'",
    "set temp": "SET temp_directory = '{folder}'",
    "set secrets": "SET secret_directory = '{folder}'",
    "set extensions": "SET extension_directory = '{folder}'",
    "open up": "SET enable_external_access = true",
    "unlock": "SET lock_configuration = false",
    "profile to file": "PRAGMA profiling_output = '{folder}/profile.json'",
    "log to file": "CALL enable_logging(storage = 'file', storage_path = '{folder}/log')",
    "out by dots": "COPY (SELECT 1) TO '{home}/backups/../out.csv'",
    "own file": "SELECT * FROM read_blob('{home}/owner.lock')",
}


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """One database for all probes: they leave nothing behind."""
    opened = connect(tmp_path_factory.mktemp("locked") / "home")
    yield opened
    opened.close()


@pytest.fixture
def outside(tmp_path):
    """A folder that is not ours, with something in it for each probe."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.csv").write_text("a,b\n1,2\n")
    (folder / "secret.json").write_text('{"a": 1}\n')
    (folder / "secret.duckdb_extension").write_bytes(b"\x7fELF")
    with duckdb.connect(str(folder / "other.duckdb")) as other:
        other.execute("CREATE TABLE t AS SELECT 1 AS a")
        other.execute(f"COPY t TO '{folder}/secret.parquet'")
    return folder


def listed(folder):
    return sorted(path.name for path in folder.rglob("*"))


@pytest.mark.parametrize("probe", PROBES)
def test_no_statement_reaches_outside_the_database(locked, outside, probe):
    python_variable = pa.table({"a": [1]})  # noqa: F841 - the probe looks for it
    statement = PROBES[probe].format(folder=outside, home=locked.home)
    before = listed(outside), listed(locked.home)
    with locked.reading() as cursor, pytest.raises(duckdb.Error):
        cursor.execute(statement).fetchall()
    assert (listed(outside), listed(locked.home)) == before


@pytest.mark.parametrize("probe", ["read_csv", "glob", "copy to", "attach existing", "python variable"])
def test_the_probes_work_on_a_database_that_is_not_locked_down(outside, probe):
    with duckdb.connect() as open_one:
        python_variable = pa.table({"a": [1]})  # noqa: F841 - the probe looks for it
        open_one.execute(PROBES[probe].format(folder=outside, home=outside))


def test_a_link_in_the_backup_folder_does_not_lead_out(db, outside):
    (db.home / "backups" / "way-out").symlink_to(outside)
    with db.reading() as cursor, pytest.raises(duckdb.Error):
        cursor.execute(f"COPY (SELECT 1) TO '{db.home}/backups/way-out/out.csv'")
    assert "out.csv" not in listed(outside)


def test_a_backup_may_be_written_where_backups_belong(db):
    with db.reading() as cursor:
        cursor.execute(f"ATTACH '{db.home}/backups/copy.duckdb' AS copy_of_it")
        cursor.execute("COPY FROM DATABASE workbench TO copy_of_it")
        cursor.execute("DETACH copy_of_it")
    with duckdb.connect(str(db.home / "backups" / "copy.duckdb"), read_only=True) as copy:
        assert copy.execute("SELECT count(*) FROM datasets").fetchone() == (0,)


def test_the_lockdown_is_there_again_after_reopening(db, outside):
    db.close()
    again = connect(db.home)
    with again.reading() as cursor, pytest.raises(duckdb.Error):
        cursor.execute(f"SELECT * FROM read_csv('{outside}/secret.csv')")
    again.close()


def test_a_hostile_folder_name_is_only_a_name(tmp_path):
    opened = connect(tmp_path / "it's; DROP TABLE x; --")
    with opened.reading() as cursor, pytest.raises(duckdb.Error):
        cursor.execute("SET enable_external_access = true")
    opened.close()


def test_nobody_else_may_read_what_lies_in_the_home(db):
    kids(db)
    put_in(db, texts("one", "two"))
    db.vote_mark.note(1)
    for path in [db.home, *db.home.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, f"{path.name} is {mode:o}"


def test_new_files_of_the_process_are_private_from_then_on(db, tmp_path):
    (tmp_path / "later").write_text("x")
    assert stat.S_IMODE((tmp_path / "later").stat().st_mode) == 0o600


def program_files():
    skipped = {".venv", "tests", "benchmarks", "samples", "docs"}
    for path in sorted(ROOT.rglob("*.py")):
        if not skipped & set(path.relative_to(ROOT).parts):
            yield path


def test_only_one_function_opens_a_database():
    callers = []
    for path in program_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            opens = isinstance(node, ast.Attribute) and node.attr == "connect"
            if opens and isinstance(node.value, ast.Name) and node.value.id == "duckdb":
                callers.append(str(path.relative_to(ROOT)))
    assert callers == ["storage/database.py"]
