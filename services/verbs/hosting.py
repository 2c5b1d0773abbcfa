"""The verbs around models at providers: who they are, what they cost, and what may not go there."""

from collections.abc import Callable
from datetime import date
from typing import Any

from domain.jobs import Job
from services.curation import datasets
from services.modelling.hosted import spending
from services.modelling.hosted.known_prompts import prompt_told
from services.modelling.hosted.lifecycle import ending_told, expiry_of, refresh_models, told_models
from services.modelling.hosted.providers import list_providers
from services.modelling.models import get_model, get_run
from storage.database import Database


def ending_of_run(db: Database, run_id: str) -> str | None:
    """When the model that gave these answers ends; None for a local one, and where nobody said so."""
    return ending_told(db.home, get_model(db, get_run(db, run_id).model_id).settings)


def prompt_of_run(db: Database, run_id: str) -> str | None:
    """What to know of the words in which a tuned model was asked as it is; None for all others."""
    return prompt_told(db, get_model(db, get_run(db, run_id).model_id).settings)


def ending_of_job(db: Database, job: Job) -> str | None:
    """When the model that a job makes or asks ends, as `ending_of_run`."""
    asked = job.spec["model_id"]
    return ending_told(db.home, job.spec["settings"] if asked is None else get_model(db, asked).settings)


def list_or_refresh_providers(db: Database, *, refresh: str | None = None) -> Any:
    """The approved providers with what they told of their models; one of them is asked anew on demand."""
    if refresh is not None:
        refresh_models(db.home, refresh)
    answer = []
    for address in list_providers(db.home).values():
        told = told_models(db.home, address.name)
        models = [] if told is None else sorted(told.models)
        answer.append(
            {
                "provider": address.name,
                "base_url": address.base_url,
                "charges": address.charges,
                "key_variable": address.key_variable,
                "key_is_set": address.key_variable is None or address.key is not None,
                "asked_on": None if told is None else told.as_of.isoformat(),
                "models": [_model(db, address, name) for name in models],
            }
        )
    return answer


def _model(db: Database, address: Any, name: str) -> dict[str, Any]:
    ends = expiry_of(db.home, address, name, date.today())
    return {
        "model": name,
        "shuts_on": ends and ends.shuts_on.isoformat(),
        "days_left": ends and ends.days_left,
    }


def show_spending(db: Database, *, actor: str) -> Any:
    """The caps, and what is left of them for this person today (UTC)."""
    left = spending.left_today(db, actor)
    return {
        "actor": actor,
        "limits": spending.read_limits(db.home),
        "left": left,
        "next_job_usd": left.most_usd,
    }


def mark_child_data(
    db: Database, *, dataset: str, actor: str, child_data: bool | None = None, why: str = ""
) -> Any:
    """Whether a dataset may hold data of children and who said so; on demand it is said anew."""
    if child_data is not None:
        datasets.mark_child_data(db, dataset, may_hold_child_data=child_data, actor=actor, why=why)
    return {
        "dataset": dataset,
        "may_hold_child_data": datasets.get_dataset(db, dataset).may_hold_child_data,
        "marks": datasets.list_child_data_marks(db, dataset),
    }


VERBS: dict[str, Callable[..., Any]] = {
    "providers": list_or_refresh_providers,
    "spending": show_spending,
    "child-data": mark_child_data,
}
