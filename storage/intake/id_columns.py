"""An id that several columns make together becomes the one id that the house knows a comment by."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b

from storage.intake.batch import Batch

ID_COLUMN = "id:"  # begins a field whose column is one part of the id


def id_fields(fields: Iterable[str]) -> list[str]:
    """The fields that are a part of the id, in their order."""
    return [field for field in fields if field.startswith(ID_COLUMN)]


def joined(batches: Iterable[Batch], fields: Iterable[str]) -> Iterator[Batch]:
    """The batches with one field `id` for its parts: a hash of them, as one may be a whole text."""
    names = id_fields(fields)
    for batch in batches:
        if not names or not batch.lines:
            yield batch
            continue
        parts = zip(*(batch.fields[field] for field in names), strict=True)
        kept = {name: values for name, values in batch.fields.items() if name not in names}
        yield replace(batch, fields={**kept, "id": [_id(each) for each in parts]})


def _id(parts: tuple[str | None, ...]) -> str:
    return blake2b(json.dumps(parts).encode("ascii"), digest_size=16).hexdigest()
