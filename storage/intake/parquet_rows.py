"""Parquet and Arrow: batches of rows, with a count of decoded bytes that does not trust the file's own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import BadInput
from storage.intake.batch import (
    MAX_COLUMNS,
    MAX_DECODED_BYTES,
    MAX_FIELD_CHARACTERS,
    Batch,
    FileFormat,
    FileLook,
    Finding,
    first_rows,
    refusal,
    without_refused,
)

_MAX_CELL_BYTES = 4 * MAX_FIELD_CHARACTERS + 4  # no text within the limit has more
_STEP_ROWS = 250  # even of texts of a megabyte, these fit into memory
_PORTION_ROWS = 5_000
_PORTION_BYTES = 8_000_000
_MAX_RATIO = 2_000  # a column of one word shrinks as no text does
_RATIO_COUNTS_FROM = 200_000_000
_STREAM = b"\xff\xff\xff\xff"


def columns_of(path: Path) -> tuple[str, ...]:
    """The names of the top-level columns.

    Raises:
        BadInput: not readable as Parquet or Arrow, more than 200 columns, or two of the same name.
    """
    return tuple(_schema(path).names)


def look(path: Path) -> FileLook:
    """Columns and first rows of the file; a nested column is named, but shown empty."""
    schema = _schema(path)
    flat = {name: name for name in schema.names if _is_plain(schema.field(name).type)}
    rows, findings = first_rows(_batches(path, flat, text_field=None))
    nested = tuple(
        Finding(0, "note", f"The column {name} is {schema.field(name).type}, which is not read.", "")
        for name in schema.names
        if name not in flat
    )
    shown = tuple({name: row.get(name) for name in schema.names} for row in rows)
    kind: FileFormat = "arrow" if is_arrow(path) else "parquet"
    return FileLook(kind, "", "", tuple(schema.names), shown, path.stat().st_size, nested + findings)


def batches(path: Path, columns: dict[str, str]) -> Iterator[Batch]:
    """The wanted columns (field name to column name) as text; numbers and times as Arrow writes them.

    A column that a Hugging Face data set holds as the numbers of named classes gives their names.

    Raises:
        BadInput: a wanted column is nested, the text is not a text column, or the file decodes to over 2 GB,
            or to far more than it is.
    """
    schema = _schema(path)
    for name, column in columns.items():
        kind = schema.field(column).type
        if not _is_plain(kind) or (name == "text" and not _is_text(kind)):
            raise BadInput(
                f"The column {column} is {kind}, {'not text' if name == 'text' else 'which is not read'}.",
                hint="Choose another column, or write this one as text.",
            )
    classes = _class_names(schema)
    for batch in _batches(path, columns, text_field="text"):
        for field, column in columns.items():
            if column in classes:
                batch.fields[field] = [_named(cell, classes[column]) for cell in batch.fields[field]]
        yield batch


def is_arrow(path: Path) -> bool:
    """Whether the file is Arrow's own, as a file or as the stream that Hugging Face saves."""
    with path.open("rb") as file:
        head = file.read(6)
    return head == b"ARROW1" or head.startswith(_STREAM)


def _batches(path: Path, columns: dict[str, str], *, text_field: str | None) -> Iterator[Batch]:
    done = 0
    wanted = list(dict.fromkeys(columns.values()))
    try:
        with _pieces(path, wanted) as (pieces, total):
            for portion in _portions(pieces, columns, path.stat().st_size):
                values = {name: portion.column(name).to_pylist() for name in columns}
                lines = range(done + 1, done + portion.num_rows + 1)
                done += portion.num_rows
                share = min(1.0, done / total) if total else 0.5
                yield _checked(Batch(lines, values, [], share), columns, text_field)
    except MemoryError:  # Arrow's own is an ArrowException too
        raise
    except (pa.ArrowException, OSError) as error:
        raise BadInput(
            f"The file cannot be read as Parquet after row {done}: {error}", hint="Copy or export it again."
        ) from error


@contextmanager
def _pieces(path: Path, wanted: list[str]) -> Iterator[tuple[Iterator[pa.RecordBatch], int]]:
    """The wanted columns in small pieces, and how many rows there are; 0 where that is not known."""
    if not is_arrow(path):
        with pq.ParquetFile(path) as file:
            pieces = file.iter_batches(batch_size=_STEP_ROWS, columns=wanted, use_threads=False)
            yield pieces, max(1, file.metadata.num_rows)
        return
    with pa.memory_map(str(path)) as source, _opened(source) as reader:
        yield (
            (
                batch.slice(start, _STEP_ROWS).select(wanted)
                for batch in _record_batches(reader)
                for start in range(0, batch.num_rows, _STEP_ROWS)
            ),
            0,
        )


