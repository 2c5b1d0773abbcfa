"""What training each hosted model on counted examples costs."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from domain.errors import NotFound
from services.modelling.hosted.catalogue import HostedModel, HostedModels
from services.modelling.tokens.budget import Counts, TokenBudget
from services.modelling.tokens.encodings import encoding_of


@dataclass(frozen=True)
class ModelCost:
    """What training one hosted model on the examples costs.

    Attributes:
        as_of: The day of its prices.
        is_shut: Whether it answers no more.
        days_left: Until it is shut; None where nobody has said when.
        over_limit: Examples that are longer than it takes.
        billed_tokens: All epochs counted; None where it counts in another encoding than the budget's.
        cost_usd: None where `billed_tokens` is.
    """

    model: HostedModel
    as_of: date
    is_shut: bool
    days_left: int | None
    over_limit: int
    billed_tokens: int | None
    cost_usd: float | None


def costs_of(tokens: Counts, found: TokenBudget, table: HostedModels, today: date) -> tuple[ModelCost, ...]:
    """The cost for every model of the table that can be tuned.

    Args:
        tokens: Of each example, shape (n,).
        found: Their budget, for its encoding and epochs.
        table: The prices.
        today: Decides which models are shut.
    """
    return tuple(_cost(one, tokens, found, table, today) for one in table.models if one.can_be_tuned)


def _cost(
    model: HostedModel, tokens: Counts, found: TokenBudget, table: HostedModels, today: date
) -> ModelCost:
    billed = None
    if _counts_in(model.name, found.encoding):
        billed = int(np.minimum(tokens, model.example_limit).sum()) * found.epochs
    return ModelCost(
        model=model,
        as_of=table.day_of(model),
        is_shut=model.is_shut(today),
        days_left=None if model.shuts_on is None else (model.shuts_on - today).days,
        over_limit=int((tokens > model.example_limit).sum()),
        billed_tokens=billed,
        cost_usd=None if billed is None else model.training_cost_usd(billed),
    )


def _counts_in(model: str, encoding: str) -> bool:
    try:
        return encoding_of(model) == encoding
    except NotFound:  # somebody added it to the table; what it counts in is not known
        return False
