"""What a job at a provider costs: its estimate, and what it was billed, told by the job in its events."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from domain.jobs import JobState
from services.jobs.process.folder import Facts, JobFolder
from services.jobs.process.worker import RunningJob
from services.modelling.hosted.outbound import Prices


@dataclass(frozen=True)
class Bill:
    """What a job costs, in US dollars.

    Attributes:
        allowed_usd: What it may cost; None where its provider takes no money.
        estimated_usd: None until it was estimated, after which the first call is made.
        billed_usd: As far as it is known; None while nothing was billed.
        counted_usd: What counts against the caps once it has ended; None before.
        estimated_tokens: Of the training, all epochs counted; None where nothing is trained.
        billed_tokens: Those that the provider says it trained; None until it does.
    """

    allowed_usd: float | None
    estimated_usd: float | None
    billed_usd: float | None
    counted_usd: float | None
    estimated_tokens: int | None = None
    billed_tokens: int | None = None

    @property
    def ratio(self) -> float | None:
        """Billed to estimated; None where one of them is not known or nothing was expected."""
        return self.billed_usd / self.estimated_usd if self.billed_usd and self.estimated_usd else None


def allowed_usd(spec: Mapping[str, Any], cap_usd: float) -> float:
    """What the job may cost: its own cap, or what was reserved for it if that is less."""
    reserved = spec.get("allowed_usd")
    return cap_usd if reserved is None else min(cap_usd, float(reserved))


def tell_estimate(job: RunningJob, usd: float, *, prices: Prices, tokens: int = 0) -> None:
    """Write down what the job is going to cost, right before its first call."""
    told = f"About ${usd:,.2f} at the prices of {prices.as_of}." if prices.as_of else "It costs nothing."
    training = prices.training_cost_usd(tokens)
    trained = {"estimate_tokens": tokens} if tokens else {}
    if tokens:
        told = f"{told} Training on about {tokens:,} tokens, all epochs counted."
    job.folder.add_event(
        "provider", message=told, estimate_usd=round(usd, 6), training_usd=round(training, 6), **trained
    )


def tell_training_bill(job: RunningJob, trained_tokens: int | None, prices: Prices) -> None:
    """Write down what the training was billed; the estimate, where the provider does not tell the tokens."""
    if trained_tokens is not None:
        usd = prices.training_cost_usd(trained_tokens)
        tell_bill(job, f"Training: {trained_tokens:,} tokens", usd, billed_tokens=trained_tokens)
        return
    expected = next((one["training_usd"] for one in job.folder.events() if "training_usd" in one), 0.0)
    tell_bill(job, "Training, as estimated: the provider does not tell its tokens", expected)


def tell_bill(job: RunningJob, what: str, usd: float, **more: int) -> None:
    """Write down what something was billed."""
    job.folder.add_event("provider", message=f"{what}: ${usd:,.4f}.", billed_usd=round(usd, 8), **more)


def bill_of(folder: JobFolder, state: JobState) -> Bill | None:
    """The bill of a job, or None where it asks no provider.

    A job that made no call counts nothing. One that ended early counts the answers it got, and the estimate
    where nobody knows what became of its training.
    """
    spec = folder.spec()
    if spec.get("provider") is None:
        return None
    events = folder.events()
    estimated = next((float(one["estimate_usd"]) for one in events if "estimate_usd" in one), None)
    told = [float(one["billed_usd"]) for one in events if "billed_usd" in one]
    if state.is_over and state.name != "succeeded":
        told += _paid_answers(folder)
    billed = sum(told) if told else None
    counted = _counted(events, state, estimated, billed) if state.is_over else None
    tokens = (
        next((int(one[name]) for one in events if name in one), None)
        for name in ("estimate_tokens", "billed_tokens")
    )
    return Bill(spec.get("allowed_usd"), estimated, billed, counted, *tokens)


def _counted(events: list[Facts], state: JobState, estimated: float | None, billed: float | None) -> float:
    if estimated is None:
        return 0.0
    if state.name == "succeeded":
        return estimated if billed is None else billed
    is_told = any("billed_usd" in one for one in events)
    return max(billed or 0.0, estimated) if not is_told and _may_be_training(events) else billed or 0.0


def _may_be_training(events: list[Facts]) -> bool:
    """Whether there is, or may be, a job at the provider."""
    if any(one.get("hosted_end") == "failed" for one in events):
        return False  # what failed there is not billed
    if any(one.get("hosted_job") for one in events):
        return True
    was_asked_for = any(one.get("asked_for") for one in events)
    refused = any(one["event"] == "failed" and not one.get("retryable", True) for one in events)
    return was_asked_for and not refused


def _paid_answers(folder: JobFolder) -> list[float]:
    """What each answer cost that is kept in work/, but was not told yet."""
    try:
        lines = (folder.path / "work" / "answers.jsonl").read_bytes().splitlines()
    except FileNotFoundError:
        return []
    costs = []
    for line in lines:
        with suppress(ValueError):  # a line torn by a kill
            costs.append(float(json.loads(line).get("cost_usd") or 0.0))
    return costs
