"""When hosted models end: what the dated table says, and what a provider told when it was last asked."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from domain.errors import BadInput, NotFound
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.hosted.patience import FOR_A_LIST
from services.modelling.hosted.providers import ProviderAddress, get_provider

TOLD = "provider_models.json"


@dataclass(frozen=True)
class Expiry:
    """The day on which a model, or the base that it was tuned from, is shut.

    Attributes:
        days_left: 0 or less where it is shut.
        known_from: Who says so, and when that was.
    """

    model: str
    base: str
    shuts_on: date
    days_left: int
    known_from: str

    @property
    def told(self) -> str:
        """The whole of it as a sentence."""
        whose = self.base if self.base == self.model else f"Its base {self.base}"
        if self.days_left <= 0:
            return f"{whose} was shut on {self.shuts_on}, says {self.known_from}."
        days = "tomorrow" if self.days_left == 1 else f"in {self.days_left:,} days"
        return f"{whose} shuts on {self.shuts_on}, {days}, says {self.known_from}."


@dataclass(frozen=True)
class ToldModels:
    """The models that a provider listed when it was last asked, and the days on which they are shut."""

    provider: str
    as_of: date
    models: dict[str, date | None]


def expiry_of(home: Path, address: ProviderAddress, model: str, today: date) -> Expiry | None:
    """When the model ends, or None where nobody said so. What its provider told comes before the table.

    Raises:
        BadInput: the table or the list of the data folder cannot be read.
    """
    base = model.removeprefix("ft:").split(":")[0]
    known = told_models(home, address.name)
    for name in (model, base):
        if known is not None and (ends := known.models.get(name)) is not None:
            source = f"{address.name} on {known.as_of}"
            return Expiry(model, base, ends, (ends - today).days, source)
    if not address.charges:  # the table is of models that cost money
        return None
    table = hosted_models(home)
    with suppress(NotFound):
        known_model = table.named(model)
        if (ends := known_model.shuts_on) is not None:
            source = f"the table of {table.day_of(known_model)}"
            return Expiry(model, base, ends, (ends - today).days, source)
    return None


def expiry_of_settings(home: Path, settings: dict[str, Any], today: date) -> Expiry | None:
    """When the hosted model of these settings ends; None for a local one, and where nobody said so."""
    if "provider" not in settings or "model" not in settings:
        return None
    try:
        address = get_provider(home, str(settings["provider"]))
    except NotFound:  # taken off the list since
        return None
    return expiry_of(home, address, str(settings["model"]), today)


def ending_told(home: Path, settings: dict[str, Any]) -> str | None:
    """When the hosted model of these settings ends, as a sentence; None as for `expiry_of_settings`."""
    ends = expiry_of_settings(home, settings, datetime.now(UTC).date())
    return None if ends is None else ends.told


def told_models(home: Path, provider: str) -> ToldModels | None:
    """What the provider listed when it was last asked; None if it never was.

    Raises:
        BadInput: the file cannot be read.
    """
    told = _read(home).get(provider)
    if told is None:
        return None
    try:
        models = {name: ends and date.fromisoformat(ends) for name, ends in told["models"].items()}
        return ToldModels(provider, date.fromisoformat(told["as_of"]), models)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"{TOLD} cannot be read: {error!r}", hint="Delete it, and ask again.") from error


def refresh_models(home: Path, provider: str) -> ToldModels:
    """Ask the provider for its models and keep the answer with its date.

    Raises:
        NotFound: it is not an approved provider.
        BackendError: its key is not set, or it does not answer.
    """
    address = get_provider(home, provider)
    # Here, because the provider's library takes a second to load and no other page needs it.
    from services.backends.provider import Provider

    found_there = Provider(address, patience=FOR_A_LIST).list_models()
    models = {name: _day(ends) for name, ends in found_there.items()}
    found = ToldModels(provider, datetime.now(UTC).date(), models)
    whole = _read(home)
    whole[provider] = {
        "as_of": found.as_of.isoformat(),
        "models": {name: ends and ends.isoformat() for name, ends in sorted(models.items())},
    }
    draft = home / f"{TOLD}.tmp"
    draft.write_text(json.dumps(whole, indent=2), encoding="utf-8")
    draft.replace(home / TOLD)
    return found


def _read(home: Path) -> dict[str, Any]:
    try:
        told = json.loads((home / TOLD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadInput(f"{TOLD} cannot be read: {error}", hint="Delete it, and ask again.") from error
    return told if isinstance(told, dict) else {}


def _day(told: str | None) -> date | None:
    """The day of a date or a time as ISO text; None where it is neither."""
    with suppress(ValueError, TypeError):
        return date.fromisoformat(str(told)[:10])
    return None
