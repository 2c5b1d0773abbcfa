"""The one check before everything that can read only one label per comment."""

from typing import Protocol

from domain.errors import BadInput


class Labelled(Protocol):
    """A dataset, label set, snapshot or run: whether its comments may have several labels."""

    @property
    def several(self) -> bool:
        """True where an answer is a set of labels, which may be empty."""
        ...


def refuse_several(labelled: Labelled, what: str) -> None:
    """Say that something cannot be done where a comment may have several labels.

    Args:
        labelled: What it would be done with.
        what: What cannot be done, as the beginning of a sentence in the plural, such as "Thresholds".

    Raises:
        BadInput: the comments may have several labels.
    """
    if labelled.several:
        raise BadInput(
            f"{what} are for one label per comment; here a comment may have several.",
            hint="Labelling, snapshots, local training, prediction, evaluation, review one by one and"
            " comparison can do several.",
        )
