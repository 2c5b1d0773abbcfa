"""The refused rows of an import as a file of the same columns: mended there, they are imported again."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from domain.column_names import REFUSED_COLUMNS
from domain.errors import BadInput
from services.release.writers import Rows, write_file
from storage.database import Database
from storage.imports import Finding, Import, get_import, list_findings
from storage.intake.parent import MARKS_COLUMN, MAX_RAW_CHARACTERS, cells_of, mark_of

_CUT = f" Only the first {MAX_RAW_CHARACTERS:,} characters are here."


def write_refused(db: Database, import_id: int, path: Path) -> int:
    """Write the refused rows with the file's own columns, where each stood and why; return how many.

    What stood there is in a column of its own as well, for no cell can be told where a record is broken; what
    is more than the columns stands in the last of them. A row that comes back unchanged is refused again.

    Args:
        path: Ends in .csv, .jsonl, .parquet or .xlsx. An existing file is replaced when the new one is whole.

    Raises:
        NotFound: there is no such import.
        BadInput: it is older than such files, or the place cannot be written to.
    """
    done = get_import(db, import_id)
    file: dict[str, Any] = done.mapping.get("file", {})
    if not file.get("columns"):
        raise BadInput(
            f"Import {import_id} does not know the columns of '{done.file_name}'.",
            hint="Import the file again: what is in stays, and its refused rows are kept with their columns.",
        )
    columns = [name for name in file["columns"] if name not in (*REFUSED_COLUMNS, MARKS_COLUMN)]
    header = [*columns, *REFUSED_COLUMNS]  # an import passes over those that it has no field for
    refused = [one for one in list_findings(db, import_id) if one.kind == "refused"]
    rows = [_row(one, done, columns) for one in refused]
    table = pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in header]))
    return write_file(Rows(table.schema, table.num_rows, table.to_batches()), path)


def _row(one: Finding, done: Import, columns: list[str]) -> dict[str, str]:
    is_cut = len(one.raw) >= MAX_RAW_CHARACTERS and _CUT not in one.reason
    cells = dict.fromkeys(columns, "") | _cells(one.raw, done, columns)
    told = (str(one.line), one.reason + (_CUT if is_cut else ""), one.raw, mark_of(cells))
    return cells | dict(zip(REFUSED_COLUMNS, told, strict=True))


def _cells(raw: str, done: Import, columns: list[str]) -> dict[str, str]:
    """The cells of a refused row by their columns, as far as they can be told apart."""
    file, holder = done.mapping["file"], _holder(done, columns)
    if raw.lstrip()[:1] == "{" and file["format"] not in ("csv", "xlsx"):
        found = {name: cell for name, cell in _values(raw).items() if name in columns}
        if found or (file["format"] in ("json", "jsonl") and not holder):
            return found
    if file["format"] not in ("csv", "xlsx"):
        return {holder or done.mapping["columns"]["text"]: raw}  # of a table of values only the text is kept
    if holder and raw.lstrip()[:1] in ("{", "["):
        return {holder: raw}  # as imports kept it when a row of such a file was not kept whole
    cells, last = cells_of(raw, file["delimiter"], file["quoting"]), len(columns) - 1
    if len(cells) > len(file["columns"]):
        cells = [*cells[:last], file["delimiter"].join(cells[last:])]
    return {name: cell for name, cell in zip(file["columns"], cells, strict=False) if name in columns}


def _holder(done: Import, columns: list[str]) -> str | None:
    """The column whose cells hold JSON that the mapping names, as `data` for `data.prompt`."""
    named = [name for name in done.mapping["columns"].values() if name not in columns]
    return next((name for name in columns if any(one.startswith(f"{name}.") for one in named)), None)


def _values(raw: str) -> dict[str, str]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return {
        str(name): value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in found.items()
        if value is not None
    }
