"""Ask the base and the tuned model the same prompts; no answer is paid for twice."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from services.backends.provider import Provider
from services.backends.provider_errors import ProviderError, wait_s
from services.backends.provider_replies import Reply
from services.jobs.process.folder import write_whole
from services.jobs.process.worker import RunningJob
from services.modelling.hosted.outbound import Prices
from services.modelling.playground.side_by_side import ANSWERS, Question, Said
from services.modelling.settings import ExampleSettings

_TRIES = 5
_FATAL = (401, 403, 404)


def compare(
    job: RunningJob,
    provider: Provider,
    questions: Sequence[Question],
    models: Mapping[str, str],
    *,
    config: ExampleSettings,
    prices: Prices,
    from_share: float,
) -> float:
    """Ask every model every question, write answers.jsonl, and return what the answers cost in US dollars.

    A model that does not answer is told with the reason; the training has been paid for by then.

    Args:
        job: Answers are kept in its work/ as they come.
        provider: The client.
        questions: None of them is asked twice, also not by a job that goes on after this one.
        models: The name at the provider of "base" and "tuned".
        config: How much they may say.
        prices: What it costs.
        from_share: How far the job is before the first question.

    Raises:
        Cancelled: somebody stopped this job.
    """
    kept = job.folder.path / "work" / ANSWERS
    known, broken = _read(kept), dict[str, str]()
    rows, done = [], 0
    for question in questions:
        row: dict[str, Any] = asdict(question)
        for who, model in models.items():
            share = from_share + (1 - from_share) * done / (len(models) * len(questions))
            job.progress(share, f"Asks both models: {done:,} of {len(models) * len(questions):,}.")
            said = known.get((question.row, model))
            if said is None:
                said = _ask(provider, model, question, config=config, prices=prices, broken=broken)
                _append(kept, question.row, model, said)
            row[who] = asdict(said)
            done += 1
        rows.append(row)
    write_whole(job.folder.path / ANSWERS, "".join(json.dumps(row) + "\n" for row in rows))
    return sum(row[who]["cost_usd"] or 0.0 for row in rows for who in models)


def _ask(
    provider: Provider,
    model: str,
    question: Question,
    *,
    config: ExampleSettings,
    prices: Prices,
    broken: dict[str, str],
) -> Said:
    options = {"temperature": 0, "seed": config.seed, "max_completion_tokens": config.answer_tokens}
    started, error = time.monotonic(), broken.get(model, "")
    for attempt in range(0 if error else _TRIES):
        try:
            return _said(provider.ask(model, question.messages, options), started, prices)
        except ProviderError as refused:
            error = str(refused)
            if refused.status in _FATAL:  # it would refuse every other question too
                broken[model] = error
            if not refused.retryable or attempt + 1 == _TRIES:
                break
            provider.pause(wait_s(attempt, refused))
    return Said(None, None, error, None, _ms_since(started), None)


def _said(reply: Reply, started: float, prices: Prices) -> Said:
    read, written = reply.tokens_in, reply.tokens_out
    counted = read is not None and written is not None
    return Said(
        text=reply.refusal if reply.text is None else reply.text,
        finish_reason="refusal" if reply.refusal else reply.finish_reason,
        error="",
        tokens=(read or 0) + (written or 0) if counted else None,
        latency_ms=_ms_since(started),
        cost_usd=prices.answer_cost_usd(read or 0, written or 0) if counted else None,
    )


def _read(path: Path) -> dict[tuple[int, str], Said]:
    """What came before, by row and model; what failed is asked again, and a line torn by a kill too."""
    known: dict[tuple[int, str], Said] = {}
    if not path.exists():
        return known
    whole, _, torn = path.read_bytes().rpartition(b"\n")
    if torn:
        os.truncate(path, len(whole) + 1 if whole else 0)
    for line in whole.splitlines():
        fields = json.loads(line)
        key = (int(fields.pop("row")), str(fields.pop("model")))
        if not fields["error"]:
            known[key] = Said(**fields)
    return known


def _append(path: Path, row: int, model: str, said: Said) -> None:
    """Keep an answer that was paid for, before anything else is done with it."""
    path.parent.mkdir(exist_ok=True)
    with path.open("ab", buffering=0) as file:
        file.write(json.dumps({"row": row, "model": model, **asdict(said)}).encode() + b"\n")


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 3)
