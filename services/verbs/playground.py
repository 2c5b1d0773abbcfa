"""The verb of the playground: models side by side on texts, or chat models on anything, and saving a text."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from domain.errors import BackendError, BadInput
from services.curation.datasets import get_dataset
from services.curation.saved_texts import save_text
from services.modelling.explaining import explain
from services.modelling.playground.free_chat import FreeAnswer, FreeQuestion, Target, ask_freely
from services.modelling.playground.labelling import Tried, default_keys, list_choices, texts_of, try_texts
from services.verbs.tokens import text_of
from storage.database import Database

Progress = Callable[[str, float], None]
EXPLAINED_TEXTS = 3  # more texts are told without their deciding words


def try_models(
    db: Database,
    *,
    actor: str,
    texts: list[str] | None = None,
    path: str | None = None,
    models: list[str] | None = None,
    dataset: str | None = None,
    provider: str | None = None,
    model_ids: list[str] | None = None,
    system: str = "",
    temperature: float = 0.0,
    max_tokens: int = 256,
    save: bool = False,
    label: str | None = None,
    progress: Progress,
) -> Any:
    """What models say of texts; with a provider, what its chat models answer to one text.

    Args:
        path: A file with a text per line, in place of `texts`.
        models: Of the workbench; left out, the newest of the dataset, its base, and the newest baseline.
        save: Keep the one text as a comment of the dataset, with what was said of it as a note.
        label: The actor's vote on it, where it is saved.
    """
    asked = (
        texts_of(text_of(path), one_per_line=True) if path else [one for one in texts or [] if one.strip()]
    )
    if provider is not None:
        if dataset is None:  # whose mark, for data of children, is looked at before anything leaves
            raise BadInput(
                "Which dataset does the text belong to? One that may hold data of children is not sent.",
                hint="Give --dataset NAME.",
            )
        question = FreeQuestion(_only(asked, "asked freely"), system, temperature, max_tokens)
        targets = [Target(provider, name) for name in model_ids or []]
        answers = ask_freely(
            db, question, targets, actor=actor, dataset_id=get_dataset(db, dataset).dataset_id,
            progress=lambda target, what: progress(f"{target.model}: {what}", 0.0),
        )  # fmt: skip
        return {"answers": [asdict(one) for one in _some(answers)]}
    keys = models or default_keys(list_choices(db, _named(db, dataset)))
    tried = _some(
        try_texts(
            db, asked, keys, actor=actor, dataset_id=dataset,
            progress=lambda key, what: progress(f"{key}: {what}", 0.0),
        )
    )  # fmt: skip
    told: dict[str, Any] = {"texts": asked, "models": [_told(db, one, asked) for one in tried]}
    if save:
        notes = notes_of(tried, 0, actor)
        told["saved"] = save_text(
            db, _named(db, dataset), _only(asked, "saved"), actor=actor, notes=notes, label=label
        )
    return told


def notes_of(tried: Sequence[Tried], place: int, actor: str) -> list[str]:
    """What each model said of one of the texts, as notes beside the comment that it becomes."""
    notes = []
    for one in tried:
        if one.said:
            said = one.said[place]
            score = "" if said.score is None else f" ({one.score_kind} {said.score:.3f})"
            answer = said.label if said.label is not None else f"no label: {said.parse_status}"
            notes.append(f"{one.choice.key} said {answer}{score}; tried by {actor}")
    return notes


def _told(db: Database, tried: Tried, texts: Sequence[str]) -> dict[str, Any]:
    """A model's answers; of few texts also why it gave them."""
    told = {**asdict(tried), "said": [{**asdict(said), "score": said.score} for said in tried.said]}
    ends_on = tried.choice.ends_on
    told["choice"]["ends_on"] = ends_on and ends_on.isoformat()
    for said in told["said"]:
        said["scores"] = dict(said["scores"])
    if len(texts) <= EXPLAINED_TEXTS:
        for text, said in zip(texts, told["said"], strict=False):
            said["why"] = asdict(explain(db, tried.choice.key, text, said["label"]))
    return told


def _some(answers: Sequence[Any]) -> Sequence[Any]:
    """The answers again.

    Raises:
        BackendError: every model failed; the first one's reason.
    """
    first: Tried | FreeAnswer = answers[0]
    if all(one.error for one in answers):
        raise BackendError(first.error, hint=first.hint)
    return answers


def _only(texts: Sequence[str], what: str) -> str:
    if len(texts) != 1:
        raise BadInput(f"{len(texts):,} texts cannot be {what} at once.", hint="Give one text.")
    return texts[0]


def _named(db: Database, dataset: str | None) -> str:
    if dataset is None:
        raise BadInput("Which models, and for which dataset?", hint="Give --model MODEL or --dataset NAME.")
    return get_dataset(db, dataset).dataset_id


VERBS: dict[str, Callable[..., Any]] = {
    "try": try_models,
}
