"""The verbs of kept examples and of jobs found at a provider, with plain arguments and plain answers."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from services.modelling.examples import sets as example_sets
from services.modelling.examples import tuning as example_tuning
from services.modelling.hosted import jobs as hosted_jobs
from services.verbs.tokens import text_of
from storage.database import Database
from storage.datasets import get_dataset


def keep_or_show_examples(
    db: Database,
    *,
    actor: str | None = None,
    examples: str | None = None,
    dataset: str | None = None,
    add: str | None = None,
    validation: str | None = None,
    name: str = "",
    held_out: float = example_sets.HELD_OUT,
) -> Any:
    """Keep the examples of a file; or one set with what was found in it; or the sets there are."""
    if add is not None:
        if dataset is None:
            raise BadInput("Under which dataset?", hint="Give --dataset NAME.")
        return example_sets.keep_examples(
            db,
            dataset,
            Path(add),
            actor=actor or "",
            validation=Path(validation) if validation else None,
            name=name,
            held_out=held_out,
        )
    if examples is not None:
        found = example_sets.findings_of(db, examples)
        told = [asdict(one) for one in found]
        return {"examples": example_sets.get_example_set(db, examples), "findings": told}
    return example_sets.list_example_sets(db, dataset and get_dataset(db, dataset).dataset_id)


def tune_on_examples(
    db: Database,
    *,
    examples: str,
    actor: str,
    name: str | None = None,
    settings: dict[str, Any] | None = None,
) -> Any:
    """The job that tunes a chat model on kept examples."""
    return example_tuning.tune(db, example_set_id=examples, settings=settings, name=name, actor=actor)


def list_or_adopt_hosted_jobs(
    db: Database,
    *,
    provider: str,
    actor: str | None = None,
    adopt: str | None = None,
    dataset: str | None = None,
    labels: list[str] | None = None,
    system_prompt: str | None = None,
    name: str = "",
) -> Any:
    """The newest jobs at a provider, each with the job here that knows it; or one of them, adopted."""
    if adopt is None:
        return hosted_jobs.jobs_at(db, provider)
    if dataset is None:
        raise BadInput("Under which dataset is its model kept?", hint="Give --dataset NAME.")
    return hosted_jobs.adopt(
        db,
        provider=provider,
        hosted_job=adopt,
        dataset_id=dataset,
        labels=labels or (),
        system_prompt=text_of(system_prompt) if system_prompt else None,
        name=name,
        actor=actor or "",
    )


VERBS: dict[str, Callable[..., Any]] = {
    "examples": keep_or_show_examples,
    "hosted-jobs": list_or_adopt_hosted_jobs,
}
