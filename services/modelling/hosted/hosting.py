"""What is settled before a job that works at a provider is launched."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime

from domain.errors import BackendError, BadInput, Conflict
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.hosted.known_prompts import prompt_to_ask
from services.modelling.hosted.lifecycle import Expiry, expiry_of
from services.modelling.hosted.providers import OPENAI, ProviderAddress, get_provider
from services.modelling.settings import HostedSettings, TuningSettings
from storage.database import Database
from storage.datasets import find_guideline
from storage.snapshots import Snapshot

TRAIN_HERE = "Train locally: recipe quick-look, solid or baseline."


def prepare(
    db: Database, snapshot: Snapshot, settings: HostedSettings, today: date | None = None
) -> HostedSettings:
    """The settings with the system prompt, once it is clear that the provider can be asked.

    That is the newest guideline; for a tuned model asked as it is, the prompt of its training where a model
    here knows it.

    Raises:
        NotFound: there is no such provider, or nobody knows what the model costs.
        BadInput: there is neither a guideline nor a system prompt.
        BackendError: the provider's key is not set.
        Conflict: the model is shut, takes no training any more, or was trained with another prompt.
    """
    check_provider(db, settings, today)
    prompt = prompt_to_ask(db, settings)
    if prompt:
        return replace(settings, system_prompt=prompt)
    guideline = find_guideline(db, snapshot.dataset_id)
    if guideline is None:
        raise BadInput(
            f"'{snapshot.dataset_id}' has no guideline, which is what the model is told.",
            hint="Write one, or give the setting system_prompt.",
        )
    return replace(settings, system_prompt=guideline[1])


def check_provider(db: Database, settings: TuningSettings, today: date | None = None) -> ProviderAddress:
    """The provider, once it is clear that it can be asked for this model.

    Raises:
        NotFound: there is no such provider, or nobody knows what the model costs.
        BackendError: the provider's key is not set.
        Conflict: the model is shut, or takes no training any more.
    """
    address = get_provider(db.home, settings.provider)
    if address.key_variable and not os.environ.get(address.key_variable):
        raise BackendError(
            f"The key of the provider '{address.name}' is not there: {address.key_variable} is not set.",
            hint=f"Set {address.key_variable} where the dashboard is started.",
        )
    check_lifecycle(db, address, settings, today or datetime.now(UTC).date())
    return address


def check_lifecycle(db: Database, address: ProviderAddress, settings: TuningSettings, today: date) -> None:
    """Refuse what the dated table knows to have ended; only models that cost money have to stand in it.

    Raises:
        NotFound: the model costs money and is not in the table.
        Conflict: it is shut, cannot be tuned so, or training is over at OpenAI.
    """
    table, name = hosted_models(db.home), settings.model
    refuse_shut(expiry_of(db.home, address, name, today))
    if not address.charges:
        return
    tunes = not isinstance(settings, HostedSettings) or settings.tune
    model = table.named(name)
    if tunes and not model.can_be_tuned:
        raise Conflict(f"'{name}' cannot be tuned.", hint=f"Choose another model. {TRAIN_HERE}")
    if tunes and address.base_url == OPENAI.base_url and today > table.no_new_jobs_after:
        raise Conflict(f"OpenAI takes no new training after {table.no_new_jobs_after}.", hint=TRAIN_HERE)


def refuse_shut(ends: Expiry | None) -> None:
    """Refuse a model that answers no more; None is one that nobody calls shut.

    Raises:
        Conflict: it was shut.
    """
    if ends is not None and ends.days_left <= 0:
        raise Conflict(f"'{ends.model}' was shut on {ends.shuts_on}.", hint=TRAIN_HERE)
