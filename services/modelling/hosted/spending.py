"""What may be spent at providers that charge: caps for a job, a person and a day, kept by reservations."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from domain.errors import BadInput, Conflict
from domain.people import actor_named
from storage.database import Database, now
from storage.spending import Entry, Ledger, count_spent_usd, writing_ledger

LIMITS = "limits.json"
_SMALLEST_USD = 1e-6  # less than this is nothing


@dataclass(frozen=True)
class Limits:
    """The caps in US dollars: one job, one person a day, and everybody together a day (UTC)."""

    job_usd: float = 10.0
    person_day_usd: float = 25.0
    day_usd: float = 100.0


@dataclass(frozen=True)
class Left:
    """What a person may still spend now: in one job, today, and today by everybody together."""

    job_usd: float
    person_day_usd: float
    day_usd: float

    @property
    def most_usd(self) -> float:
        """What the next job may cost."""
        return max(0.0, min(self.job_usd, self.person_day_usd, self.day_usd))


_MEANINGS = {"job_usd": "for one job", "person_day_usd": "a day for each person", "day_usd": "a day in all"}


def read_limits(home: Path) -> Limits:
    """The caps of limits.json in the data folder; what does not stand there keeps its default.

    Raises:
        BadInput: the file cannot be read, or a cap in it is unknown or no amount.
    """
    try:
        told = json.loads((home / LIMITS).read_text(encoding="utf-8"))
        if not isinstance(told, dict):
            raise TypeError("it is no object")
        for name, value in told.items():
            if name not in _MEANINGS:
                raise ValueError(f"there is no cap {name!r}")
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e9:
                raise ValueError(f"{name} is {value!r}")
    except FileNotFoundError:
        return Limits()
    except (OSError, ValueError, TypeError) as error:
        form = ", ".join(f'"{one.name}": {one.default:g}' for one in fields(Limits))
        raise BadInput(
            f"{LIMITS} in the data folder cannot be used: {error}.", hint=f"Its form: {{{form}}}"
        ) from error
    return Limits(**told)


def left_today(db: Database, actor: str) -> Left:
    """What the person may still spend; running jobs count with all that they may spend."""
    limits, since = read_limits(db.home), _midnight()
    own = count_spent_usd(db, since, actor=actor_named(actor))
    return Left(limits.job_usd, limits.person_day_usd - own, limits.day_usd - count_spent_usd(db, since))


def reservation(
    db: Database, *, actor: str, provider: str, model: str, wanted_usd: float, what: str
) -> Callable[[Ledger, str], float]:
    """What reserves money for a job within the transaction that adds it.

    Args:
        wanted_usd: The job's own cap; it gets less where less is left.
        what: What for.

    Returns:
        A function of a ledger and the job's id; it returns what the job may spend, and raises Conflict where
        nothing is left.
    """
    limits = read_limits(db.home)

    def reserve(ledger: Ledger, job_id: str) -> float:
        left = _left(ledger, limits, actor)
        _refuse(left, limits, actor, needed_usd=_SMALLEST_USD)
        allowed = min(wanted_usd, left.most_usd)
        ledger.add_entry(Entry(job_id, actor, provider, model, what, allowed))
        return allowed

    return reserve


def check(db: Database, *, actor: str, usd: float) -> None:
    """Refuse what would cost more than is left: asked before something that is no job.

    Raises:
        Conflict: it would; the message names the cap, what is spent and what is left.
        BadInput: limits.json cannot be used.
    """
    limits = read_limits(db.home)
    with writing_ledger(db) as ledger:
        _refuse(_left(ledger, limits, actor_named(actor)), limits, actor, needed_usd=usd)


def charge(db: Database, *, actor: str, provider: str, model: str, usd: float, what: str) -> None:
    """Write down what was spent on something that is no job, such as one answer asked for by hand."""
    with writing_ledger(db) as ledger:
        ledger.add_entry(Entry(None, actor_named(actor), provider, model, what, usd), is_settled=True)


def _left(ledger: Ledger, limits: Limits, actor: str) -> Left:
    since = _midnight()
    return Left(
        limits.job_usd,
        limits.person_day_usd - ledger.count_spent_usd(since, actor=actor),
        limits.day_usd - ledger.count_spent_usd(since),
    )


def _refuse(left: Left, limits: Limits, actor: str, *, needed_usd: float) -> None:
    for name, meaning in _MEANINGS.items():
        cap, rest = getattr(limits, name), getattr(left, name)
        if needed_usd <= rest + 1e-9 and rest >= _SMALLEST_USD:
            continue
        whose = {"job_usd": "", "person_day_usd": f" {actor} has spent or reserved ${cap - rest:,.2f} today;"}
        spent = whose.get(name, f" ${cap - rest:,.2f} is spent or reserved today;")
        needed = f" ${needed_usd:,.2f} is needed." if needed_usd > _SMALLEST_USD else ""
        found = f"{spent} ${max(rest, 0.0):,.2f} is left.{needed}"
        raise Conflict(
            f"Nothing was sent: the cap is ${cap:,.2f} {meaning}.{found}",
            hint=f"An administrator can raise {name} in {LIMITS} in the data folder; "
            "a day ends at midnight UTC, and a job that ends gives back what it did not spend.",
        )


def _midnight() -> datetime:
    return now().replace(hour=0, minute=0, second=0, microsecond=0)
