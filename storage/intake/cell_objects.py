"""JSON inside the cells of a column: each object becomes a row of its own, repaired where that is certain."""

from collections.abc import Iterable, Iterator
from typing import Any

from domain.column_names import EXPORTED_DECISION, EXPORTED_VOTES
from domain.json_cells import read_cell
from domain.json_text import Json
from storage.intake.batch import Batch, FileLook, Finding, refusal, storable
from storage.intake.conversation import with_roles
from storage.intake.id_columns import id_fields
from storage.intake.json_objects import Refused
from storage.intake.jsonl_rows import cell_of, text_of
from storage.intake.whole_rows import WholeRows, is_cell

_RAW = "(cell)"  # the field that the cells with JSON are read as


def cell_column(columns: dict[str, str], present: tuple[str, ...]) -> str | None:
    """The column whose cells hold what the mapping names, as `data` where it names `data.prompt`."""
    wanted = [column for column in columns.values() if column not in present]
    found = {name for column in wanted for name in present if column.startswith(f"{name}.")}
    return max(found, key=len) if found else None


def reader_columns(columns: dict[str, str], present: tuple[str, ...]) -> dict[str, str]:
    """What the reader of the file is asked for: the cells as they are, beside the plain columns."""
    holder = cell_column(columns, present)
    plain = {field: column for field, column in columns.items() if column in present}
    return plain if holder is None else plain | {_RAW: holder}


def opened(
    batches: Iterable[Batch], columns: dict[str, str], present: tuple[str, ...], whole: WholeRows | None
) -> Iterator[Batch]:
    """The batches with a row for each object of a cell; as they are where the mapping names none.

    Several objects of one row are told apart by their place in it, as 4:1 and 4:2 where the row's id is 4.
    A row that is refused is kept whole, where the reader was asked for all of it.
    """
    holder = cell_column(columns, present)
    if holder is None:
        yield from batches
        return
    inner = {
        field: column.removeprefix(f"{holder}.") for field, column in columns.items() if column not in present
    }
    for batch in batches:
        yield _opened(batch, inner, whole)


def with_cell_columns(look: FileLook) -> tuple[str, ...]:
    """The columns of the file, and those of the objects in its cells, as the first rows have them."""
    more: dict[str, None] = {}
    for name in (name for name in look.columns if name not in (EXPORTED_VOTES, EXPORTED_DECISION)):
        cells = [cell for row in look.rows if (cell := row.get(name)) and _looks_like_json(cell)]
        for cell in cells:
            more.update({f"{name}.{key}": None for one in _objects(cell)[0] for key in one})
    return (*look.columns, *(name for name in more if name not in look.columns))


def _opened(batch: Batch, inner: dict[str, str], whole: WholeRows | None) -> Batch:
    lines: list[int] = []
    findings: list[Finding] = []
    kept = [field for field in batch.fields if field != _RAW and not is_cell(field)]
    is_own = bool({"id", *id_fields(inner)} & inner.keys())  # then the objects name their ids themselves
    numbered = None if is_own else next((field for field in ("id", *id_fields(kept)) if field in kept), None)
    fields: dict[str, list[Any]] = {field: [] for field in (*kept, *inner)}
    for place, cell in enumerate(batch.fields[_RAW]):
        line = batch.lines[place]
        objects, repairs, reason = _objects(cell or "")
        if repairs:
            findings.append(Finding(line, "note", f"Repaired: {'; '.join(repairs)}.", storable(cell or "")))
        raw = cell or "" if whole is None else whole.raw(batch, place)
        if reason:
            findings.append(refusal(line, reason, raw))
        for number, one in enumerate(objects, 1):
            try:
                found = {
                    field: text_of(one, key) if field == "text" else cell_of(_plain(one.get(key)), key)
                    for field, key in inner.items()
                }
            except Refused as refused:
                findings.append(refusal(line, str(refused), raw))
                continue
            lines.append(line)
            for field in kept:
                value = batch.fields[field][place]
                is_one_of_several = field == numbered and value and len(objects) > 1
                fields[field].append(f"{value}:{number}" if is_one_of_several else value)
            for field, value in found.items():
                fields[field].append(value)
    return Batch(lines, fields, batch.findings + findings, batch.share)


def _objects(cell: str) -> tuple[list[dict[str, Any]], tuple[str, ...], str]:
    """The objects of a cell, what was repaired, why there are none; messages alone are one conversation."""
    read = read_cell(cell)
    found: list[dict[str, Any]] = [*read.objects]
    if found and all("role" in one and "content" in one for one in found):
        found = [{"messages": found}]
    return [with_roles(one) for one in found], read.repairs, read.reason


def _plain(value: Json) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _looks_like_json(cell: str) -> bool:
    return cell.lstrip("\ufeff \"'“”‘’")[:1] in ("{", "[")
