"""Tune a chat model on kept examples: what it will cost, and the job that does it."""

from dataclasses import asdict, dataclass
from typing import Any

from domain.examples import TRAIN, VALIDATION
from domain.jobs import Job
from services.jobs.managing.inputs import TUNES_EXAMPLES
from services.jobs.managing.launch import launch
from services.modelling.examples.sets import examples_file, get_example_set
from services.modelling.formats.questions import read_frozen
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.hosted.hosting import check_provider
from services.modelling.hosted.outbound import Prices, counting, prices_of
from services.modelling.hosted.providers import get_provider
from services.modelling.playground.side_by_side import comparing_cost_usd, questions_of
from services.modelling.settings import ExampleSettings, read_settings
from services.modelling.tokens.budget import TokenBudget, budget, counts_of
from services.modelling.training import checked_name
from storage.database import Database


@dataclass(frozen=True)
class TuningEstimate:
    """What tuning on a set of examples comes to, before anything leaves.

    Attributes:
        epochs: As asked for, else as the provider chooses them.
        billed_tokens: All epochs counted.
        questions: Held-out prompts that both models will answer.
        answers_usd: What those answers cost at most.
    """

    budget: TokenBudget
    epochs: int
    billed_tokens: int
    training_usd: float
    questions: int
    answers_usd: float
    prices: Prices

    @property
    def cost_usd(self) -> float:
        """Training and answers together."""
        return self.training_usd + self.answers_usd


def estimate_tuning(db: Database, example_set_id: str, settings: dict[str, Any]) -> TuningEstimate:
    """What tuning on the examples will cost with these settings, by the dated price table.

    Raises:
        NotFound: there is no such set or provider, or nobody knows what the model costs.
        BadInput: a setting is unknown or out of range.
    """
    config = read_settings(ExampleSettings, settings)
    charges = get_provider(db.home, config.provider).charges
    prices = prices_of(config.model, hosted_models(db.home), charges=charges)
    encoding = counting(config.model)
    examples = read_frozen(examples_file(db, example_set_id, TRAIN))
    held_out = read_frozen(examples_file(db, example_set_id, VALIDATION))
    counts = counts_of((one.messages for one in examples), encoding)
    found = budget(counts, encoding=encoding, limit=prices.example_limit)
    epochs = config.epochs or found.epochs
    billed = found.billed_tokens_per_epoch * epochs
    questions = questions_of(held_out, config.compared)
    return TuningEstimate(
        budget=found,
        epochs=epochs,
        billed_tokens=billed,
        training_usd=billed * prices.train_usd_per_million / 1e6,
        questions=len(questions),
        answers_usd=comparing_cost_usd(questions, config, prices),
        prices=prices,
    )


def tune(
    db: Database,
    *,
    example_set_id: str,
    settings: dict[str, Any] | None = None,
    name: str | None = None,
    actor: str,
) -> Job:
    """Start tuning a chat model on kept examples; the model is there once the job is absorbed.

    Args:
        db: The database.
        example_set_id: What to tune on.
        settings: Of ExampleSettings, where they differ from its defaults.
        name: Of the model; by default made of the suffix or the base, and the set.
        actor: Who wants it.

    Raises:
        NotFound: there is no such set or provider, or nobody knows what the model costs.
        BadInput: a setting is unknown or out of range, or the name is too long.
        BackendError: the provider's key is not set.
        Conflict: the examples may not leave this machine, or the provider takes no training any more.
    """
    given_name = checked_name(name or "")
    kept = get_example_set(db, example_set_id)
    config = read_settings(ExampleSettings, settings or {})
    check_provider(db, config)
    return launch(
        db,
        kind=TUNES_EXAMPLES,
        dataset_id=kept.dataset_id,
        snapshot_id=example_set_id,
        splits=(),
        settings=asdict(config),
        actor=actor,
        name=given_name or f"{config.suffix or config.model} on {example_set_id}",
        provider=config.provider,
    )
