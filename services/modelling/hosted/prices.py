"""Prices that somebody here wrote down: one model at a time, with the day, the person and the source."""

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from domain.errors import BadInput, NotFound
from domain.people import actor_named
from domain.text import shortened
from services.modelling.hosted.catalogue import (
    HostedModel,
    HostedModels,
    hosted_models,
    shipped_models,
    write_models,
)

MAX_USD_PER_MILLION = 10_000.0
MAX_LIMIT = 100_000_000
_MAX_NAME, _MAX_SOURCE = 100, 300
_writing = threading.Lock()  # two who write different rows at once both keep theirs


def write_price(home: Path, model: HostedModel, *, source: str, today: date, actor: str) -> HostedModels:
    """The table with that row, new or in place of the one of the same name.

    Args:
        home: The data folder, where the table is kept from now on.
        model: The row; day, person and source are written over.
        source: Where the prices are from.
        today: The day that the row bears.
        actor: Who looked.

    Raises:
        BadInput: a name, price or limit is not possible, or no source is given.
    """
    who = actor_named(actor)
    _check(model)
    if not source.strip() or len(source) > _MAX_SOURCE:
        raise BadInput(
            "It is not said where these prices are from.",
            hint=f"Name the page or the contract, in up to {_MAX_SOURCE} characters.",
        )
    row = replace(model, priced_on=today, priced_by=who, price_source=source.strip())
    return _written(home, lambda table: _with(table, row))


def forget_price(home: Path, name: str, *, actor: str) -> HostedModels:
    """The table without what was written about a model; the row that ships comes back, where there is one.

    Raises:
        NotFound: nobody wrote anything about it.
    """
    actor_named(actor)
    shipped = next((one for one in shipped_models().models if one.name == name), None)

    def without(table: HostedModels) -> HostedModels:
        if all(one.name != name or one.priced_on is None for one in table.models):
            raise NotFound(
                f"Nobody here wrote down prices of '{shortened(name)}'.", hint="`prices` lists what is known."
            )
        if shipped is not None:
            return _with(table, shipped)
        return replace(table, models=tuple(one for one in table.models if one.name != name))

    return _written(home, without)


def _written(home: Path, change: Callable[[HostedModels], HostedModels]) -> HostedModels:
    with _writing:
        table = change(hosted_models(home))
        write_models(home, table)
    return table


def _with(table: HostedModels, row: HostedModel) -> HostedModels:
    names = [one.name for one in table.models]
    if row.name not in names:
        return replace(table, models=(*table.models, row))
    return replace(table, models=tuple(row if one.name == row.name else one for one in table.models))


def _check(model: HostedModel) -> None:
    name = model.name
    if not name.strip() or name != name.strip() or len(name) > _MAX_NAME or ":" in name:
        raise BadInput(
            f"'{shortened(name)}' is no name of a model in the table.",
            hint="Give the base's name, without ft: in front; a tuned model has the prices of its base.",
        )
    prices = {
        "training": model.train_usd_per_million,
        "reading": model.input_usd_per_million,
        "writing": model.output_usd_per_million,
    }
    for what, usd in prices.items():
        if not (math.isfinite(usd) and 0 <= usd <= MAX_USD_PER_MILLION):
            raise BadInput(
                f"{usd:g} is no price of {what}.",
                hint=f"US dollars per million tokens, 0 to {MAX_USD_PER_MILLION:,.0f}.",
            )
    if not 1 <= model.example_limit <= MAX_LIMIT:
        raise BadInput(
            f"An example of {model.example_limit:,} tokens is not possible.", hint=f"1 to {MAX_LIMIT:,}."
        )
