"""The token budget of a snapshot: comments are counted once, prompts and balances never count them again."""

from collections import Counter as Tally
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from domain.errors import BadInput, Conflict
from domain.splits import SPLITS
from services.modelling.formats.chat import prompt_for
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.tokens.budget import (
    TOKENS_PER_EXAMPLE,
    ExampleCounts,
    TokenBudget,
    budget,
    tokens_of_message,
)
from services.modelling.tokens.comment_tokens import count_snapshot, counter_of
from services.modelling.tokens.costs import ModelCost, costs_of
from services.modelling.tokens.encodings import ENCODINGS, Encoding, encoding_of, get_encoding
from services.several import refuse_several
from storage.database import Database
from storage.snapshots import get_snapshot
from storage.token_counts import get_counts_table

__all__ = ["DEFAULT_LIMIT", "SnapshotBudget", "budget_of_snapshot", "chosen_comments", "count_snapshot"]

DEFAULT_LIMIT = 65_536


@dataclass(frozen=True)
class LabelCount:
    """Examples of one label: all there are, and those that the class balance keeps."""

    label: str
    examples: int
    kept: int


@dataclass(frozen=True)
class LongExample:
    """An example over the limit; `cut` tokens of its end would be lost, first of all the answer."""

    comment_id: int
    label: str
    tokens: int
    cut: int
    answer_is_lost: bool


@dataclass(frozen=True)
class SnapshotBudget:
    """What the examples of a split cost.

    Attributes:
        model: The hosted model that encoding and limit are of; None where they were given.
        system_prompt_tokens: Of the prompt alone; it stands in every example.
        left_out: Comments with nothing to see in them; they make no example.
        long_examples: Those over the limit.
        special_comment_ids: Comments holding special tokens such as <|endoftext|>: hosts refuse the file.
        costs: Per hosted model, with the date of the prices.
        no_new_jobs_after: The last day on which a job can be made.
    """

    snapshot_id: str
    split: str
    model: str | None
    budget: TokenBudget
    system_prompt_tokens: int
    labels: tuple[LabelCount, ...]
    left_out: int
    long_examples: tuple[LongExample, ...]
    special_comment_ids: tuple[int, ...]
    costs: tuple[ModelCost, ...]
    prices_as_of: date
    prices_source: str
    no_new_jobs_after: date


def budget_of_snapshot(
    db: Database,
    snapshot_id: str,
    *,
    split: str = "train",
    system_prompt: str,
    today: date,
    model: str | None = None,
    encoding: str | None = None,
    limit: int | None = None,
    shares: Mapping[str, float] | None = None,
) -> SnapshotBudget:
    """The budget of the chat examples made of a split, equal to counting the file that would be written.

    Args:
        system_prompt: Stands in every example.
        today: Decides which models are shut.
        model: A hosted model; gives encoding and limit where they are not given.
        shares: Per label, the share of its comments that is kept, 0 to 1; a label not named is kept whole.

    Raises:
        NotFound: there is no such snapshot, model or encoding.
        BadInput: a share, split or limit is not possible, the prompt is blank, or no example is left.
        Conflict: comments of the snapshot are not counted yet.
    """
    snapshot, table = get_snapshot(db, snapshot_id), hosted_models(db.home)
    if not system_prompt.strip():
        raise BadInput("The system prompt is empty.", hint="Use the guideline as system prompt.")
    hosted = table.named(model) if model else None
    counts = get_encoding(encoding or (encoding_of(model) if model else ENCODINGS[0]))
    rows = _counted_rows(db, snapshot_id, split, counts)
    is_kept = _is_kept(rows, shares or {})
    kept = rows.filter(is_kept)
    found_tokens = _tokens(kept, system_prompt, counts)
    most = limit or (hosted.example_limit if hosted else DEFAULT_LIMIT)
    found = budget(found_tokens, encoding=counts, limit=most)
    return SnapshotBudget(
        snapshot_id=snapshot_id,
        split=split,
        model=model,
        budget=found,
        system_prompt_tokens=counts.count(system_prompt),
        labels=_label_counts(snapshot.labels, rows, kept),
        left_out=rows.column("tokens").null_count,
        long_examples=tuple(_long_examples(kept, found_tokens, found)),
        special_comment_ids=tuple(kept.filter(kept.column("has_special_token"))["comment_id"].to_pylist()),
        costs=costs_of(found_tokens.tokens, found, table, today),
        prices_as_of=table.as_of,
        prices_source=table.source,
        no_new_jobs_after=table.no_new_jobs_after,
    )


