"""Several votes in a row, a column for each annotator or counts for each label, become a row each."""

from collections.abc import Iterable, Iterator
from typing import Any

from storage.intake.batch import Batch, Finding, storable

VOTE_COLUMN = "vote:"  # begins a field whose column holds the label that the annotator behind it gave
COUNT_COLUMN = "count:"  # begins a field whose column says how many people gave the label behind it

MAX_COUNT = 1_000

_Vote = tuple[str | None, str | None]  # annotator and label


def vote_fields(fields: Iterable[str]) -> dict[str, str]:
    """Field to annotator, or to label where the column counts, for the fields that hold votes."""
    return {
        field: field.removeprefix(prefix)
        for field in fields
        for prefix in (VOTE_COLUMN, COUNT_COLUMN)
        if field.startswith(prefix)
    }


def spread(batches: Iterable[Batch], fields: Iterable[str]) -> Iterator[Batch]:
    """The batches with a row for each vote, in the fields `annotator` and `label`; as they are without votes.

    `votes` of such a batch numbers the rows of one comment from 0. A row in which nobody voted stays as one
    row without a label. Those whom a column only counts are called (counted 1), (counted 2) and so on.
    """
    names = vote_fields(fields)
    for batch in batches:
        yield _spread(batch, names) if names and batch.lines else batch


def _spread(batch: Batch, names: dict[str, str]) -> Batch:
    findings: list[Finding] = []
    places: list[int] = []
    numbers: list[int] = []
    votes: list[_Vote] = []
    columns = [batch.fields[field] for field in names]
    for place, cells in enumerate(zip(*columns, strict=True)):
        found = _votes(names, cells, batch.lines[place], findings) or [(None, None)]
        places += [place] * len(found)
        numbers += range(len(found))
        votes += found
    fields: dict[str, list[Any]] = {
        name: [values[place] for place in places]
        for name, values in batch.fields.items()
        if name not in names
    }
    fields |= {"annotator": [who for who, _ in votes], "label": [label for _, label in votes]}
    lines = [batch.lines[place] for place in places]
    return Batch(lines, fields, batch.findings + findings, batch.share, numbers)


def _votes(
    names: dict[str, str], cells: tuple[str | None, ...], line: int, findings: list[Finding]
) -> list[_Vote]:
    votes: list[_Vote] = []
    counted = 0
    for (field, name), cell in zip(names.items(), cells, strict=True):
        if cell is None or not cell.strip():
            continue
        if field.startswith(VOTE_COLUMN):
            votes.append((name, cell))
            continue
        count = _count(cell)
        if count is None:
            reason = (
                f"The count of {storable(name, 60)} is no whole number from 0 to {MAX_COUNT:,}; left out."
            )
            findings.append(Finding(line, "note", reason, storable(cell)))
            continue
        votes += [(f"(counted {counted + each})", name) for each in range(1, count + 1)]
        counted += count
    return votes


def _count(cell: str) -> int | None:
    digits = cell.strip().removesuffix(".0")
    is_count = digits.isascii() and digits.isdigit() and len(digits) < 6 and int(digits) <= MAX_COUNT
    return int(digits) if is_count else None
