"""Jobs found at a provider: listed beside those known here, and adopted."""

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from domain.errors import BadInput, Conflict
from domain.jobs import Job
from services.jobs.managing.inputs import ADOPTS
from services.jobs.managing.launch import launch
from services.modelling.answers.parsing import answer_keys
from services.modelling.hosted.hosting import refuse_shut
from services.modelling.hosted.lifecycle import expiry_of
from services.modelling.hosted.patience import FOR_A_LIST
from services.modelling.hosted.providers import get_provider
from services.modelling.settings import AdoptionSettings, read_settings
from services.modelling.training import checked_name
from services.several import refuse_several
from storage import jobs
from storage.database import Database
from storage.datasets import get_dataset, get_label_set

if TYPE_CHECKING:
    from services.backends.provider import Provider

MOST = 200  # jobs that are asked for, the newest
_adopting = threading.Lock()


@dataclass(frozen=True)
class FoundJob:
    """A job as the provider shows it.

    Attributes:
        status: As the provider words it, be it a word that nobody foresaw.
        created_at: Seconds since 1970, UTC.
        model: The tuned model, once there is one.
        error: Why it failed; empty where it did not.
        job_id: The job here that made or adopted it, the newest; None where none did.
    """

    hosted_job: str
    status: str
    created_at: int
    base: str
    model: str | None
    error: str
    job_id: str | None


def jobs_at(db: Database, provider: str) -> list[FoundJob]:
    """The newest jobs of the account at a provider, newest first, up to MOST.

    Raises:
        NotFound: it is not approved.
        BackendError: its key is not set, or it does not answer.
    """
    there = _client(db, provider).list_newest_jobs(MOST)
    clicks, adopted = _known(db, provider)
    return [
        FoundJob(
            hosted_job=one.id,
            status=one.status,
            created_at=one.created_at,
            base=one.base,
            model=one.fine_tuned_model,
            error=one.error,
            job_id=clicks.get(one.client_id or "") or adopted.get(one.id),
        )
        for one in there
    ]


def adopt(
    db: Database,
    *,
    provider: str,
    hosted_job: str,
    dataset_id: str,
    labels: Sequence[str] = (),
    system_prompt: str | None = None,
    name: str = "",
    poll_s: float = 5.0,
    actor: str,
) -> Job:
    """Follow a job at a provider as a job of ours; its model is there once that is absorbed.

    A model that was tuned earlier is taken by its own id in the same way.

    Args:
        db: The database.
        provider: Where it is.
        hosted_job: Its id there, or the id of a tuned model, ft:….
        dataset_id: Under which its model is kept.
        labels: What the model answers, of the dataset's labels; empty where that is free text.
        system_prompt: What it was trained with; needed where it answers labels.
        name: Of the model; by default made of the job's id.
        poll_s: Seconds between two looks, at first.
        actor: Who wants it.

    Raises:
        NotFound: there is no such dataset, or no such approved provider.
        BadInput: a label is not of the dataset, there is only one, or the system prompt is missing.
        BackendError: the provider knows no such job or model, does not answer, or its key is not set.
        Conflict: a job here made or adopted it, or the model is shut.
    """
    get_dataset(db, dataset_id)
    _check_labels(db, dataset_id, labels, system_prompt)
    told = {"provider": provider, "hosted_job": hosted_job, "labels": list(labels), "poll_s": poll_s}
    config = read_settings(AdoptionSettings, {**told, "system_prompt": system_prompt if labels else None})
    given_name = checked_name(name)
    click = _click_there(db, config)
    with _adopting:  # two clicks at once would both find it unknown
        clicks, adopted = _known(db, provider)
        ours = clicks.get(click) or adopted.get(hosted_job)
        if ours:
            raise Conflict(
                f"{ours} is {hosted_job} already.",
                hint=f"Look at {ours}; if it did not succeed, start it again.",
            )
        return launch(
            db,
            kind=ADOPTS,
            dataset_id=dataset_id,
            snapshot_id=hosted_job,
            splits=(),
            settings=asdict(config),
            actor=actor,
            name=given_name or f"{hosted_job} of {provider}",
            provider=provider,
        )


def _click_there(db: Database, config: AdoptionSettings) -> str:
    """The click that made the job, once it is clear that it is there; empty where that was none of ours."""
    there = _client(db, config.provider)
    if not config.is_model:
        return there.get_job(config.hosted_job).client_id or ""
    address = get_provider(db.home, config.provider)
    refuse_shut(expiry_of(db.home, address, config.hosted_job, datetime.now(UTC).date()))
    there.check_model(config.hosted_job)
    return ""


def _client(db: Database, provider: str) -> "Provider":
    from services.backends.provider import Provider  # takes a second, and only who asks a provider needs it

    return Provider(get_provider(db.home, provider), patience=FOR_A_LIST)


def _known(db: Database, provider: str) -> tuple[dict[str, str], dict[str, str]]:
    """The newest job of ours by the click that it was made for, and by the job there that it adopted."""
    clicks: dict[str, str] = {}
    adopted: dict[str, str] = {}
    for job in reversed(jobs.list_jobs(db)):
        if job.spec.get("provider") != provider:
            continue
        if job.kind == ADOPTS:
            adopted[job.spec["settings"]["hosted_job"]] = job.job_id
        else:
            clicks[job.spec["client_id"]] = job.job_id
    return clicks, adopted


def _check_labels(db: Database, dataset_id: str, labels: Sequence[str], system_prompt: str | None) -> None:
    if not labels:
        return
    refuse_several(get_label_set(db, dataset_id), "Hosted models")
    known = [label.name for label in get_label_set(db, dataset_id).labels]
    strange = [label for label in labels if label not in known]
    if strange or len(set(labels)) != len(labels) or len(labels) < 2:
        raise BadInput(
            f"A model cannot answer {', '.join(labels)[:200]}.",
            hint=f"Give two or more of these: {', '.join(known)}; or none, if its answers are free text.",
        )
    answer_keys(tuple(labels))
    if not (system_prompt or "").strip():
        raise BadInput(
            "The system prompt that the model was trained with is missing.",
            hint="Give it word by word: a model that is asked in other words gives other answers.",
        )
