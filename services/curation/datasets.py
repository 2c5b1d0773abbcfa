"""Making datasets and finding them."""

import re
import secrets
from collections.abc import Iterable

from domain.comments import Dataset
from domain.errors import BadInput
from domain.labels import LabelSet, label_set
from domain.people import actor_named
from storage import datasets as stored
from storage.database import Database, now
from storage.datasets import (
    find_dataset,
    find_guideline,
    get_dataset,
    get_label_set,
    list_child_data_marks,
    list_datasets,
    list_guidelines,
)

__all__ = [
    "create_dataset", "find_dataset", "find_guideline", "get_dataset", "get_label_set",
    "list_child_data_marks", "list_datasets", "list_guidelines", "mark_child_data", "new_dataset",
    "write_guideline",
]  # fmt: skip

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
GROUPS = ("author", "thread", "none")
MAX_REASON = 1_000  # characters


def create_dataset(
    db: Database,
    name: str,
    labels: Iterable[str],
    *,
    actor: str,
    title: str = "",
    group_by: str = "author",
    votes_needed: int = 1,
    definitions: dict[str, str] | None = None,
    salt: str | None = None,
    several: bool = False,
) -> Dataset:
    """Make an empty dataset with a label set.

    Args:
        name: Lower-case letters, digits and hyphens; it stands in links and on the command line.
        group_by: What stays together in one split: author, thread, or none.
        votes_needed: How many people label a comment before it stops waiting, 1 to 9.
        salt: Decides which groups go to which split; random unless given.
        several: A comment may have several of the labels, or none of them; that stays so.

    Raises:
        BadInput: one of them cannot be used.
        Conflict: there is a dataset of that name.
    """
    dataset, names = new_dataset(
        name, labels, actor=actor, title=title, group_by=group_by, votes_needed=votes_needed,
        definitions=definitions, salt=salt, several=several,
    )  # fmt: skip
    stored.add_dataset(db, dataset, names)
    return dataset


def new_dataset(
    name: str,
    labels: Iterable[str],
    *,
    actor: str,
    title: str = "",
    group_by: str = "author",
    votes_needed: int = 1,
    definitions: dict[str, str] | None = None,
    salt: str | None = None,
    several: bool = False,
) -> tuple[Dataset, LabelSet]:
    """What `create_dataset` would make, checked but not written: an import writes it with its comments."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"'{name[:80]}' cannot be the name of a dataset.",
            hint="Up to 60 lower-case letters, digits and hyphens, such as kids-comments.",
        )
    if group_by not in GROUPS:
        raise BadInput(f"Splits cannot be grouped by '{group_by}'.", hint=f"One of {', '.join(GROUPS)}.")
    if not 1 <= votes_needed <= 9:
        raise BadInput(f"{votes_needed} votes for a comment are not possible.", hint="Between 1 and 9.")
    dataset = Dataset(
        dataset_id=name,
        title=title or name,
        group_by=group_by,
        salt=salt or secrets.token_hex(8),
        votes_needed=votes_needed,
        created_at=now(),
        created_by=actor_named(actor),
        several=several,
    )
    return dataset, label_set(labels, definitions, several=several)


def mark_child_data(
    db: Database, dataset_id: str, *, may_hold_child_data: bool, actor: str, why: str = ""
) -> None:
    """Say whether the comments may hold data of children; if so, they go to no provider. Who said so is kept.

    Args:
        why: Has to be given to take the mark away; at most MAX_REASON characters.

    Raises:
        NotFound: there is no such dataset.
        BadInput: the reason is missing or too long.
    """
    who, reason = actor_named(actor), why.strip()
    stored.get_dataset(db, dataset_id)
    if not may_hold_child_data and not reason:
        raise BadInput(
            f"Why should '{dataset_id}' hold no data of children?",
            hint="Say how you know: its comments can leave this machine from then on.",
        )
    if len(reason) > MAX_REASON:
        raise BadInput(
            f"The reason has {len(reason):,} characters.", hint=f"Say it in at most {MAX_REASON:,}."
        )
    stored.update_child_data(db, dataset_id, may_hold_child_data, why=reason, actor=who)


def write_guideline(
    db: Database, dataset_id: str, body: str, *, actor: str, instead_of: int | None = None
) -> int:
    """Add a version of the guideline and return its number; the versions before stay.

    Args:
        instead_of: The version that the writer had before them, 0 for none; None writes in any case.

    Raises:
        BadInput: nothing is written in it.
        Conflict: somebody wrote another version meanwhile.
    """
    stored.get_dataset(db, dataset_id)
    if not body.strip():
        raise BadInput("The guideline is empty.", hint="Write what each label means, with examples.")
    return stored.add_guideline(db, dataset_id, body, actor_named(actor), instead_of=instead_of)
