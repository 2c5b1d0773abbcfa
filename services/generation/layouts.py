"""Pairs read from files: which columns hold the source, and which the references."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from domain.errors import BadInput
from domain.json_text import Json, NotJson, read_json
from domain.splits import split_named
from storage.intake import csv_rows
from storage.intake.encodings import encoding_of
from storage.intake.lines import encoding_reason, is_damaged, line_blocks

MAX_FILE_BYTES = 200_000_000
ENDINGS = (".tsv", ".csv", ".jsonl")
MOST_REFERENCES = 10

# The layouts by name: the column of the source, and how those of the references are called. A number may
# follow the latter: neutral1, neutral2; summary1, summary2.
LAYOUTS: dict[str, tuple[str, str]] = {
    "ParaDetox": ("toxic", "neutral"),
    "TextDetox": ("toxic_sentence", "neutral_sentence"),
    "DialogSum": ("dialogue", "summary"),
    "dialogue and reply": ("dialogue", "reply"),
    "context and response": ("context", "response"),
    "source and references": ("source", "reference"),
    "source and target": ("source", "target"),
    "prompt and completion": ("prompt", "completion"),
}


@dataclass(frozen=True)
class RawPair:
    """A row as it stands: its place in the file, the source, the references, and its split, if told."""

    row: int
    source: str
    references: tuple[str, ...]
    split: str | None


@dataclass
class ReadPairs:
    """The pairs of a file, its layout, and the rows that could not be used, each with the reason."""

    layout: str = ""
    pairs: list[RawPair] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


def read_pairs(path: Path, *, columns: Mapping[str, str] | None = None) -> ReadPairs:
    """The pairs of a .tsv, .csv or .jsonl file.

    A .tsv is read without quotes: a lone quote mark in a comment would swallow the rows after it.

    Args:
        path: The file.
        columns: `source` and `reference` to the names in the file, where it has none of the known layouts.

    Raises:
        BadInput: the file cannot be read, is too large, or its columns are none of the layouts'.
    """
    read = ReadPairs()
    _add_all(rows_of(path, read), read, columns)
    if not read.pairs:
        raise BadInput(
            f"'{path.name}' holds no pair: {len(read.refused):,} rows were refused.",
            hint="A row needs a source and at least one reference.",
        )
    return read


def rows_of(path: Path, read: ReadPairs) -> Iterator[tuple[int, dict[str, Json]]]:
    """Every row of the file with its number; those that cannot be read are refused in `read`.

    Raises:
        BadInput: the file as a whole cannot be read, or is too large.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise BadInput(f"'{path.name}' cannot be read.", hint=f"Its name must end in {', '.join(ENDINGS)}.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise BadInput(f"'{path.name}' is larger than {MAX_FILE_BYTES:,} bytes.", hint="Split it.")
    return {".tsv": _tsv_rows, ".csv": _csv_rows, ".jsonl": _jsonl_rows}[ending](path, read)


def _add_all(
    rows: Iterable[tuple[int, dict[str, Json]]], read: ReadPairs, columns: Mapping[str, str] | None
) -> None:
    """Sort every row into a pair or a refusal; the first one decides which layout it is."""
    for row, cells in rows:
        if not read.layout:
            read.layout, source, reference = layout_of(cells, columns)
        found = texts_in(cells.get(source))
        references = [
            text
            for name in sorted(cells, key=by_number)
            if stem(name) == reference
            for text in texts_in(cells[name])
        ]
        if not found:
            read.refused.append((row, f"'{source}' is empty."))
        elif not references:
            read.refused.append((row, f"No '{reference}' says anything."))
        else:
            kept = tuple(dict.fromkeys(references))[:MOST_REFERENCES]
            told = str(cells.get("split") or "")
            read.pairs.append(RawPair(row, "\n".join(found), kept, split_named(told)))


def layout_of(cells: Mapping[str, Json], columns: Mapping[str, str] | None = None) -> tuple[str, str, str]:
    """The layout of a row with these columns: its name, the source's column, the stem of the references'.

    Raises:
        BadInput: the columns are none of the known ones, or one that was named is not there.
    """
    stems = {stem(name) for name in cells}
    if columns:
        source, reference = columns.get("source", "source"), columns.get("reference", "reference")
        if source not in cells or stem(reference) not in stems:
            raise BadInput(
                f"There is no column '{source if source not in cells else reference}'.",
                hint=f"Columns: {', '.join(list(cells)[:12])}.",
            )
        return "named columns", source, stem(reference)
    for name, (source, reference) in LAYOUTS.items():
        if source in cells and reference in stems:
            return name, source, reference
    known = "; ".join(f"{source} and {reference}" for source, reference in LAYOUTS.values())
    raise BadInput(
        f"These columns are no pairs: {', '.join(list(cells)[:12])}.",
        hint=f"Known: {known}. Or name them: --column source=COLUMN --column reference=COLUMN.",
    )


def _tsv_rows(path: Path, read: ReadPairs) -> Iterator[tuple[int, dict[str, Json]]]:
    names: list[str] = []
    for row, line in _lines(path, read):
        cells = line.split("\t")
        if not names:
            names = [name.strip().lstrip("\ufeff") for name in cells]
        elif len(cells) != len(names):
            read.refused.append((row, f"{len(cells)} cells where the header has {len(names)}."))
        else:
            yield row, dict(zip(names, cells, strict=True))


def _csv_rows(path: Path, read: ReadPairs) -> Iterator[tuple[int, dict[str, Json]]]:
    layout = csv_rows.layout_of(path)
    for batch in csv_rows.batches(path, layout, {name: name for name in layout.columns}):
        read.refused += [(finding.line, finding.reason) for finding in batch.findings]
        for place, row in enumerate(batch.lines):
            yield row, {name: values[place] for name, values in batch.fields.items()}


def _jsonl_rows(path: Path, read: ReadPairs) -> Iterator[tuple[int, dict[str, Json]]]:
    for row, line in _lines(path, read):
        if not line.strip():
            continue
        try:
            value = read_json(line)
        except NotJson as error:
            read.refused.append((row, str(error)))
            continue
        if isinstance(value, dict):
            yield row, value
        else:
            read.refused.append((row, "The line is no JSON object."))


def _lines(path: Path, read: ReadPairs) -> Iterator[tuple[int, str]]:
    encoding, before = encoding_of(path), 0
    for block in line_blocks(path, encoding):
        for row, line in enumerate(block.lines, start=before + 1):
            if block.damaged and is_damaged(line):
                read.refused.append((row, encoding_reason(line, encoding)))
            else:
                yield row, line.rstrip("\r\n")
        before += len(block.lines)


def texts_in(cell: Json) -> list[str]:
    """What a cell says: a text, or a list of texts, as the turns of a dialogue or several references."""
    values = cell if isinstance(cell, list) else [cell]
    return [value.strip() for value in values if isinstance(value, str) and value.strip()]


def stem(name: str) -> str:
    """The name of a column without the number at its end."""
    plain = name.rstrip("0123456789").rstrip("_ ")
    return plain.removesuffix("s") if plain in ("references", "targets", "summaries") else plain


def by_number(name: str) -> tuple[int, str]:
    """What sorts neutral2 before neutral10."""
    digits = name[len(name.rstrip("0123456789")) :]
    return int(digits or 0), name
