"""Try models on texts of one's own, side by side; nothing of it is kept unless somebody saves it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from domain.errors import BadInput, NotFound, WorkbenchError
from domain.models import Model, ParseStatus
from domain.people import actor_named
from services.backends.registry import read_about
from services.jobs.answer_now import CHUNK_ROWS
from services.jobs.managing.answering import answering
from services.modelling.hosted.outbound import answering_cost_usd
from services.modelling.hosted.providers import ProviderAddress
from services.modelling.models import get_model, list_models, model_folder
from services.modelling.playground import asking
from storage.database import Database

MOST_TEXTS, MOST_MODELS, MOST_CHARACTERS = 200, 4, 20_000
BASE = ":base"
HOSTED, BASELINE, IMPORTED = "openai", "tfidf", "imported"

Facts = dict[str, Any]
# Told which of the models is meant and what it does; may raise to stop, and then all of them are stopped.
Progress = Callable[[str, str], None]


@dataclass(frozen=True)
class Choice:
    """A model that can be tried: one of ours, or the base that a hosted one was tuned from.

    Attributes:
        key: The model's id; with ":base" behind it the model that it was tuned from.
        ends_on: When its provider shuts it, where that is known.
    """

    key: str
    title: str
    is_hosted: bool
    backend: str
    ends_on: date | None = None


@dataclass(frozen=True)
class Said:
    """What a model said of one text.

    Attributes:
        raw: The answer as it came, where the model writes one.
        note: Why the model was not asked about this text; empty where it was.
    """

    label: str | None
    parse_status: ParseStatus
    scores: tuple[tuple[str, float], ...] = ()
    raw: str | None = None
    latency_ms: float | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    note: str = ""

    @property
    def score(self) -> float | None:
        """The score of the label, where the model gives scores."""
        return next((score for label, score in self.scores if label == self.label), None)


@dataclass(frozen=True)
class Tried:
    """A model's answers in the order of the texts; or none, and the error that says why."""

    choice: Choice
    score_kind: str = "none"
    said: tuple[Said, ...] = ()
    error: str = ""
    hint: str = ""


def list_choices(db: Database, dataset_id: str) -> list[Choice]:
    """What can be tried on texts for this dataset, newest first; models of free text are not among it."""
    choices = []
    for model in list_models(db, dataset_id):
        if not model.labels or model.backend == IMPORTED:
            continue
        is_hosted = model.backend == HOSTED
        about = _about(db, model) if is_hosted else {}
        ends_on = asking.ends_on(db, str(about.get("model", "")))
        choices.append(Choice(model.model_id, model.name, is_hosted, model.backend, ends_on))
        base = base_of(about)
        if base:
            choices.append(Choice(f"{model.model_id}{BASE}", base, True, HOSTED, ends_on))
    return choices


def default_keys(choices: Sequence[Choice]) -> list[str]:
    """The newest model, the base that it was tuned from, and the newest baseline."""
    if not choices:
        return []
    newest = choices[0].key
    baseline = [choice.key for choice in choices if choice.backend == BASELINE][:1]
    base = [choice.key for choice in choices if choice.key == f"{newest}{BASE}"]
    return list(dict.fromkeys([newest, *base, *baseline]))


def texts_of(pasted: str, *, one_per_line: bool) -> list[str]:
    """The texts that somebody pasted; blank lines of a list are none.

    Raises:
        BadInput: there is nothing to try, there are too many, or one is too long.
    """
    texts = [line for line in pasted.splitlines() if line.strip()] if one_per_line else [pasted]
    return check_texts_given(texts)


def check_texts_given(texts: Sequence[str]) -> list[str]:
    """The texts again.

    Raises:
        BadInput: there is nothing to try, there are too many, or one is too long.
    """
    if not any(text.strip() for text in texts):
        raise BadInput("There is no text to try.", hint="Paste a comment.")
    if len(texts) > MOST_TEXTS:
        raise BadInput(
            f"{len(texts):,} texts are more than {MOST_TEXTS} at once.",
            hint="Import them, and let the model predict a snapshot.",
        )
    if any(0xD800 <= ord(character) < 0xE000 for text in texts for character in text):
        raise BadInput("A text holds half of a character.", hint="Paste it again.")
    longest = max(map(len, texts))
    if longest > MOST_CHARACTERS:
        raise BadInput(
            f"A text has {longest:,} characters; at most {MOST_CHARACTERS:,} are tried.", hint="Shorten it."
        )
    return list(texts)


def try_texts(
    db: Database,
    texts: Sequence[str],
    keys: Sequence[str],
    *,
    actor: str,
    dataset_id: str | None = None,
    progress: Progress = lambda _key, _what: None,
    arrived: Callable[[Tried], None] = lambda _tried: None,
) -> list[Tried]:
    """Every model's answer to every text, in the order of the keys.

    A model that cannot answer does not keep the others from it. Texts for a hosted model are looked at first;
    in a list, one that may not leave is "filtered", and the others are asked about.

    Args:
        keys: One to four, as `list_choices` gives them; they may be of other datasets.
        dataset_id: Where the texts may come from; its comments must be allowed to leave for a hosted model.
        arrived: Told each model's answers as they come.

    Raises:
        BadInput: there are no texts or no models, or too many.
        NotFound: there is no such model.
    """
    check_texts_given(texts)
    choices = [get_choice(db, key) for key in dict.fromkeys(keys)]
    if not 0 < len(choices) <= MOST_MODELS:
        raise BadInput(f"{len(choices)} models cannot be tried.", hint=f"Choose 1 to {MOST_MODELS}.")
    who, tried, questions = actor_named(actor), dict[str, Tried](), list[_Question]()

    def keep(found: Tried) -> None:
        tried[found.choice.key] = found
        arrived(found)

    for choice in choices:
        try:
            questions.append(_question(db, choice, texts, actor=who, dataset_id=dataset_id))
        except WorkbenchError as error:
            keep(Tried(choice, error=str(error), hint=error.hint))
    _ask(db, questions, actor=who, progress=progress, keep=keep)
    return [tried[choice.key] for choice in choices]


