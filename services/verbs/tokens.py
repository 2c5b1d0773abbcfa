"""The verbs of the Tokens station: budgets, checks and chat files, with plain arguments and plain answers."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from services.curation.snapshots import get_snapshot
from services.modelling.examples import files as example_files
from services.modelling.formats.findings import Checked
from services.modelling.hosted.catalogue import HostedModel, hosted_models
from services.modelling.tokens import snapshots as tokens
from services.modelling.tokens.budget import TokenBudget
from services.modelling.tokens.costs import ModelCost, costs_of
from services.modelling.tokens.encodings import ENCODINGS, encoding_of
from services.modelling.tokens.snapshots import SnapshotBudget
from storage.database import Database

Progress = Callable[[str, float], None]


def count_tokens(
    db: Database,
    *,
    path: str | None = None,
    snapshot: str | None = None,
    split: str = "train",
    model: str | None = None,
    encoding: str | None = None,
    limit: int | None = None,
    system_prompt: str | None = None,
    shares: dict[str, Any] | None = None,
    progress: Progress,
) -> Any:
    """The budget of a file of examples, or of a split of a snapshot; exactly one of the two."""
    name = encoding or (encoding_of(model) if model else ENCODINGS[0])
    if path is not None and snapshot is None:
        table = hosted_models(db.home)
        most = limit or (table.named(model).example_limit if model else tokens.DEFAULT_LIMIT)
        found = example_files.budget_of_file(Path(path), encoding=name, limit=most)
        told = {"not_counted": found.not_counted, "checked": told_of_check(found.checked, findings=False)}
        rows = [found.rows[place] for place in found.budget.over_limit]
        costs = costs_of(found.tokens, found.budget, table, date.today())
        return {
            "path": path,
            "budget": _told_of_budget(found.budget),
            "rows_over_limit": rows,
            **told,
            "costs": [told_of_cost(cost) for cost in costs],
            "prices_as_of": table.as_of.isoformat(),
            "prices_source": table.source,
            "no_new_jobs_after": table.no_new_jobs_after.isoformat(),
        }
    if snapshot is None or path is not None:
        raise BadInput("The tokens of what?", hint="Give a FILE of examples, or --snapshot SNAPSHOT.")
    known = get_snapshot(db, snapshot)
    prompt = text_of(system_prompt) if system_prompt else example_files.guideline_of(db, known.dataset_id)
    tokens.count_snapshot(db, snapshot, encoding=name, progress=progress)
    return told_of_snapshot(
        tokens.budget_of_snapshot(
            db, snapshot, split=split, system_prompt=prompt, today=date.today(), model=model, encoding=name,
            limit=limit, shares=as_numbers(shares),
        )
    )  # fmt: skip


def check_examples(_db: Database, *, path: str, validation: str | None = None) -> Any:
    """Everything found in a file of examples, row by row."""
    return told_of_check(
        example_files.check_file(Path(path), validation=Path(validation) if validation else None)
    )


def told_of_check(found: Checked, *, findings: bool = True) -> dict[str, Any]:
    """What was found, as JSON can carry it; with every finding, or only how many of each kind."""
    told = {"examples": found.example_count, "ok_to_upload": found.ok_to_upload, "counts": found.counts}
    return {**told, "findings": [asdict(one) for one in found.findings]} if findings else told


def told_of_snapshot(found: SnapshotBudget) -> dict[str, Any]:
    """The budget, as JSON can carry it; dates as ISO text."""
    told = {**asdict(found), "costs": [told_of_cost(cost) for cost in found.costs]}
    for name in ("prices_as_of", "no_new_jobs_after"):
        told[name] = told[name].isoformat()
    return {**told, "budget": _told_of_budget(found.budget)}


def told_of_cost(cost: ModelCost) -> dict[str, Any]:
    """What a model costs, as JSON can carry it; dates as ISO text."""
    return {**asdict(cost), "as_of": cost.as_of.isoformat(), "model": told_of_model(cost.model)}


def told_of_model(model: HostedModel) -> dict[str, Any]:
    """A row of the table, as JSON can carry it; dates as ISO text."""
    days = {"shuts_on": model.shuts_on, "priced_on": model.priced_on}
    return {**asdict(model), **{name: day and day.isoformat() for name, day in days.items()}}


def text_of(path: str) -> str:
    """The text of a file.

    Raises:
        BadInput: it cannot be read as UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read as text: {error}.", hint="It must be UTF-8.") from error


def as_numbers(shares: dict[str, Any] | None) -> dict[str, float] | None:
    """The share of each label that is kept.

    Raises:
        BadInput: one is no number.
    """
    for label, share in (shares or {}).items():
        if isinstance(share, bool) or not isinstance(share, int | float):
            raise BadInput(f"'{share}' is no share of '{label}'.", hint="A number, as in --keep allow=0.5.")
    return shares


def _told_of_budget(found: TokenBudget) -> dict[str, Any]:
    """The budget; of the examples over the limit how many there are, for they are named beside it."""
    told = asdict(found)
    return {**told, "over_limit": len(found.over_limit)}


VERBS: dict[str, Callable[..., Any]] = {
    "tokens": count_tokens,
    "check": check_examples,
}
