"""How long sources and targets of pairs are in a base model's tokens, and how many would be cut."""

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import NotFound
from services.generation.asking import asked, check_prompt, own_prompt
from services.generation.pairs import get_pair_set, pairs_of
from services.modelling.base_models import folder_here
from services.modelling.tokens.length_counts import PairLengths
from services.modelling.tokens.tokenizer_lengths import counted_in
from storage.database import Database

SOURCE, TARGET = "source", "target"


def pair_lengths(
    db: Database,
    pair_set_id: str,
    *,
    base: str,
    revision: str | None = None,
    prompt: str | None = None,
    clean: bool = True,
) -> PairLengths:
    """The lengths for the tokenizer of a base model on this machine; nothing is fetched.

    Args:
        db: The database.
        pair_set_id: Whose train split.
        base: A folder, or a model on the hub that was fetched before.
        revision: Its commit.
        prompt: What stands around a source; None takes the task's own words.
        clean: Whether the cleaned texts are taken.

    Raises:
        NotFound: there are no such pairs, or the base model is not here.
        BadInput: its tokenizer cannot be read, or there is no pair to train on.
    """
    kept, folder = get_pair_set(db, pair_set_id), folder_here(base, revision)
    if folder is None:
        raise NotFound(
            f"{base} is not on this machine yet, so its tokens cannot be counted.",
            hint="The training fetches it and tells the lengths first; or give the folder of a model.",
        )
    body = prompt or own_prompt(kept.task).body
    check_prompt(body)
    rows: list[tuple[str, str]] = []
    for one in pairs_of(db, pair_set_id, splits=["train"]):
        rows.append((asked(body, one.clean_source if clean else one.source), SOURCE))
        rows += [(text, TARGET) for text in (one.clean_references if clean else one.references)]
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "texts.parquet"
        texts, kinds = zip(*rows, strict=True) if rows else ((), ())
        pq.write_table(pa.table({"text": pa.array(texts, pa.string()), "split": pa.array(kinds)}), file)
        return PairLengths(*(counted_in(file, kind, folder) for kind in (SOURCE, TARGET)))
