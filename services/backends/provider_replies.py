"""What a provider replies with, in our words: jobs, their events, and answers."""

from dataclasses import dataclass
from typing import Any

from domain.text import visible
from services.modelling.answers.label_scores import Position

MESSAGE_CHARACTERS = 300


@dataclass(frozen=True)
class HostedJob:
    """A fine-tuning job as the provider shows it; `status` may be a word that nobody foresaw."""

    id: str
    status: str
    created_at: int
    fine_tuned_model: str | None
    error: str
    result_files: tuple[str, ...]
    trained_tokens: int | None
    base: str = ""
    client_id: str | None = None


@dataclass(frozen=True)
class HostedEvent:
    """Something that happened to a job; metric events carry numbers in `data`."""

    id: str
    created_at: int
    level: str
    message: str
    type: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One chat answer; `positions` is empty where no log-probabilities came."""

    text: str | None
    refusal: str | None
    finish_reason: str | None
    tokens_in: int | None
    tokens_out: int | None
    positions: tuple[Position, ...]


def as_job(job: Any) -> HostedJob:
    """The SDK's job as ours."""
    error = job.error
    return HostedJob(
        id=str(job.id),
        status=str(job.status or "unknown"),
        created_at=int(job.created_at or 0),
        fine_tuned_model=job.fine_tuned_model,
        error=visible(str(error.message))[:MESSAGE_CHARACTERS] if error and error.message else "",
        result_files=tuple(job.result_files or ()),
        trained_tokens=job.trained_tokens,
        base=str(job.model or ""),
        client_id=(job.metadata or {}).get("client_id"),
    )


def as_event(event: Any) -> HostedEvent:
    """The SDK's event as ours."""
    data = event.data if isinstance(event.data, dict) else {}
    message = visible(str(event.message or ""))[:MESSAGE_CHARACTERS]
    return HostedEvent(event.id, int(event.created_at or 0), str(event.level), message, str(event.type), data)


def as_reply(told: Any) -> Reply:
    """The SDK's chat completion as ours."""
    usage, choice = told.usage, told.choices[0] if told.choices else None
    read, written = (usage.prompt_tokens, usage.completion_tokens) if usage else (None, None)
    if choice is None:
        return Reply(None, None, None, read, written, ())
    said, logged = choice.message, choice.logprobs.content if choice.logprobs else None
    positions = tuple(
        Position(one.token, one.logprob, tuple((other.token, other.logprob) for other in one.top_logprobs))
        for one in logged or ()
    )
    return Reply(said.content, said.refusal, choice.finish_reason, read, written, positions)
