"""Labels spread over columns of 0 and 1 become the one answer that the rest of the house reads."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from domain.labels import answer_of
from storage.intake.batch import Batch

LABEL_COLUMN = "label:"  # begins a field whose column says 1 or 0 of the label behind it

_YES = frozenset(("1", "1.0", "true", "yes", "t", "y"))
_NO = frozenset(("0", "0.0", "false", "no", "f", "n"))


def label_fields(fields: Iterable[str]) -> dict[str, str]:
    """Field to label, for the fields that are one column of a label each."""
    return {field: field.removeprefix(LABEL_COLUMN) for field in fields if field.startswith(LABEL_COLUMN)}


def gathered(batches: Iterable[Batch], fields: Iterable[str]) -> Iterator[Batch]:
    """The batches with the columns of labels as one field `label`; as they are where there are none.

    A row without a value in any of them has no label. One with something else than 0 or 1 in one of them gets
    a label that says so and is in no label set.
    """
    names = label_fields(fields)
    for batch in batches:
        if not names or not batch.lines:
            yield batch
            continue
        columns = [batch.fields[field] for field in names]
        answers = [_answer(tuple(names.values()), cells) for cells in zip(*columns, strict=True)]
        kept = {name: values for name, values in batch.fields.items() if name not in names}
        yield replace(batch, fields={**kept, "label": answers})


def _answer(labels: tuple[str, ...], cells: tuple[str | None, ...]) -> str | None:
    said = [None if cell is None else cell.strip().casefold() or None for cell in cells]
    if not any(said):
        return None
    odd = [f"{label}={cell}" for label, cell in zip(labels, said, strict=True) if cell not in _YES | _NO]
    if odd:
        return f"({', '.join(odd)})"[:2_000]
    return answer_of((label for label, cell in zip(labels, said, strict=True) if cell in _YES), labels)
