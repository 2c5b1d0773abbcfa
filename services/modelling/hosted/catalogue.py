"""The dated table of hosted models that can be tuned: prices, limits, and when they end."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from domain.errors import BadInput, NotFound

_SHIPPED = Path(__file__).with_name("catalogue.json")
OVERRIDE = "hosted_models.json"  # in the home: prices that somebody keeps up to date


@dataclass(frozen=True)
class HostedModel:
    """A model of a provider as the table knows it; prices in US dollars per million tokens."""

    name: str
    methods: tuple[str, ...]
    train_usd_per_million: float
    input_usd_per_million: float
    output_usd_per_million: float
    example_limit: int
    shuts_on: date

    def is_shut(self, today: date) -> bool:
        """Whether it answers no more."""
        return today >= self.shuts_on

    def training_cost_usd(self, tokens: int) -> float:
        """What training on so many tokens costs, all epochs counted."""
        return tokens * self.train_usd_per_million / 1e6


@dataclass(frozen=True)
class HostedModels:
    """The whole table: how old it is, where it is from, and the last day on which a job can be made."""

    as_of: date
    source: str
    no_new_jobs_after: date
    models: tuple[HostedModel, ...]

    def named(self, name: str) -> HostedModel:
        """The model of that name; a fine-tuned one has the facts of its base.

        Raises:
            NotFound: the table does not have it.
        """
        base = name.removeprefix("ft:").split(":")[0]
        for model in self.models:
            if model.name == base:
                return model
        raise NotFound(
            f"'{name}' is not in the table of hosted models.",
            hint=f"Add it to {OVERRIDE} in the data folder. Known: {', '.join(m.name for m in self.models)}.",
        )


def hosted_models(home: Path) -> HostedModels:
    """The table of the data folder, where somebody put one, else the one that ships.

    Raises:
        BadInput: the table of the data folder cannot be read.
    """
    own = home / OVERRIDE
    path = own if own.exists() else _SHIPPED
    try:
        return _table(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path} is not a table of hosted models: {error!r}",
            hint=f"Mend it, or take it away: the one that ships is used then. Its form: {_SHIPPED.name}.",
        ) from error


def _table(told: dict[str, Any]) -> HostedModels:
    models = (
        HostedModel(
            **{**model, "methods": tuple(model["methods"]), "shuts_on": date.fromisoformat(model["shuts_on"])}
        )
        for model in told["models"]
    )
    return HostedModels(
        as_of=date.fromisoformat(told["as_of"]),
        source=str(told["source"]),
        no_new_jobs_after=date.fromisoformat(told["no_new_jobs_after"]),
        models=tuple(models),
    )
