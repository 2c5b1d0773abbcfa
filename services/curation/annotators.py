"""Which columns of a file hold the votes of several annotators, as a person names them in a few words."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from domain.errors import BadInput
from domain.text import shortened
from storage.intake.parent import ID_COLUMN, VOTE_COLUMN, id_fields

_PATTERN_MARKS = "*?"


def with_annotators(
    present: Sequence[str], columns: dict[str, str], annotators: Sequence[str]
) -> dict[str, str]:
    """The mapping with the annotators' columns in it.

    One name is the column that tells who labelled a row: there is a row for each vote, and rows of the same
    text are votes on one comment unless an id says which comment they are about. More names, or a pattern
    such as `rater_*`, are columns of one annotator each, who are called as their columns are.

    Raises:
        BadInput: the file has no such column, or the labels stand in a column of their own too.
    """
    named = [column for wanted in annotators for column in _found(present, wanted)]
    named = list(dict.fromkeys(named))
    if not named:
        return columns
    kept = {field: column for field, column in columns.items() if column not in named}
    if len(named) == 1 and not any(mark in annotators[0] for mark in _PATTERN_MARKS):
        has_id = "id" in kept or id_fields(kept) or "text" not in kept
        identity = {} if has_id else {f"{ID_COLUMN}text": kept["text"]}
        return kept | {"annotator": named[0]} | identity
    if "label" in kept:
        raise BadInput(
            f"'{shortened(kept['label'])}' holds the labels, and so do columns of {len(named)} annotators.",
            hint="Leave the one column out: --column label=",
        )
    kept.pop("annotator", None)
    return kept | {f"{VOTE_COLUMN}{column}": column for column in named}


def _found(present: Sequence[str], wanted: str) -> list[str]:
    found = [column for column in present if column == wanted]
    found = found or [column for column in present if fnmatchcase(column, wanted)]
    if not found:
        raise BadInput(
            f"The file has no column {shortened(wanted)} of an annotator.",
            hint=f"It has {shortened(', '.join(present), 500)}.",
        )
    return found
