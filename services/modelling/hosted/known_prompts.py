"""The prompts that tuned models were trained with, as far as a model here knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.errors import BadInput, Conflict, NotFound
from services.backends.registry import read_about
from services.modelling.models import list_models, model_folder
from services.modelling.settings import HostedSettings
from storage.database import Database


@dataclass(frozen=True)
class KnownPrompt:
    """The system prompt of a tuned model's training, and the model here that was tuned or adopted with it."""

    model_id: str
    system_prompt: str


def known_prompt(db: Database, provider: str, name: str) -> KnownPrompt | None:
    """The prompt of the training of a provider's model; None where no model here was made by that training.

    Args:
        name: As the provider knows it. One that begins with "ft:" is the same model wherever it is asked.
    """
    for model in list_models(db):
        if model.backend != "openai" or not model.settings.get("tune", True):
            continue  # one that was asked as it is tells how it was asked, not how it was trained
        try:
            about = read_about(model_folder(db, model.model_id))
        except (NotFound, BadInput):  # its files are gone or damaged: it knows nothing
            continue
        is_it = about.get("model") == name and (
            name.startswith("ft:") or about.get("settings", {}).get("provider") == provider
        )
        if is_it and about.get("prompt_sha256") and about.get("system_prompt"):
            return KnownPrompt(model.model_id, str(about["system_prompt"]))
    return None


def prompt_of_training(db: Database, settings: HostedSettings) -> KnownPrompt | None:
    """The prompt of the training of a model that is asked as it is; None where nobody here knows it."""
    return None if settings.tune else known_prompt(db, settings.provider, settings.model)


def prompt_to_ask(db: Database, settings: HostedSettings) -> str | None:
    """What the model has to be told: the prompt of its training, else what the settings say.

    Raises:
        Conflict: the settings say something else than the prompt of its training.
    """
    known = prompt_of_training(db, settings)
    if known is None:
        return settings.system_prompt
    if settings.system_prompt and settings.system_prompt != known.system_prompt:
        raise Conflict(
            f"'{settings.model}' was trained with another prompt, which {known.model_id} knows: a model that "
            "is asked in other words gives other answers.",
            hint="Ask it by the recipe hosted-as-is without system_prompt: it is then told what it was "
            "trained with. For other words, train a new model.",
        )
    return known.system_prompt


def prompt_told(db: Database, settings: Mapping[str, Any]) -> str | None:
    """What to know of the words in which a tuned model is asked as it is, as a sentence; None for all others.

    Args:
        settings: Of a model or a job; without a system prompt they are taken to be not launched yet.
    """
    name = str(settings.get("model", ""))
    if settings.get("tune", True) or not name.startswith("ft:"):
        return None
    known = known_prompt(db, str(settings.get("provider", "")), name)
    if known is None:
        return f"{name} was tuned elsewhere: its training prompt is not known here."
    if settings.get("system_prompt") in (None, "", known.system_prompt):
        return f"{name} is asked in the prompt of its training, which {known.model_id} knows."
    return f"{name} is asked in other words than those of its training, which {known.model_id} knows."
