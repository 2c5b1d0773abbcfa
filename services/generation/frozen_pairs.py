"""Pairs as they are frozen: what a job reads, without any database."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import BadInput
from domain.pairs import Pair
from domain.splits import SPLITS

SCHEMA = pa.schema(
    [
        ("pair_id", pa.int64()), ("source", pa.string()), ("references", pa.list_(pa.string())),
        ("split", pa.string()), ("clean_source", pa.string()), ("clean_references", pa.list_(pa.string())),
    ]
)  # fmt: skip


def read_kept(path: Path, *, splits: Sequence[str] = SPLITS) -> list[Pair]:
    """The pairs of a frozen file, those of these splits, in its order.

    Raises:
        BadInput: the file is missing or damaged.
    """
    try:
        rows = pq.read_table(path, schema=SCHEMA).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"The pairs cannot be read: {error}", hint="Keep the pairs again.") from error
    return [
        Pair(
            row["pair_id"], row["source"], tuple(row["references"]), row["split"], row["clean_source"],
            tuple(row["clean_references"]),
        )
        for row in rows
        if row["split"] in splits
    ]  # fmt: skip


def table_of(pairs: Sequence[Pair]) -> pa.Table:
    """The pairs as the frozen file holds them."""
    return pa.Table.from_pylist(
        [{**vars(one), "references": list(one.references), "clean_references": list(one.clean_references)}
         for one in pairs],
        schema=SCHEMA,
    )  # fmt: skip


def sha256_of(pairs: Sequence[Pair]) -> str:
    """Over the original texts and splits, not over the bytes of a file."""
    whole = hashlib.sha256()
    for one in pairs:
        line = json.dumps([one.source, list(one.references), one.split], ensure_ascii=True)
        whole.update(line.encode() + b"\n")
    return whole.hexdigest()