def get_choice(db: Database, key: str) -> Choice:
    """The choice of that key.

    Raises:
        NotFound: there is no such model, or it was not tuned from a base at a provider.
        BadInput: it writes free text and gives no label.
    """
    model = get_model(db, key.removesuffix(BASE))
    if not model.labels:
        raise BadInput(f"{model.model_id} gives no label: it writes free text.", hint="Use the free mode.")
    for choice in list_choices(db, model.dataset_id):
        if choice.key == key:
            return choice
    model_folder(db, model.model_id)  # which says of imported scores that nobody can be asked
    raise NotFound(f"{model.model_id} was not tuned from a base that could be asked.")


def base_of(about: Facts) -> str | None:
    """The model at the provider that a hosted one was tuned from, or None where it was not tuned."""
    name, settings = str(about.get("model", "")), about.get("settings", {})
    if name.startswith("ft:"):
        return name.removeprefix("ft:").split(":")[0]
    started_from = str(settings.get("model", ""))
    return started_from if settings.get("tune", True) and started_from not in ("", name) else None


@dataclass(frozen=True)
class _Question:
    """What one model is asked; the rest is of a hosted one, `usd_each` what one answer may cost.

    Attributes:
        kept_back: Why a text is not among those asked about, by its place in the list.
    """

    choice: Choice
    facts: Facts
    address: ProviderAddress | None = None
    model: str = ""
    usd_each: float = 0.0
    kept_back: dict[int, str] = field(default_factory=dict)


def _question(
    db: Database, choice: Choice, texts: Sequence[str], *, actor: str, dataset_id: str | None
) -> _Question:
    """The question to one model; to a hosted one only once it is clear that it may be asked."""
    model = get_model(db, choice.key.removesuffix(BASE))
    facts: Facts = {"kind": "classify", "folder": str(model_folder(db, model.model_id))}
    if not choice.is_hosted:
        return _Question(choice, {**facts, "texts": list(texts)})
    about = _about(db, model)
    if choice.key.endswith(BASE):
        about |= {"model": base_of(about)}
    asking.check_children(db, (dataset_id, model.dataset_id))
    kept_back = asking.kept_back(texts)
    if len(kept_back) == len(texts):  # refuses the whole, as a single text is refused
        asking.check_outgoing(db, ((f"Text {row}", text) for row, text in enumerate(texts, 1)), ())
    texts = [text for place, text in enumerate(texts) if place not in kept_back]
    address, prices = asking.provider_for(db, str(about["settings"]["provider"]), str(about["model"]))
    about |= {"prices": prices.as_dict()}  # of today, not of its training
    estimate_usd = answering_cost_usd(
        texts, system_prompt=str(about["system_prompt"]), model=str(about["model"]), prices=prices
    )
    allowed = asking.allowed_usd(db, address, actor=actor, estimate_usd=estimate_usd)
    facts |= {"about": about, "allowed_usd": min(allowed, float(about["settings"]["cost_cap_usd"]))}
    facts |= {"texts": texts, **asking.question_to(address)}
    return _Question(
        choice, facts, address, str(about["model"]), estimate_usd / len(texts), kept_back=kept_back
    )


def _ask(
    db: Database,
    questions: Sequence[_Question],
    *,
    actor: str,
    progress: Progress,
    keep: Callable[[Tried], None],
) -> None:
    """Ask all at once; what hosted answers cost is written down however it ends.

    Of a question taken back, the answers under way are paid for too, though nobody hears them.
    """
    paid, done = [0.0] * len(questions), set[str]()

    def went_on(place: int, told: Facts) -> None:
        paid[place] = float(told.get("paid_usd", paid[place]))
        progress(questions[place].choice.key, str(told.get("progress", "")))

    def came(place: int, answer: Facts | WorkbenchError) -> None:
        choice = questions[place].choice
        done.add(choice.key)
        if isinstance(answer, WorkbenchError):
            keep(Tried(choice, error=str(answer), hint=answer.hint))
        else:
            said = [_said(row, answer["labels"]) for row in answer["rows"]]
            for one, why in sorted(questions[place].kept_back.items()):
                said.insert(one, Said(None, "filtered", note=why))
            keep(Tried(choice, answer["score_kind"], tuple(said)))

    try:
        answering().ask([one.facts for one in questions], arrived=came, progress=went_on)
    finally:
        for question, usd in zip(questions, paid, strict=True):
            if question.address is not None:
                lost = 0 if question.choice.key in done else min(CHUNK_ROWS, len(question.facts["texts"]))
                asking.charge(
                    db,
                    question.address,
                    actor=actor,
                    model=question.model,
                    usd=usd + lost * question.usd_each,
                )


def _said(row: Facts, labels: Sequence[str]) -> Said:
    scores = tuple(zip(labels, row["scores"], strict=True)) if row["scores"] else ()
    rest = {name: row[name] for name in ("label", "parse_status", "raw", "tokens", "cost_usd")}
    latency = row["latency_ms"]
    known = latency is not None and math.isfinite(latency)
    return Said(**rest, scores=scores, latency_ms=round(latency, 2) if known else None)


def _about(db: Database, model: Model) -> Facts:
    return dict(read_about(model_folder(db, model.model_id)))
