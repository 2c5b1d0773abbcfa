"""The token budget of a snapshot: comments are counted once, prompts and balances never count them again."""

from collections import Counter as Tally
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from domain.errors import BadInput, Conflict, NotFound
from domain.splits import SPLITS
from services.modelling.formats.chat import prompt_for
from services.modelling.hosted.catalogue import HostedModel, hosted_models
from services.modelling.tokens.budget import (
    TOKENS_PER_EXAMPLE,
    Counts,
    TokenBudget,
    budget,
    tokens_of_message,
)
from services.modelling.tokens.comment_tokens import count_snapshot, counter_of
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
class ModelCost:
    """What training one hosted model on the examples costs.

    `billed_tokens` and `cost_usd` are None where the model counts in another encoding than the budget's.
    """

    model: HostedModel
    is_shut: bool
    days_left: int
    over_limit: int
    billed_tokens: int | None
    cost_usd: float | None


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
    tokens, answers = _tokens(kept, system_prompt, counts)
    most = limit or (hosted.example_limit if hosted else DEFAULT_LIMIT)
    found = budget(tokens, answers, encoding=counts, limit=most)
    return SnapshotBudget(
        snapshot_id=snapshot_id,
        split=split,
        model=model,
        budget=found,
        system_prompt_tokens=counts.count(system_prompt),
        labels=_label_counts(snapshot.labels, rows, kept),
        left_out=rows.column("tokens").null_count,
        long_examples=tuple(_long_examples(kept, tokens, answers, found)),
        special_comment_ids=tuple(kept.filter(kept.column("has_special_token"))["comment_id"].to_pylist()),
        costs=tuple(_cost(one, tokens, found, today) for one in table.models),
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


def _tokens(kept: pa.Table, system_prompt: str, counts: Encoding) -> tuple[Counts, Counts]:
    """Tokens of each example, and of its answer, both of shape (n,)."""
    labels = kept.column("label").to_numpy()
    answers = np.zeros(len(labels), dtype=np.int64)
    around = np.zeros(len(labels), dtype=np.int64)
    system, user = ({**message, "content": ""} for message in prompt_for("", ""))
    system["content"] = system_prompt
    fixed = TOKENS_PER_EXAMPLE + tokens_of_message(system, counts) + tokens_of_message(user, counts)
    for label in set(labels.tolist()):
        answer = {"role": "assistant", "content": label}
        answers[labels == label] = counts.count(label)
        around[labels == label] = fixed + tokens_of_message(answer, counts)
    return kept.column("tokens").to_numpy().astype(np.int64) + around, answers


def _label_counts(names: Sequence[str], rows: pa.Table, kept: pa.Table) -> tuple[LabelCount, ...]:
    every = Tally(rows.filter(rows.column("tokens").is_valid()).column("label").to_pylist())
    left = Tally(kept.column("label").to_pylist())
    return tuple(LabelCount(name, every[name], left[name]) for name in names)


def _long_examples(
    kept: pa.Table, tokens: Counts, answers: Counts, found: TokenBudget
) -> Iterator[LongExample]:
    for place in found.over_limit:
        row, cut = kept.slice(place, 1).to_pylist()[0], int(tokens[place]) - found.limit
        yield LongExample(row["comment_id"], row["label"], int(tokens[place]), cut, cut >= answers[place])


def _cost(model: HostedModel, tokens: Counts, found: TokenBudget, today: date) -> ModelCost:
    billed = None
    if _counts_in(model.name, found.encoding):
        billed = int(np.minimum(tokens, model.example_limit).sum()) * found.epochs
    return ModelCost(
        model=model,
        is_shut=model.is_shut(today),
        days_left=(model.shuts_on - today).days,
        over_limit=int((tokens > model.example_limit).sum()),
        billed_tokens=billed,
        cost_usd=None if billed is None else model.training_cost_usd(billed),
    )


def _counts_in(model: str, encoding: str) -> bool:
    try:
        return encoding_of(model) == encoding
    except NotFound:  # somebody added it to the table; what it counts in is not known
        return False
