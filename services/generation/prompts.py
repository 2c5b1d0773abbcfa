"""The prompts of writing models in versions: the task's own, and those that somebody wrote."""

from domain.errors import NotFound
from domain.pairs import PromptVersion
from domain.people import actor_named
from services.generation.asking import check_prompt, own_prompt
from storage import pairs as stored
from storage.database import Database
from storage.datasets import get_dataset


def write_prompt(db: Database, dataset_id: str, task: str, body: str, *, actor: str) -> PromptVersion:
    """Add a version of the prompt; the versions before stay.

    Raises:
        NotFound: there is no such dataset.
        BadInput: there is no such task, the place of the source is missing, or the prompt is too long.
    """
    who = actor_named(actor)
    get_dataset(db, dataset_id)
    own_prompt(task)
    check_prompt(body)
    return stored.add_prompt(db, dataset_id, task, body, who)


def list_prompts(db: Database, dataset_id: str, task: str) -> list[PromptVersion]:
    """Every version for a task, newest first; the last is the task's own, version 0."""
    return [*stored.list_prompts(db, dataset_id, task), own_prompt(task)]


def get_prompt(db: Database, dataset_id: str, task: str, version: int) -> PromptVersion:
    """One version.

    Raises:
        NotFound: there is none of that number.
    """
    known = list_prompts(db, dataset_id, task)
    found = next((one for one in known if one.version == version), None)
    if found is None:
        raise NotFound(
            f"There is no version {version} of the prompt '{task}'.",
            hint=f"Versions: {', '.join(str(one.version) for one in known)}.",
        )
    return found
