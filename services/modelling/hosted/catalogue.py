"""The dated table of hosted models: prices, limits, which can be tuned, and when they end."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from domain.errors import BadInput, NotFound

_SHIPPED = Path(__file__).with_name("catalogue.json")
OVERRIDE = "hosted_models.json"  # in the home: prices that somebody keeps up to date


@dataclass(frozen=True)
class HostedModel:
    """A model of a provider as the table knows it; prices in US dollars per million tokens.

    Attributes:
        methods: How it can be tuned; empty where it can only be asked.
        shuts_on: None where nobody has said so yet.
        priced_on: When somebody here wrote its row; None where it came with the table.
        priced_by: Who that was.
        price_source: Where they have the prices from.
    """

    name: str
    methods: tuple[str, ...]
    train_usd_per_million: float
    input_usd_per_million: float
    output_usd_per_million: float
    example_limit: int
    shuts_on: date | None
    priced_on: date | None = None
    priced_by: str = ""
    price_source: str = ""

    def is_shut(self, today: date) -> bool:
        """Whether it answers no more."""
        return self.shuts_on is not None and today >= self.shuts_on

    @property
    def can_be_tuned(self) -> bool:
        """Whether it learns from examples of questions and answers."""
        return "supervised" in self.methods

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

    def day_of(self, model: HostedModel) -> date:
        """The day of which its prices are."""
        return model.priced_on or self.as_of

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
            hint="Write its prices down on the Tokens page, or with `prices NAME`. "
            f"Known: {', '.join(one.name for one in self.models)}.",
        )


def hosted_models(home: Path) -> HostedModels:
    """The table of the data folder, where somebody put one, else the one that ships.

    Raises:
        BadInput: the table of the data folder cannot be read.
    """
    own = home / OVERRIDE
    return _read(own if own.exists() else _SHIPPED)


def shipped_models() -> HostedModels:
    """The table that ships."""
    return _read(_SHIPPED)


def write_models(home: Path, table: HostedModels) -> None:
    """Put the table into the data folder, whole or not at all."""
    told = {
        "as_of": table.as_of.isoformat(),
        "source": table.source,
        "no_new_jobs_after": table.no_new_jobs_after.isoformat(),
        "models": [
            {
                name: value.isoformat() if isinstance(value, date) else value
                for name, value in asdict(one).items()
            }
            for one in table.models
        ],
    }
    draft = home / f"{OVERRIDE}.tmp"
    draft.write_text(json.dumps(told, indent=2, ensure_ascii=False), encoding="utf-8")
    draft.replace(home / OVERRIDE)


def _read(path: Path) -> HostedModels:
    try:
        return _table(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path} is not a table of hosted models: {error!r}",
            hint=f"Mend it, or take it away: the one that ships is used then. Its form: {_SHIPPED.name}.",
        ) from error


def _table(told: dict[str, Any]) -> HostedModels:
    return HostedModels(
        as_of=date.fromisoformat(told["as_of"]),
        source=str(told["source"]),
        no_new_jobs_after=date.fromisoformat(told["no_new_jobs_after"]),
        models=tuple(_model(model) for model in told["models"]),
    )


def _model(told: dict[str, Any]) -> HostedModel:
    days = {name: told.get(name) and date.fromisoformat(told[name]) for name in ("shuts_on", "priced_on")}
    return HostedModel(**{**told, "methods": tuple(told["methods"]), **days})