def chosen_comments(
    db: Database, snapshot_id: str, *, split: str, encoding: str, shares: Mapping[str, float] | None
) -> set[int]:
    """The comments whose examples `budget_of_snapshot` counts with the same shares.

    Raises:
        NotFound: there is no such snapshot or encoding.
        BadInput: a share or the split is not possible.
        Conflict: comments of the snapshot are not counted yet.
    """
    get_snapshot(db, snapshot_id)
    rows = _counted_rows(db, snapshot_id, split, get_encoding(encoding))
    return set(rows.filter(_is_kept(rows, shares or {})).column("comment_id").to_pylist())


def _counted_rows(db: Database, snapshot_id: str, split: str, counts: Encoding) -> pa.Table:
    if split not in SPLITS:
        raise BadInput(f"There is no split '{split[:60]}'.", hint=f"Splits: {', '.join(SPLITS)}.")
    refuse_several(get_snapshot(db, snapshot_id), "Examples for hosted models")
    rows = get_counts_table(db, snapshot_id, split=split, counter=counter_of(counts))
    if not pc.all(rows.column("is_counted"), min_count=0).as_py():
        raise Conflict(f"Comments of {snapshot_id} are not counted yet.", hint="Count the snapshot first.")
    return rows


def _is_kept(rows: pa.Table, shares: Mapping[str, float]) -> NDArray[np.bool_]:
    """Which rows make an example and are kept: of each label its share, those with the lowest places.

    A larger share keeps all that a smaller one keeps.
    """
    kept = np.array(rows.column("tokens").is_valid().to_numpy(), dtype=bool)
    labels, places = rows.column("label").to_numpy(), rows.column("place").to_numpy()
    for label, share in shares.items():
        own = np.flatnonzero((labels == label) & kept)
        if not 0 <= share <= 1 or len(own) == 0:
            raise BadInput(
                f"A share of {share:g} of '{label[:60]}' cannot be kept.",
                hint="Between 0 and 1, of a label that stands in the split.",
            )
        kept[own[np.argsort(places[own], kind="stable")][round(share * len(own)) :]] = False
    return kept


def _tokens(kept: pa.Table, system_prompt: str, counts: Encoding) -> ExampleCounts:
    """Tokens of each example, of its answer, and of its three messages."""
    labels = kept.column("label").combine_chunks().dictionary_encode()
    names, places = labels.dictionary.to_pylist(), labels.indices.to_numpy()
    system, user = ({**message, "content": ""} for message in prompt_for("", ""))
    system["content"] = system_prompt
    told = tokens_of_message(system, counts)
    asked = kept.column("tokens").to_numpy().astype(np.int64) + tokens_of_message(user, counts)
    answers = np.array([counts.count(name) for name in names], dtype=np.int64)[places]
    said = np.array(
        [tokens_of_message({"role": "assistant", "content": name}, counts) for name in names], dtype=np.int64
    )[places]
    messages = np.concatenate([np.full(len(asked), told), asked, said])
    return ExampleCounts(TOKENS_PER_EXAMPLE + told + asked + said, answers, messages)


def _label_counts(names: Sequence[str], rows: pa.Table, kept: pa.Table) -> tuple[LabelCount, ...]:
    every = Tally(rows.filter(rows.column("tokens").is_valid()).column("label").to_pylist())
    left = Tally(kept.column("label").to_pylist())
    return tuple(LabelCount(name, every[name], left[name]) for name in names)


def _long_examples(kept: pa.Table, counts: ExampleCounts, found: TokenBudget) -> Iterator[LongExample]:
    for place in found.over_limit:
        row, tokens = kept.slice(place, 1).to_pylist()[0], int(counts.tokens[place])
        cut = tokens - found.limit
        yield LongExample(row["comment_id"], row["label"], tokens, cut, cut >= counts.answers[place])
