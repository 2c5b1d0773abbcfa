"""From the columns of a file to the fields of comments and votes, whatever shape the file has them in."""

from collections.abc import Iterable, Iterator

from storage.intake.batch import FIELDS, Batch
from storage.intake.id_columns import id_fields, joined
from storage.intake.label_columns import gathered, label_fields
from storage.intake.vote_columns import spread, vote_fields


def is_field(name: str) -> bool:
    """Whether a column of a file can be mapped to this: a field, or a prefix of this package and a name."""
    prefixed = [*id_fields([name]), *label_fields([name]), *vote_fields([name])]
    return name in FIELDS or any(not each.endswith(":") for each in prefixed)


def shaped(batches: Iterable[Batch], columns: dict[str, str]) -> Iterator[Batch]:
    """The batches with the fields of `FIELDS` only, and a row for each vote."""
    return spread(gathered(joined(batches, columns), columns), columns)
