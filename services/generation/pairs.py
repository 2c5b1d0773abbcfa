"""Keep the pairs of a file under a dataset, frozen, so that a model can learn to write from them."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from domain.errors import BadInput, NotFound
from domain.pairs import FINDINGS_FILE, PAIRS_FILE, TASKS, Pair, PairSet
from domain.people import actor_named
from domain.splits import SPLITS, split_of_group
from domain.text import match_key, shortened
from services.generation.cleaning import CLEANING_VERSION, cleaned
from services.generation.frozen_pairs import read_kept, sha256_of, table_of
from services.generation.layouts import RawPair, read_pairs
from services.generation.words import words_of
from storage.database import Database
from storage.datasets import get_dataset
from storage.pairs import add_pair_set, get_pair_set, list_pair_sets, pair_set_folder

__all__ = ["PairSet", "get_pair_set", "keep_pairs", "list_pair_sets", "pairs_of", "refusals_of"]

MAX_NAME = 100  # characters
FEWEST_PAIRS = 10


def keep_pairs(
    db: Database,
    dataset_id: str,
    path: Path,
    *,
    task: str,
    actor: str,
    name: str = "",
    file_name: str = "",
    columns: Mapping[str, str] | None = None,
) -> PairSet:
    """Keep the pairs of a file that are whole; list the rest.

    Sources that read alike never stand in two splits; rows with the same source become one pair with the
    references of all. A column `split` decides where the file has one, else the source's hash does.

    Args:
        db: The database.
        dataset_id: Under which they are kept.
        path: A .tsv, .csv or .jsonl in one of the layouts of `layouts.py`.
        task: One of TASKS.
        actor: Who keeps them.
        name: For people; by default the name of the file.
        file_name: Of the file, where `path` is a copy of it.
        columns: `source` and `reference` to the names in the file.

    Raises:
        NotFound: there is no such dataset.
        BadInput: the file cannot be read, holds too few pairs, or there is no such task.
        Conflict: the dataset holds the same pairs already.
    """
    who, known_as = actor_named(actor), file_name or path.name
    get_dataset(db, dataset_id)
    if task not in TASKS:
        raise BadInput(f"There is no task {task!r}.", hint=f"Tasks: {', '.join(TASKS)}.")
    if len(name) > MAX_NAME:
        raise BadInput(f"The name '{shortened(name)}' is too long.", hint=f"At most {MAX_NAME} characters.")
    try:
        read = read_pairs(path, columns=columns)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.", hint="Is it there?") from error
    pairs = joined(read.pairs)
    if len(pairs) < FEWEST_PAIRS:
        raise BadInput(
            f"'{shortened(known_as)}' holds {len(pairs)} pairs.", hint=f"At least {FEWEST_PAIRS} are needed."
        )
    refused = sorted(read.refused)

    def write(folder: Path) -> None:
        pq.write_table(table_of(pairs), folder / PAIRS_FILE, compression="zstd")
        lines = (json.dumps({"row": row, "reason": why}) + "\n" for row, why in refused)
        (folder / FINDINGS_FILE).write_text("".join(lines), encoding="utf-8")

    return add_pair_set(
        db,
        dataset_id,
        task=task,
        name=name.strip() or known_as,
        file_name=known_as,
        sha256=sha256_of(pairs),
        counts=_counts(pairs, len(refused), read.layout),
        actor=who,
        write=write,
    )


def joined(raw: Iterable[RawPair]) -> list[Pair]:
    """One pair per source, in the order of the file; sources that read alike share the split of the first."""
    references: dict[str, dict[str, None]] = {}
    first: dict[str, RawPair] = {}
    splits: dict[str, str] = {}
    for one in raw:
        first.setdefault(one.source, one)
        references.setdefault(one.source, {}).update(dict.fromkeys(one.references))
    pairs = []
    for number, (source, one) in enumerate(first.items(), 1):
        texts, key = tuple(references[source]), match_key(source) or source
        pairs.append(
            Pair(
                pair_id=number,
                source=one.source,
                references=texts,
                split=splits.setdefault(key, one.split or split_of_group(key, "pairs")),
                clean_source=cleaned(one.source),
                clean_references=tuple(map(cleaned, texts)),
            )
        )
    return pairs


def pairs_of(db: Database, pair_set_id: str, *, splits: Sequence[str] = SPLITS) -> list[Pair]:
    """The pairs of a set.

    Raises:
        NotFound: there is no such set.
        BadInput: its file is damaged.
    """
    get_pair_set(db, pair_set_id)
    return read_kept(pair_set_folder(db.home, pair_set_id) / PAIRS_FILE, splits=splits)


def refusals_of(db: Database, pair_set_id: str) -> list[tuple[int, str]]:
    """The rows of the file that could not be kept, each with its reason.

    Raises:
        NotFound: there is no such set, or its list is gone.
    """
    get_pair_set(db, pair_set_id)
    file = pair_set_folder(db.home, pair_set_id) / FINDINGS_FILE
    if not file.is_file():
        raise NotFound(f"{pair_set_id} has no list of refused rows.", hint="Keep the pairs again.")
    told = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return [(int(one["row"]), str(one["reason"])) for one in told]


def _counts(pairs: Sequence[Pair], refused: int, layout: str) -> dict[str, object]:
    splits = Counter(one.split for one in pairs)
    references = Counter(len(one.references) for one in pairs)
    sources = [len(words_of(one.clean_source)) for one in pairs]
    targets = [len(words_of(text)) for one in pairs for text in one.clean_references]
    return {
        **{split: splits[split] for split in SPLITS},
        "refused": refused,
        "layout": layout,
        "references": {str(count): times for count, times in sorted(references.items())},
        "source_words": _lengths(sources),
        "target_words": _lengths(targets),
        "cleaned": sum(one.clean_source != one.source for one in pairs),
        "cleaning": CLEANING_VERSION,
    }


def _lengths(counts: Sequence[int]) -> dict[str, int]:
    return {"median": int(np.median(counts)), "p99": int(np.percentile(counts, 99))}