def _opened(source: pa.NativeFile) -> pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader:
    is_file = source.read(6) == b"ARROW1"
    source.seek(0)
    return pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)


def _record_batches(
    reader: pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader,
) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.ipc.RecordBatchStreamReader):
        yield from reader
        return
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


def _portions(pieces: Iterator[pa.RecordBatch], columns: dict[str, str], size: int) -> Iterator[pa.Table]:
    """The wanted columns as bytes, by thousands of rows or by megabytes, whichever is less."""
    decoded = 0
    waiting: list[pa.Table] = []
    for piece in pieces:
        waiting.append(pa.table({name: _flat(piece.column(column)) for name, column in columns.items()}))
        decoded += waiting[-1].nbytes
        _check_decoded(decoded, size)
        if len(waiting) * _STEP_ROWS >= _PORTION_ROWS or sum(one.nbytes for one in waiting) > _PORTION_BYTES:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _check_decoded(decoded: int, size: int) -> None:
    """Refuse what grows too far; small files of equal rows, which shrink well, are none of it."""
    is_bomb = decoded > _RATIO_COUNTS_FROM and decoded > _MAX_RATIO * size
    if is_bomb or decoded > MAX_DECODED_BYTES:
        limit = f"{_MAX_RATIO:,} times its size" if is_bomb else f"{MAX_DECODED_BYTES:,} bytes"
        raise BadInput(
            f"The file decodes to more than {limit}.",
            hint="Split it, or leave out columns that are not needed.",
        )


def _class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Column to the names of its classes, as a Hugging Face data set tells them beside its schema."""
    try:
        told = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = told["info"]["features"]
        return {
            str(column): [str(name) for name in about["names"]]
            for column, about in features.items()
            if isinstance(about, dict) and about.get("_type") == "ClassLabel"
        }
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}  # what does not say it in their way, says nothing


def _named(cell: str | None, names: list[str]) -> str | None:
    if cell is None or cell == "-1":  # how theirs says that there is no label
        return None
    return names[int(cell)] if cell.isdecimal() and len(cell) < 6 and int(cell) < len(names) else cell


def _schema(path: Path) -> pa.Schema:
    try:
        if is_arrow(path):
            with pa.memory_map(str(path)) as source, _opened(source) as reader:
                schema = reader.schema
        else:
            schema = pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(
            f"The file cannot be read as Parquet: {error}", hint="Copy or export it again."
        ) from error
    if len(schema.names) > MAX_COLUMNS:
        raise BadInput(
            f"The file has {len(schema.names)} columns; at most {MAX_COLUMNS} are read.",
            hint="Export only the columns that are needed.",
        )
    if len(set(schema.names)) < len(schema.names):
        raise BadInput("Two columns of the file have the same name.", hint="Rename one of them.")
    return schema


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    numbers = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return bool(_is_text(kind) or numbers or pa.types.is_boolean(kind) or pa.types.is_temporal(kind))


def _flat(column: pa.Array) -> pa.Array:
    """The column as bytes: nobody has checked yet that its text is UTF-8."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not _is_text(column.type):
        column = column.cast(pa.string())
    return column.cast(pa.large_string()).view(pa.large_binary())


def _checked(batch: Batch, columns: dict[str, str], text_field: str | None) -> Batch:
    """The batch with its bytes made text, without the rows where that fails."""
    refused: dict[int, Finding] = {}
    fields: dict[str, list[str | None]] = {}
    for name, cells in batch.fields.items():
        fields[name] = texts = []
        for place, cell in enumerate(cells):
            text = None if cell is None else cell[:_MAX_CELL_BYTES].decode("utf-8", "surrogateescape")
            reason = _reason_against(text, cell, columns[name], is_text=name == text_field)
            if reason:
                refused.setdefault(place, refusal(batch.lines[place], reason, text or ""))
            texts.append(text if name == text_field else text or None)
    return without_refused(Batch(batch.lines, fields, [], batch.share), refused)


def _reason_against(text: str | None, cell: bytes | None, column: str, *, is_text: bool) -> str:
    if text is None or cell is None:
        return f"{column} is null." if is_text else ""
    if len(text) > MAX_FIELD_CHARACTERS:
        return f"{column} is longer than {MAX_FIELD_CHARACTERS:,} characters."
    return "" if text.isascii() or text.encode("utf-8", "replace") == cell else f"{column} is not UTF-8."
