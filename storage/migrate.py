"""Bring a database file to this program's schema, one numbered file at a time."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from domain.errors import Conflict

_FOLDER = Path(__file__).parent / "migrations"
_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
  number INTEGER NOT NULL,
  name VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  applied_at TIMESTAMP NOT NULL
)
"""


@dataclass(frozen=True)
class Migration:
    """One numbered step, as the file says it."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(folder: Path = _FOLDER) -> list[Migration]:
    """The steps of `folder`, in order. A file is named NNNN_what.sql."""
    files = sorted(folder.glob("[0-9]*.sql"))
    return [Migration(int(file.stem[:4]), file.stem, file.read_text(encoding="utf-8")) for file in files]


def migrate(connection: duckdb.DuckDBPyConnection, folder: Path = _FOLDER) -> list[str]:
    """Apply what is missing, each file and its record in one transaction.

    Returns:
        The names of the steps applied now.

    Raises:
        Conflict: the file is of a newer program, or a step was edited after it had been applied here.
    """
    connection.execute(_LEDGER)
    applied = {
        number: (name, sha256)
        for number, name, sha256 in connection.execute(
            "SELECT number, name, sha256 FROM schema_migrations"
        ).fetchall()
    }
    steps = migrations(folder)
    _check(applied, steps)
    done = []
    for step in steps:
        if step.number not in applied:
            _apply(connection, step)
            done.append(step.name)
    return done


def _check(applied: dict[int, tuple[str, str]], steps: list[Migration]) -> None:
    known = {step.number: step for step in steps}
    for number, (name, sha256) in sorted(applied.items()):
        if number not in known:
            raise Conflict(
                f"The database has step {name}, which this program does not know.",
                hint="It was written by a newer version: update the program, or open a copy made before.",
            )
        if known[number].sha256 != sha256:
            raise Conflict(
                f"Step {name} was changed after it had been applied to this database.",
                hint="Restore the file as it was released and write the change as a new step.",
            )


def _apply(connection: duckdb.DuckDBPyConnection, step: Migration) -> None:
    connection.execute("BEGIN")
    try:
        connection.execute(step.sql)
        connection.execute(
            "INSERT INTO schema_migrations VALUES ($number, $name, $sha256, now()::TIMESTAMP)",
            {"number": step.number, "name": step.name, "sha256": step.sha256},
        )
    except duckdb.Error:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
