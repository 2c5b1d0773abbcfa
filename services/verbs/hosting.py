"""The verbs around models at providers: who they are, what they cost, and what may not go there."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from domain.errors import BadInput
from domain.jobs import Job
from domain.text import shortened
from services.curation import datasets
from services.modelling.hosted import spending
from services.modelling.hosted.catalogue import HostedModel, hosted_models
from services.modelling.hosted.known_prompts import prompt_told
from services.modelling.hosted.lifecycle import ending_told, expiry_of, refresh_models, told_models
from services.modelling.hosted.prices import forget_price, write_price
from services.modelling.hosted.providers import list_providers
from services.modelling.models import get_model, get_run
from services.modelling.tokens.snapshots import DEFAULT_LIMIT
from services.verbs.tokens import told_of_model
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


def list_or_write_prices(
    db: Database,
    *,
    actor: str | None = None,
    model: str | None = None,
    train: float | None = None,
    reading: float | None = None,
    writing: float | None = None,
    limit: int | None = None,
    shuts_on: str | None = None,
    tunable: bool | None = None,
    source: str | None = None,
    forget: bool = False,
) -> Any:
    """The table of hosted models; on demand one row is written first, or forgotten.

    Args:
        model: The row; what is not given keeps its value, and is 0 in a new one.
        shuts_on: A day as ISO text, or "never".
    """
    today = date.today()
    if model is not None and forget:
        forget_price(db.home, model, actor=actor or "")
    elif model is not None:
        row = _row(db, model)
        row = replace(
            row,
            train_usd_per_million=row.train_usd_per_million if train is None else train,
            input_usd_per_million=row.input_usd_per_million if reading is None else reading,
            output_usd_per_million=row.output_usd_per_million if writing is None else writing,
            example_limit=row.example_limit if limit is None else limit,
        )
        if shuts_on is not None:
            row = replace(row, shuts_on=_day(shuts_on))
        if tunable is not None and tunable != row.can_be_tuned:
            row = replace(row, methods=("supervised",) if tunable else ())
        write_price(db.home, row, source=source or "", today=today, actor=actor or "")
    table = hosted_models(db.home)
    return {
        "as_of": table.as_of.isoformat(),
        "source": table.source,
        "no_new_jobs_after": table.no_new_jobs_after.isoformat(),
        "models": [{**told_of_model(one), "is_shut": one.is_shut(today)} for one in table.models],
    }


def _row(db: Database, name: str) -> HostedModel:
    """The row of that very name, or an empty one."""
    known = (one for one in hosted_models(db.home).models if one.name == name)
    return next(known, HostedModel(name, (), 0.0, 0.0, 0.0, DEFAULT_LIMIT, None))


def _day(told: str) -> date | None:
    if told == "never":
        return None
    try:
        return date.fromisoformat(told)
    except ValueError as error:
        raise BadInput(f"'{shortened(told)}' is no day.", hint="As in 2027-01-14, or never.") from error


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
    "prices": list_or_write_prices,
}
