"""What became of appeals, joined to what the model had said: how often a decision was taken back."""

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.feather as feather

from domain.errors import BadInput, NotFound
from domain.text import shortened
from services.evaluation.acting import Acting, acting, threshold_in_use
from services.evaluation.confusion import UNPARSED
from services.evaluation.intervals import Proportion, as_number, proportion
from storage.comments import list_comment_ids
from storage.database import Database
from storage.intake.parent import parse
from storage.models import get_run
from storage.slices import get_slice_facts

OVERTURNED = ("overturned", "granted", "reversed", "restored", "yes", "1", "true")
_SHOWN = 20


@dataclass(frozen=True)
class AppealReport:
    """Appeals against what a run said.

    Attributes:
        rows: In the file, those that were refused left out.
        strangers: Identities that no comment of the dataset has, some of them; `stranger_count` has all.
        not_answered: Appeals about comments that the run does not hold.
        repeated: Rows about a comment that an earlier row was about; the last one counts.
        outcomes: Every outcome as the file spells it, and how often.
        overturned: The share of joined appeals that were granted; None where none was joined.
        threshold: The frozen threshold that decided; None where the label that the model names does.
        decided_by: The same in words.
        parts: The overturned share by what was decided (`decision` under a threshold, else the `predicted`
            label) and by language, as (kind, name, share).
    """

    run_id: str
    rows: int
    refused: int
    strangers: tuple[str, ...]
    stranger_count: int
    not_answered: int
    repeated: int
    outcomes: dict[str, int]
    overturned: Proportion | None
    threshold: str | None
    decided_by: str
    parts: tuple[tuple[str, str, Proportion], ...]


def read_appeals(
    db: Database,
    run_id: str,
    path: Path,
    *,
    id_column: str = "id",
    outcome_column: str = "outcome",
    overturned: tuple[str, ...] | None = None,
    threshold: str | None = None,
) -> AppealReport:
    """The appeals of a CSV, JSONL or Parquet file beside the answers of a run.

    Only decisions that somebody appealed against are in it, so the share says nothing of all decisions; the
    number that were overturned is a lower bound on the number that were wrong.

    Args:
        id_column: Its column with the comment's identity, as it was imported.
        outcome_column: Its column with what became of the appeal.
        overturned: The outcomes that took the decision back, in any case; None takes OVERTURNED.
        threshold: What decided, as for threshold_in_use(): None takes the model's newest frozen one.

    Raises:
        NotFound: there is no such run, threshold or file.
        BadInput: the file cannot be read or has no such columns, the threshold cannot be held against the
            run, or no appeal has an outcome that was named.
    """
    run = get_run(db, run_id)
    named = threshold_in_use(db, run_id, threshold)
    held = acting(db, run_id, named) if named else None
    if not path.is_file():
        raise NotFound(f"There is no file '{path}'.", hint="Check the path.")
    with tempfile.TemporaryDirectory() as folder:
        parsed = parse(path, Path(folder), columns={"text": id_column, "label": outcome_column})
        table = feather.read_table(parsed.rows, memory_map=False)
    said = [(name.strip(), (outcome or "").strip()) for name, outcome in
            zip(table["body"].to_pylist(), table["label"].to_pylist(), strict=True)]  # fmt: skip
    if not said:
        raise BadInput(f"'{path.name}' has no appeal.", hint=f"Columns: {id_column}, {outcome_column}.")
    outcomes = Counter(outcome or "(empty)" for _, outcome in said)
    _check_outcomes(overturned or (), outcomes)
    known = list_comment_ids(db, run.dataset_id)
    granted = {word.casefold() for word in overturned or OVERTURNED}
    strangers = [name for name, _ in said if name not in known]
    outcome_of = {known[name]: outcome.casefold() in granted for name, outcome in said if name in known}
    joined = _joined(db, run_id, outcome_of, held)
    return AppealReport(
        run_id=run_id,
        rows=len(said),
        refused=parsed.refused_count,
        strangers=tuple(strangers[:_SHOWN]),
        stranger_count=len(strangers),
        not_answered=len(outcome_of) - len(joined),
        repeated=len(said) - len(strangers) - len(outcome_of),
        outcomes=dict(outcomes.most_common(_SHOWN)),
        overturned=proportion(sum(won for _, _, won in joined), len(joined)),
        threshold=named,
        decided_by=held.words if held else "the label that the model names",
        parts=_parts(joined, "decision" if held else "predicted"),
    )


def as_dict(found: AppealReport) -> dict[str, Any]:
    """The report as JSON can carry it."""
    parts = [{"by": by, "name": name, "overturned": as_number(share)} for by, name, share in found.parts]
    return {**vars(found), "overturned": as_number(found.overturned), "parts": parts}


def _check_outcomes(named: tuple[str, ...], outcomes: Counter[str]) -> None:
    there = {outcome.casefold() for outcome in outcomes}
    for word in named:
        if word.casefold() not in there:
            spelt = ", ".join(shortened(outcome, 40) for outcome, _ in outcomes.most_common(_SHOWN))
            raise BadInput(f"No appeal has the outcome '{shortened(word)}'.", hint=f"Outcomes: {spelt}.")


def _decisions(held: Acting) -> dict[int, str]:
    """Comment to what the threshold does with it."""
    read = held.reached & ~held.removed
    return {
        int(number): "removed" if gone else "read by a human" if seen else "kept"
        for number, gone, seen in zip(held.scored.comment_ids, held.removed, read, strict=True)
    }


def _joined(
    db: Database, run_id: str, outcome_of: dict[int, bool], held: Acting | None
) -> list[tuple[str, str, bool]]:
    """Decision, language and whether it was taken back, of each appeal whose comment the run holds."""
    decided = _decisions(held) if held else {}
    rows = get_slice_facts(db, run_id).select(["comment_id", "predicted", "language"]).to_pylist()
    return [
        (
            decided.get(row["comment_id"], row["predicted"] or UNPARSED),
            row["language"],
            outcome_of[row["comment_id"]],
        )
        for row in rows
        if row["comment_id"] in outcome_of
    ]


def _parts(joined: list[tuple[str, str, bool]], decided: str) -> tuple[tuple[str, str, Proportion], ...]:
    found = []
    for place, kind in enumerate((decided, "language")):
        for name in sorted({str(row[place]) for row in joined}):
            won = [row[2] for row in joined if row[place] == name]
            found.append((kind, name, Proportion(sum(won), len(won))))
    return tuple(found)
