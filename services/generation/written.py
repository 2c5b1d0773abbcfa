"""What a job on pairs wrote, read back for people: the report, and the texts of every pair side by side."""

import difflib
import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import BadInput, NotFound
from domain.jobs import WRITING_KINDS, Job
from domain.pairs import Pair
from services.generation.pairs import pairs_of
from services.jobs.managing.launch import folder_of, get_job, list_jobs
from services.jobs.process.folder import Facts
from storage.database import Database

FAR_BELOW = 0.5  # cosine to the source; embeddings do not see a negation
ORDERS = ("worst", "best", "meaning lost")


@dataclass(frozen=True)
class WrittenText:
    """One text of one system, with the numbers that the panel gave it; None where it gave none.

    Attributes:
        worth: The number by which its task is judged; None in what was written before it was kept.
    """

    system: str
    kind: str
    text: str
    toxicity: float | None
    meaning: float | None
    joint: float | None
    worth: float | None = None


@dataclass(frozen=True)
class SideBySide:
    """A pair, and everything that was written for it, models last."""

    pair: Pair
    texts: tuple[WrittenText, ...]

    def of(self, system: str) -> WrittenText:
        """The text of a system.

        Raises:
            NotFound: it wrote none.
        """
        found = next((one for one in self.texts if one.system == system), None)
        if found is None:
            raise NotFound(f"'{system}' wrote nothing here.", hint="Choose another system.")
        return found


def list_writing_jobs(db: Database, dataset_id: str) -> list[Job]:
    """The jobs of a dataset that work on pairs, newest first."""
    return [job for job in list_jobs(db, dataset_id) if job.kind in WRITING_KINDS]


def get_report(db: Database, job_id: str) -> Facts:
    """The numbers of a job that wrote, with its id.

    Raises:
        NotFound: there is no such job, or it has written nothing yet.
        BadInput: its report is damaged.
    """
    job = get_job(db, job_id)
    file = folder_of(db, job.job_id).path / "report.json"
    if not file.is_file():
        raise NotFound(
            f"{job_id} has no report of written texts: it is {job.state.name}.",
            hint=job.state.message or "Choose a job that works on pairs.",
        )
    try:
        return {**json.loads(file.read_text(encoding="utf-8")), "job_id": job_id}
    except ValueError as error:
        raise BadInput(f"The report of {job_id} is damaged: {error}", hint="Start the job again.") from error


def side_by_side(db: Database, job_id: str) -> list[SideBySide]:
    """Every pair that was written, with all texts, in the order of the pairs.

    Raises:
        NotFound: there is no such job, or it has written nothing yet.
        BadInput: its file is damaged.
    """
    job = get_job(db, job_id)
    file = folder_of(db, job_id).path / "written.parquet"
    if not file.is_file():
        raise NotFound(f"{job_id} has written nothing yet.", hint="Wait until it has ended.")
    try:
        rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"The texts of {job_id} cannot be read: {error}", hint="Start it again.") from error
    pairs = {one.pair_id: one for one in pairs_of(db, job.snapshot_id)}
    texts: dict[int, list[WrittenText]] = {}
    for row in rows:
        texts.setdefault(row.pop("pair_id"), []).append(WrittenText(**row))
    return [SideBySide(pairs[number], tuple(found)) for number, found in texts.items()]


def orders_of(task: str) -> tuple[str, ...]:
    """The orders that mean something for a task: a reply need not be like the dialogue that it answers."""
    return ORDERS[:2] if task == "reply" else ORDERS


def ordered(found: list[SideBySide], system: str, order: str) -> list[SideBySide]:
    """The pairs with the worst, the best, or only those far from their source by embeddings, first.

    Args:
        found: As `side_by_side` gives them.
        system: By whose texts.
        order: "worst", "best" or "meaning lost"; anything else keeps the order.
    """
    known = [one for one in found if one.of(system).meaning is not None]
    if order == "meaning lost":
        lost = [one for one in known if float(one.of(system).meaning or 0.0) < FAR_BELOW]
        return sorted(lost, key=lambda one: one.of(system).meaning or 0.0)
    if order not in ("worst", "best"):
        return found

    def worth(one: SideBySide) -> float:
        text = one.of(system)
        known = (text.worth, text.joint, text.meaning)
        return next((value for value in known if value is not None), 0.0)

    return sorted(known, key=worth, reverse=order == "best")


def differences(before: str, after: str) -> list[tuple[str, str]]:
    """The words of both texts: each ("same" | "gone" | "new", words), in reading order."""
    first, second = before.split(), after.split()
    found = []
    for kind, a, b, c, d in difflib.SequenceMatcher(a=first, b=second, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(("same", " ".join(first[a:b])))
            continue
        if b > a:
            found.append(("gone", " ".join(first[a:b])))
        if d > c:
            found.append(("new", " ".join(second[c:d])))
    return found
