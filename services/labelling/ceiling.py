"""How well people themselves meet the label that others decided: what a model's figures are held against."""

from services.evaluation.intervals import Proportion, proportion
from services.labelling.annotators import list_annotators
from storage.database import Database


def human_ceiling(db: Database, dataset_id: str, *, about: str | None = None) -> Proportion | None:
    """Of all labels of people, the share that is the label in force without that person's vote.

    A model that is right more often than this is not better than people: the labels cannot tell. Comments
    that one person labelled do not count; None where that is all of them.

    Args:
        about: The one of several labels that is asked about; None compares whole answers.

    Raises:
        NotFound: there is no such dataset.
    """
    known = [each.agreement for each in list_annotators(db, dataset_id, about=about) if each.agreement]
    return proportion(sum(each.successes for each in known), sum(each.n for each in known))


def people_told(people: Proportion | None) -> str:
    """What people reach themselves, as a sentence; empty where nobody can tell."""
    if people is None:
        return ""
    few = " Too few to say much." if people.small else ""
    return (
        f"People meet the label that the others decided in {people.value:.3f} ({people.low:.3f} to"
        f" {people.high:.3f}) of {people.n:,} cases: an accuracy above that says more about the labels than"
        f" about a model.{few}"
    )
