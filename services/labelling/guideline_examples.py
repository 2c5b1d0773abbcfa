"""Real comments as examples beside the guideline, for the people who label.

They are no part of its text: what a model is told holds no comment as if it were an instruction.
"""

from domain.errors import BadInput
from domain.people import actor_named
from domain.text import shortened
from services.curation.datasets import find_guideline, get_dataset, get_label_set
from storage import guideline_examples as stored
from storage.comments import list_comments_by_id
from storage.database import Database
from storage.guideline_examples import GuidelineExample

__all__ = [
    "MAX_WHY", "GuidelineExample", "add_example", "examples_for_people", "guideline_for_people",
    "list_examples", "take_out",
]  # fmt: skip

MAX_WHY = 2_000
_SHOWN = 400  # characters of an example beside the guideline


def add_example(
    db: Database, dataset_id: str, comment_id: int, *, actor: str, label: str | None = None, why: str = ""
) -> int:
    """Make a comment an example of a label, and return the number of the example.

    Args:
        label: What it is an example of; the label in force where it is not given.

    Raises:
        NotFound: there is no such dataset.
        BadInput: the comment or the label is not the dataset's, there is no label, or the reason is too
            long.
    """
    who, dataset = actor_named(actor), get_dataset(db, dataset_id)
    found = list_comments_by_id(db, dataset.dataset_id, [comment_id])
    if not found:
        raise BadInput(f"Comment {comment_id} is not in '{dataset_id}'.", hint="Reload the page.")
    meant = label or found[0].label
    if meant is None:
        raise BadInput(f"Comment {comment_id} has no label.", hint="Say what it is an example of.")
    named = get_label_set(db, dataset_id).named(meant)
    if named is None:
        raise BadInput(f"'{meant}' is not in the label set.", hint="Choose one of its labels.")
    if len(why) > MAX_WHY:
        raise BadInput(f"A reason of {len(why):,} characters is too long.", hint=f"Up to {MAX_WHY:,}.")
    newest = find_guideline(db, dataset_id)
    return stored.add_guideline_example(
        db, dataset_id, comment_id, label=named, why=why.strip(),
        guideline_version=newest[0] if newest else 0, actor=who,
    )  # fmt: skip


def list_examples(db: Database, dataset_id: str) -> list[GuidelineExample]:
    """The examples beside the guideline, by label.

    Raises:
        NotFound: there is no such dataset.
    """
    return stored.list_guideline_examples(db, get_dataset(db, dataset_id).dataset_id)


def take_out(db: Database, dataset_id: str, example_id: int, *, actor: str) -> None:
    """Take an example out.

    Raises:
        NotFound: there is no such example, or it was taken out.
    """
    stored.update_taken_out(db, dataset_id, example_id, actor=actor_named(actor))


def examples_for_people(db: Database, dataset_id: str) -> list[str]:
    """The examples beside the guideline, each in plain text: its label, the comment shortened, and why."""
    return [
        f"{example.label}: “{shortened(example.body, _SHOWN)}”" + (f" ({example.why})" if example.why else "")
        for example in stored.list_guideline_examples(db, dataset_id)
    ]


def guideline_for_people(db: Database, dataset_id: str) -> str:
    """The newest guideline with its examples below, as plain text; empty where there is neither."""
    newest = find_guideline(db, dataset_id)
    parts = [newest[1]] if newest else []
    told = examples_for_people(db, dataset_id)
    if told:
        parts.append("\n".join(["Examples", "", *told]))
    return "\n\n".join(parts)
