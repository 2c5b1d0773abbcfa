"""What a hosted model will cost, before anything is started: its training and its answers."""

from dataclasses import dataclass
from datetime import date

from domain.errors import NotFound
from services.modelling.examples.files import guideline_of
from services.modelling.hosted.catalogue import HostedModels, hosted_models
from services.modelling.hosted.known_prompts import prompt_of_training
from services.modelling.hosted.outbound import ANSWER_TOKENS, Prices, counting, prices_of
from services.modelling.hosted.providers import OPENAI, ProviderAddress, get_provider
from services.modelling.settings import HostedSettings
from services.modelling.tokens.snapshots import budget_of_snapshot
from services.modelling.training import ANSWERED
from storage.database import Database
from storage.snapshots import Snapshot

_ENTITLEMENT = (
    "OpenAI tunes only for organisations that have used a tuned model lately, and for nobody after {last}; "
    "others are refused when the job is made (training_not_available). Asking a model as it is goes on."
)


@dataclass(frozen=True)
class HostedEstimate:
    """What the whole job will cost at the prices of the table, in US dollars.

    Attributes:
        epochs: As set, or as the provider chooses them; 0 where nothing is tuned.
        trained_tokens: All epochs counted.
        answers: Comments of validation and test that are asked about.
    """

    epochs: int
    trained_tokens: int
    training_usd: float
    answers: int
    answering_usd: float

    @property
    def total_usd(self) -> float:
        """Training and answers together."""
        return self.training_usd + self.answering_usd


@dataclass(frozen=True)
class HostedChoice:
    """What there is to know of a provider before its models are chosen from.

    Attributes:
        table: Models and prices; they are of models that cost money.
        entitlement: Who may tune there; empty where that is not known.
    """

    address: ProviderAddress
    table: HostedModels
    entitlement: str


def hosted_choice(db: Database, provider: str) -> HostedChoice:
    """The provider, its prices, and who may tune there.

    Raises:
        NotFound: it is not approved.
        BadInput: a table of the data folder cannot be read.
    """
    address, table = get_provider(db.home, provider), hosted_models(db.home)
    is_openai = address.base_url == OPENAI.base_url
    told = _ENTITLEMENT.format(last=table.no_new_jobs_after) if is_openai else ""
    return HostedChoice(address, table, told)


def prices_for(db: Database, settings: HostedSettings) -> Prices | None:
    """The prices of the chosen model at the chosen provider; None where nobody knows them.

    Raises:
        NotFound: the provider is not approved.
    """
    charges = get_provider(db.home, settings.provider).charges
    try:
        return prices_of(settings.model, hosted_models(db.home), charges=charges)
    except NotFound:
        return None


def estimate(
    db: Database, snapshot: Snapshot, settings: HostedSettings, prices: Prices, *, today: date
) -> HostedEstimate:
    """What making the model on this snapshot will cost.

    Raises:
        Conflict: the snapshot's comments are not counted yet.
        BadInput: there is no guideline and no system prompt.
    """
    known = prompt_of_training(db, settings)
    prompt = known.system_prompt if known else settings.system_prompt or guideline_of(db, snapshot.dataset_id)
    encoding = counting(settings.model).name
    counted = {
        split: budget_of_snapshot(
            db, snapshot.snapshot_id, split=split, system_prompt=prompt, today=today, encoding=encoding,
            limit=prices.example_limit,
        )
        for split in ("train", *ANSWERED) if sum(snapshot.manifest["counts"][split].values())
    }  # fmt: skip
    epochs = trained = 0
    more = 0.0
    if settings.tune and "train" in counted:
        found = counted["train"].budget
        epochs = settings.epochs or found.epochs
        trained = found.billed_tokens_per_epoch * epochs
    elif settings.shots and "train" in counted:
        each = counted["train"].budget.tokens.mean - counted["train"].system_prompt_tokens
        more = settings.shots * max(each, 0.0)
    asked = [counted[split].budget for split in ANSWERED if split in counted]
    answers = sum(found.examples for found in asked)
    read = sum(found.tokens.total - found.answer_tokens.total for found in asked) + round(more * answers)
    return HostedEstimate(
        epochs=epochs,
        trained_tokens=trained,
        training_usd=trained * prices.train_usd_per_million / 1e6,
        answers=answers,
        answering_usd=prices.answer_cost_usd(read, ANSWER_TOKENS * answers),
    )
