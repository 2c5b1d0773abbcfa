"""Why a model said what it said: the words that decided, and what it had learned from that is nearest."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.errors import WorkbenchError
from services.backends.registry import read_about
from services.jobs.managing.answering import answering
from services.modelling.models import answers_several, get_model, model_folder
from services.modelling.playground.labelling import BASE, get_choice
from storage.database import Database


@dataclass(frozen=True)
class Near:
    """A comment that the model learned from; `similarity` is the TF-IDF cosine, 0 to 1."""

    comment_id: int
    text: str
    label: str
    split: str
    similarity: float


@dataclass(frozen=True)
class Explanation:
    """What can be said of one answer.

    Attributes:
        how: "exact" or "left out", as `services.backends.deciding_words` means it; None where the model tells
            nothing of its words.
        words: (word, amount for the label), the largest amounts first.
        left_over: Words of a long text that were not looked at.
        near: Nearest first.
        searched: Training comments that were looked through, of `training_rows`; without those that were
            withheld from a model at a provider.
    """

    how: str | None
    words: tuple[tuple[str, float], ...]
    left_over: int
    near: tuple[Near, ...]
    searched: int
    training_rows: int


def explain(
    db: Database,
    key: str,
    text: str,
    label: str | None,
    *,
    progress: Callable[[str], None] = lambda _what: None,
) -> Explanation:
    """Deciding words and nearest training comments of one answer; nothing of it leaves the machine.

    Args:
        key: As `services.modelling.playground.labelling.list_choices` gives it.
        label: What the model said; None where its answer was no label.

    Raises:
        NotFound: there is no such model.
        BackendError: the model failed.
    """
    choice = get_choice(db, key)
    folder = model_folder(db, key.removesuffix(BASE))
    comments = folder.parent / "inputs" / "comments.parquet"
    several = answers_several(db, get_model(db, key.removesuffix(BASE)))  # no word decides a set of labels
    learned = comments.exists() and not key.endswith(BASE)
    question = {
        "kind": "explain", "text": text, "label": label,
        "folder": None if choice.is_hosted or several else str(folder),
        "comments": str(comments) if learned else None,
        "withheld": choice.is_hosted and read_about(folder)["settings"].get("personal_data") == "withhold",
    }  # fmt: skip
    found: list[Any] = []
    answering().ask(
        [question],
        arrived=lambda _place, answer: found.append(answer),
        progress=lambda _place, told: progress(str(told.get("progress", ""))),
    )
    if isinstance(found[0], WorkbenchError):
        raise found[0]
    return _explanation(found[0])


def _explanation(told: dict[str, Any]) -> Explanation:
    words, near = told["words"] or {}, told["near"] or {}
    return Explanation(
        how=words.get("how"),
        words=tuple((str(word), float(amount)) for word, amount in words.get("words", ())),
        left_over=int(words.get("left_over", 0)),
        near=tuple(Near(**one) for one in near.get("comments", ())),
        searched=int(near.get("searched", 0)),
        training_rows=int(near.get("rows", 0)),
    )
