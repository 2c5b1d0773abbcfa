"""Faults on demand: a queue of rules, each of which spoils the next requests that match it."""

import random
import re
from dataclasses import dataclass, field
from typing import Literal, get_args

# What the transport does to a reply, or instead of one.
ReplyKind = Literal[
    "training_not_available",
    "rate_limited",
    "quota_exceeded",
    "server_error",
    "overloaded",
    "drop_before",
    "drop_after",
    "slow",
    "truncated",
    "unknown_status",
    "missing_fields",
    "redirect",
    "duplicate_ids",
]
# What becomes of a job, of a batch, or of a chat answer.
OutcomeKind = Literal[
    "flagged_file",
    "blocked_model",
    "failed_job",
    "expired_batch",
    "missing_lines",
    "refusal",
    "content_filter",
    "answer",
]
FaultKind = Literal[ReplyKind, OutcomeKind]
REPLY_KINDS: tuple[str, ...] = get_args(ReplyKind)


@dataclass
class Fault:
    """One rule.

    Attributes:
        kind: What goes wrong.
        method: Regular expression that the whole method must match.
        path: Regular expression searched in the path, for example `/fine_tuning/jobs$`.
        times: How often it happens; None is for ever.
        skip: How many matching requests pass unharmed first.
        share: Share of the matching requests that are hit, 0 to 1, drawn from `seed`.
        seconds: Delay of `slow`; Retry-After of `rate_limited` and `overloaded` (none where 0).
        text: The answer of `answer`, the status of `unknown_status`, the Location of `redirect`.
        fields: The top-level fields that `missing_fields` removes.
    """

    kind: FaultKind
    method: str = ".*"
    path: str = ""
    times: int | None = 1
    skip: int = 0
    share: float = 1.0
    seed: int = 7
    seconds: float = 0.0
    text: str = ""
    fields: tuple[str, ...] = ()
    seen: int = field(default=0)


def take(faults: list[Fault], kinds: tuple[str, ...], method: str, path: str) -> Fault | None:
    """The first rule of one of these kinds that hits this request; a used-up rule leaves the queue."""
    for fault in faults:
        matches = re.fullmatch(fault.method, method) and re.search(fault.path, path)
        if fault.kind in kinds and matches and _hits(fault):
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    faults.remove(fault)
            return fault
    return None


def _hits(fault: Fault) -> bool:
    fault.seen += 1
    if fault.seen <= fault.skip:
        return False
    return fault.share >= 1 or random.Random(f"{fault.seed}:{fault.seen}").random() < fault.share
