"""Ask chat models anything, side by side: the same words, each answer as it came."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import BadInput, WorkbenchError
from domain.people import actor_named
from services.backends.registry import read_about
from services.jobs.managing.answering import answering
from services.modelling.hosted.outbound import Prices, counting
from services.modelling.hosted.providers import ProviderAddress
from services.modelling.models import get_model, list_models, model_folder
from services.modelling.playground import asking
from services.modelling.playground.labelling import HOSTED, MOST_CHARACTERS, MOST_MODELS, base_of
from services.modelling.tokens.budget import tokens_of_message
from storage.database import Database

MOST_TOKENS = 4_000
MOST_TEMPERATURE = 2.0

Facts = dict[str, Any]


@dataclass(frozen=True)
class FreeQuestion:
    """What is asked of every model.

    Attributes:
        system: May be empty; then there is no system message.
        temperature: 0 to 2; None leaves it to the model.
        max_tokens: Of the answer, 1 to 4,000.

    Raises:
        BadInput: there is nothing to ask, or a value is out of range.
    """

    user: str
    system: str = ""
    temperature: float | None = 0.0
    max_tokens: int = 256

    def __post_init__(self) -> None:
        if not self.user.strip():
            raise BadInput("There is nothing to ask.", hint="Write what the model is to answer.")
        if max(len(self.user), len(self.system)) > MOST_CHARACTERS:
            raise BadInput(f"At most {MOST_CHARACTERS:,} characters are sent.", hint="Shorten the text.")
        if self.temperature is not None and not 0 <= self.temperature <= MOST_TEMPERATURE:
            raise BadInput(f"The temperature is {self.temperature}.", hint=f"0 to {MOST_TEMPERATURE:g}.")
        if not 1 <= self.max_tokens <= MOST_TOKENS:
            raise BadInput(f"An answer of {self.max_tokens} tokens.", hint=f"1 to {MOST_TOKENS:,}.")

    @property
    def messages(self) -> list[dict[str, str]]:
        """As they are sent."""
        system = [{"role": "system", "content": self.system}] if self.system.strip() else []
        return [*system, {"role": "user", "content": self.user}]


@dataclass(frozen=True)
class Target:
    """A chat model at a provider; `dataset_id` is that of the workbench's model that it belongs to."""

    provider: str
    model: str
    dataset_id: str | None = None


@dataclass(frozen=True)
class FreeAnswer:
    """What one model answered, as it came; or the error in its place.

    Attributes:
        note: How it was asked differently from what was wanted; empty where it was not.
        finish_reason: As the provider gives it; "length" says that the answer was cut off.
    """

    target: Target
    text: str | None = None
    refusal: str | None = None
    finish_reason: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    latency_ms: float | None = None
    cost_usd: float | None = None
    note: str = ""
    error: str = ""
    hint: str = ""


def targets_of(db: Database, model_id: str) -> tuple[list[Target], str]:
    """A hosted model of the workbench and the base it was tuned from, and the system prompt of its training.

    Raises:
        NotFound: there is no such model.
        BadInput: it is not at a provider.
    """
    model = get_model(db, model_id)
    if model.backend != HOSTED:
        raise BadInput(
            f"{model_id} is no chat model: it is of the kind {model.backend}.",
            hint="Try it on texts instead.",
        )
    about = read_about(model_folder(db, model_id))
    provider, base = str(about["settings"]["provider"]), base_of(about)
    names = [str(about["model"]), *([base] if base else [])]
    targets = [Target(provider, name, model.dataset_id) for name in names]
    return targets, str(about.get("system_prompt") or "")


def list_chat_models(db: Database, dataset_id: str) -> dict[str, str]:
    """The hosted models of a dataset by id, with their names, newest first; those of free text too."""
    return {one.model_id: one.name for one in list_models(db, dataset_id) if one.backend == HOSTED}


def ask_freely(
    db: Database,
    question: FreeQuestion,
    targets: Sequence[Target],
    *,
    actor: str,
    dataset_id: str | None = None,
    progress: Callable[[Target, str], None] = lambda _target, _what: None,
) -> list[FreeAnswer]:
    """Every model's answer, in the order of the targets.

    Raises:
        BadInput: there are no models or too many; a text holds personal data or a special token.
        Conflict: a dataset that the text may come from holds data of children.
    """
    wanted, who = list(dict.fromkeys(targets)), actor_named(actor)
    if not 0 < len(wanted) <= MOST_MODELS:
        raise BadInput(f"{len(wanted)} models cannot be asked.", hint=f"Choose 1 to {MOST_MODELS}.")
    texts = (("The system text", question.system), ("The user text", question.user))
    asking.check_outgoing(db, texts, (dataset_id, *(target.dataset_id for target in wanted)))
    answers: dict[Target, FreeAnswer] = {}
    ready: list[tuple[Target, ProviderAddress, Prices]] = []
    for target in wanted:
        try:
            address, prices = asking.provider_for(db, target.provider, target.model)
            estimate_usd = _estimate_usd(question, target, prices)
            asking.allowed_usd(db, address, actor=who, estimate_usd=estimate_usd)
            ready.append((target, address, prices))
        except WorkbenchError as error:
            answers[target] = FreeAnswer(target, error=str(error), hint=error.hint)

    def came(place: int, answer: Facts | WorkbenchError) -> None:
        target, address, prices = ready[place]
        if isinstance(answer, WorkbenchError):
            answers[target] = FreeAnswer(target, error=str(answer), hint=answer.hint)
            return
        usd = _cost_usd(answer, prices)
        asking.charge(
            db, address, actor=who, model=target.model,
            usd=_estimate_usd(question, target, prices) if usd is None else usd,
        )  # fmt: skip
        answers[target] = FreeAnswer(target, **answer, cost_usd=usd)

    options: Facts = {"max_completion_tokens": question.max_tokens}
    if question.temperature is not None:
        options["temperature"] = question.temperature
    asked = {"kind": "chat", "messages": question.messages, "options": options}
    facts = [{**asked, "model": target.model, **asking.question_to(address)} for target, address, _ in ready]
    answering().ask(
        facts,
        arrived=came,
        progress=lambda place, told: progress(ready[place][0], str(told.get("progress", ""))),
    )
    return [answers[target] for target in wanted]


def _estimate_usd(question: FreeQuestion, target: Target, prices: Prices) -> float:
    if not prices.input_usd_per_million and not prices.output_usd_per_million:
        return 0.0
    encoding = counting(target.model)
    asked = sum(tokens_of_message(message, encoding) for message in question.messages)
    return prices.answer_cost_usd(asked, question.max_tokens)


def _cost_usd(answer: Facts, prices: Prices) -> float | None:
    """None where the provider does not say how many tokens it counted."""
    if answer["tokens_in"] is None:
        return None
    return prices.answer_cost_usd(answer["tokens_in"], answer["tokens_out"] or 0)
