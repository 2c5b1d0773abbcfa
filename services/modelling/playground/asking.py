"""What is settled before somebody's own question leaves for a provider, and what is written down after."""

import math
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from domain.errors import BadInput, Conflict
from domain.personal_data import find_personal_data
from services.modelling.formats.check import SPECIAL_TOKEN
from services.modelling.hosted import spending
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.hosted.hosting import check_provider
from services.modelling.hosted.outbound import Prices, check_texts, check_tokens, prices_of
from services.modelling.hosted.providers import ProviderAddress
from services.modelling.settings import HostedSettings
from storage.database import Database
from storage.datasets import find_dataset


def provider_for(db: Database, name: str, model: str) -> tuple[ProviderAddress, Prices]:
    """The approved provider, and what the model costs there.

    Raises:
        NotFound: there is no such provider, or nobody knows what the model costs.
        BackendError: the provider's key is not set.
        Conflict: the model is shut.
    """
    address = check_provider(db, HostedSettings(provider=name, model=model, tune=False))
    return address, prices_of(model, hosted_models(db.home), charges=address.charges)


def check_outgoing(db: Database, texts: Iterable[tuple[str, str]], dataset_ids: Iterable[str | None]) -> None:
    """Look at everything that would leave for a provider, before anything does.

    Args:
        texts: (what it is, text), such as ("Text 1", "…").
        dataset_ids: Where the texts may come from, and what the model learned from.

    Raises:
        Conflict: one of the datasets may hold data of children.
        BadInput: a text holds personal data, or a token that steers models.
    """
    check_children(db, dataset_ids)
    looked_at = list(texts)
    for check in (check_texts, check_tokens):
        try:
            check(looked_at)
        except BadInput as error:
            raise BadInput(str(error), hint="Take that out of the text, or ask a local model.") from error


def check_children(db: Database, dataset_ids: Iterable[str | None]) -> None:
    """Refuse where a text may come from a dataset that may hold data of children.

    Raises:
        Conflict: one of the datasets may.
    """
    for dataset_id in dataset_ids:
        dataset = find_dataset(db, dataset_id) if dataset_id else None
        if dataset is not None and dataset.may_hold_child_data:
            raise Conflict(
                f"Nothing was sent: the comments of '{dataset_id}' may hold data of children, and do not "
                "leave this machine.",
                hint="Ask a local model, such as a baseline.",
            )


def kept_back(texts: Sequence[str]) -> dict[int, str]:
    """Why each text of a list that may not leave stays here, by its place, 0 for the first."""
    why: dict[int, str] = {}
    for place, text in enumerate(texts):
        if (hit := find_personal_data(text)) is not None:
            why[place] = f"Text {place + 1} holds {hit.named}: it was not sent."
        elif (token := SPECIAL_TOKEN.search(text)) is not None:
            why[place] = f"Text {place + 1} holds the token {token.group()}: it was not sent."
    return why


def question_to(address: ProviderAddress) -> dict[str, Any]:
    """The address and the key, as they travel with a question to the process that asks."""
    return {"address": address.as_dict(), "key": address.key}


def allowed_usd(db: Database, address: ProviderAddress, *, actor: str, estimate_usd: float) -> float:
    """What the person may still spend on one question.

    Raises:
        Conflict: less than the estimate.
    """
    if not address.charges:
        return math.inf
    spending.check(db, actor=actor, usd=estimate_usd)
    return spending.left_today(db, actor).most_usd


def charge(db: Database, address: ProviderAddress, *, actor: str, model: str, usd: float) -> None:
    """Write down what was spent."""
    if address.charges and usd > 0:
        spending.charge(db, actor=actor, provider=address.name, model=model, usd=usd, what="playground")


def ends_on(db: Database, model: str) -> date | None:
    """The day on which a hosted model shuts, where the dated table knows it."""
    table = hosted_models(db.home)
    base = model.removeprefix("ft:").split(":")[0]
    return next((one.shuts_on for one in table.models if one.name == base), None)
