"""Exclude what no model should learn from, one rule at a time, each with a preview and an undo."""

from dataclasses import dataclass

from domain.comments import Comment
from domain.errors import BadInput, Conflict
from domain.people import actor_named
from storage import cleanings, datasets
from storage.cleanings import Cleaning, list_cleanings
from storage.comments import list_comments_by_id
from storage.database import Database

__all__ = ["FIRST_RULES", "RULES", "Cleaning", "Preview", "apply_rule", "list_cleanings", "preview", "undo"]

RULES = cleanings.RULES
FIRST_RULES = RULES[:2]  # nobody needs to look before these


@dataclass(frozen=True)
class Preview:
    """What a rule would do now: how many comments, and the first of them with what they repeat.

    `left` groups have labels that contradict each other; the rule would take a side and leaves them alone.
    """

    rule: str
    count: int
    left: int
    examples: tuple[tuple[Comment, int | None], ...]


def preview(db: Database, dataset_id: str, rule: str, *, limit: int = 50) -> Preview:
    """What the rule would exclude, without excluding it."""
    datasets.get_dataset(db, dataset_id)
    matches = cleanings.list_matches(db, dataset_id, rule, limit=limit)
    comments = list_comments_by_id(db, dataset_id, [number for number, _ in matches])
    repeats = dict(matches)
    examples = tuple((comment, repeats[comment.comment_id]) for comment in comments)
    return Preview(rule, *cleanings.count_matches(db, dataset_id, rule), examples)


def apply_rule(db: Database, dataset_id: str, rule: str, *, actor: str) -> Cleaning:
    """Exclude what the rule finds; the comments stay, with the reason.

    Raises:
        BadInput: the rule finds nothing.
    """
    datasets.get_dataset(db, dataset_id)
    count, left = cleanings.count_matches(db, dataset_id, rule)
    if count == 0:
        raise BadInput(
            f"The rule '{rule}' finds no comment in '{dataset_id}'.",
            hint=f"Labels contradict each other in {left:,} groups: decide those first (`settle`)."
            if left
            else "There is nothing to do.",
        )
    return cleanings.add_cleaning(db, dataset_id, rule, actor_named(actor))


def undo(db: Database, cleaning_id: int, *, dataset_id: str, actor: str) -> Cleaning:
    """Take one application of a rule to this dataset back.

    Raises:
        NotFound: there is no such cleaning.
        Conflict: it is of another dataset, or was taken back already.
    """
    found = cleanings.get_cleaning(db, cleaning_id)
    if found.dataset_id != dataset_id:
        raise Conflict(
            f"Cleaning {cleaning_id} is of the dataset '{found.dataset_id}', not '{dataset_id}'.",
            hint=f"Undo it in '{found.dataset_id}'.",
        )
    return cleanings.update_undone(db, cleaning_id, actor_named(actor))
