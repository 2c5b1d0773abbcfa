"""Ask a model about comments outside of any snapshot: those of a dataset, or the rows of a file."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from domain.errors import BadInput, NotFound
from domain.jobs import Job
from domain.models import Model
from services.curation.importing import guess_columns
from services.jobs.files.scored_files import CSV, PARQUET
from services.jobs.managing.inputs import SCORES
from services.jobs.managing.launch import folder_of, get_job, launch, list_jobs
from services.modelling.prediction import engine_settings, model_to_ask, provider_name
from services.release.export import csv_of
from storage.asked import REFUSED, add_comments_asked, add_rows_asked, asked_folder, find_repeated_id
from storage.database import Database
from storage.datasets import get_dataset
from storage.intake.parent import look_at, parse

FILE_FIELDS = ("text", "id")
_FILES = {".csv": CSV, ".parquet": PARQUET}

# Told (what is going on, share from 0 to 1); may raise to stop.
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Scored:
    """What a prediction of comments outside of a snapshot left.

    Attributes:
        job: The job; the others are empty until it has succeeded.
        rows: Comments that were asked about.
        refused: Rows of the file that could not be read.
        labels: How many comments got each label, most first; those without an answer under "".
        path: Where the answers were written to on demand.
        repeated_ids: Rows of the file with an id that an earlier row has; `repeated_id` is the first such id.
    """

    job: Job
    rows: int = 0
    refused: int = 0
    labels: dict[str, int] | None = None
    path: Path | None = None
    repeated_ids: int = 0
    repeated_id: str | None = None


def score_comments(
    db: Database,
    *,
    model_id: str,
    dataset_id: str,
    actor: str,
    unlabelled: bool = False,
    engine: str = "torch",
) -> Job:
    """Start asking about the comments of a dataset that were not excluded.

    Args:
        db: The database.
        model_id: Whom to ask; the dataset may be another than the one that it has learned from.
        dataset_id: Whose comments. The answers are kept beside them once the job is absorbed.
        actor: Who wants it.
        unlabelled: Only those without a label in force.
        engine: As for predict().

    Raises:
        NotFound: there is no such model or dataset.
        BadInput: there is no such comment, or the model cannot be asked so.
        Conflict: the model is asked elsewhere, and the comments may not leave this machine; or as for
            model_to_ask().
    """
    model = model_to_ask(db, model_id, engine)
    get_dataset(db, dataset_id)
    asked_id, rows = add_comments_asked(db, dataset_id, unlabelled=unlabelled)
    if rows == 0:
        what = "no comment without a label" if unlabelled else "no comment"
        raise BadInput(f"'{dataset_id}' has {what}.", hint="Import comments, or ask about a file.")
    told = {"asked_of": "unlabelled" if unlabelled else "dataset", "rows": rows, "refused": 0}
    return _launch(db, model, dataset_id=dataset_id, asked_id=asked_id, told=told, engine=engine, actor=actor)


def score_file(
    db: Database,
    *,
    model_id: str,
    path: Path,
    actor: str,
    columns: dict[str, str] | None = None,
    engine: str = "torch",
    file_name: str | None = None,
    progress: Progress = lambda _what, _share: None,
) -> Job:
    """Start asking about the rows of a file; nothing of it enters a dataset.

    Args:
        db: The database.
        model_id: Whom to ask. The job belongs to the model's dataset, and where that may hold data of
            children, the file does not leave this machine either.
        path: CSV, TSV, JSONL or Parquet.
        actor: Who wants it.
        columns: The column of the text, and optionally of the id; guessed from the names if not given.
        engine: As for predict().
        file_name: What the file is called to the person, where it was uploaded under another name.
        progress: Told of the reading.

    Raises:
        NotFound: there is no such model.
        BadInput: the file or its columns cannot be used, or the model cannot be asked so.
        Conflict: as for score_comments().
    """
    model = model_to_ask(db, model_id, engine)
    mapping = _columns(path, columns)
    folder = Path(tempfile.mkdtemp(prefix="asked-", dir=db.home / "tmp"))
    try:
        read = parse(
            path,
            folder,
            columns=mapping,
            on_progress=lambda rows, share: progress(f"{rows:,} rows read", share),
        )
        refused = _refused(read.findings) if read.refused_count else None
        asked_id, rows = add_rows_asked(db.home, read.rows, refused=refused)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if rows == 0:
        raise BadInput(
            f"{file_name or path.name} has no row that can be read: {read.refused_count:,} were refused.",
            hint="Look at it with: import FILE --look",
        )
    repeated, example = find_repeated_id(db.home, asked_id)
    told = {
        "asked_of": "file",
        "file_name": file_name or path.name,
        "rows": rows,
        "refused": read.refused_count,
        "repeated_ids": repeated,
        "repeated_id": example,
    }
    return _launch(
        db, model, dataset_id=model.dataset_id, asked_id=asked_id, told=told, engine=engine, actor=actor
    )


def get_scored(db: Database, job_id: str, *, to: Path | None = None) -> Scored:
    """What such a job left; on demand its answers are written to a file of one's own.

    Args:
        db: The database.
        job_id: Of score_comments() or score_file().
        to: Ends in .csv or .parquet. An existing file is replaced when the new one is whole. Nothing is
            written while the job has not succeeded.

    Raises:
        NotFound: there is no such job.
        BadInput: it is of another kind, or the file cannot be written.
    """
    job = get_job(db, job_id)
    if job.kind != SCORES:
        raise BadInput(
            f"{job_id} did not ask about comments outside of a snapshot.", hint="`jobs` lists all jobs."
        )
    if job.state.name != "succeeded":
        return Scored(job)
    if to is not None:
        _copy(find_scored_file(db, job_id, to.suffix), to)
    counted = pc.value_counts(
        pq.read_table(folder_of(db, job_id).path / "predictions.parquet", columns=["label"])["label"]
    ).to_pylist()
    labels = {one["values"] or "": one["counts"] for one in sorted(counted, key=lambda one: -one["counts"])}
    settings = job.spec["settings"]
    again = settings.get("repeated_ids", 0), settings.get("repeated_id")  # not in jobs of older versions
    return Scored(job, settings["rows"], settings["refused"], labels, to, *again)


def list_scored(db: Database, model_id: str) -> list[Job]:
    """The jobs that asked this model about comments outside of a snapshot, newest first."""
    return [job for job in list_jobs(db) if job.kind == SCORES and job.spec["model_id"] == model_id]


def check_format(suffix: str) -> None:
    """Refuse an ending that answers are not written in.

    Raises:
        BadInput: there is no such format.
    """
    if suffix not in _FILES:
        raise BadInput(f"'{suffix[:20]}' is no format of answers.", hint=f"One of {', '.join(_FILES)}.")


def find_scored_file(db: Database, job_id: str, suffix: str) -> Path:
    """The answers that a job left, in the format of the suffix.

    Raises:
        BadInput: there is no such format.
        NotFound: the file is gone.
    """
    check_format(suffix)
    file = folder_of(db, job_id).path / _FILES[suffix]
    if not file.exists():
        raise NotFound(f"The answers of {job_id} are gone: {file}", hint="Predict again.")
    return file


def find_refused_rows(db: Database, job: Job) -> Path | None:
    """The rows of its file that could not be read, as CSV; None where there are none."""
    file = asked_folder(db.home, job.snapshot_id) / REFUSED
    return file if file.exists() else None


def _launch(
    db: Database,
    model: Model,
    *,
    dataset_id: str,
    asked_id: str,
    told: dict[str, Any],
    engine: str,
    actor: str,
) -> Job:
    return launch(
        db,
        kind=SCORES,
        dataset_id=dataset_id,
        snapshot_id=asked_id,
        splits=[],
        settings={**told, **engine_settings(engine)},
        actor=actor,
        name=model.name,
        model_id=model.model_id,
        provider=provider_name(model),
    )


def _columns(path: Path, given: dict[str, str] | None) -> dict[str, str]:
    unknown = sorted(set(given or {}) - set(FILE_FIELDS))
    if unknown:
        raise BadInput(f"'{unknown[0]}' is not asked for.", hint=f"Fields: {', '.join(FILE_FIELDS)}.")
    found = given or guess_columns(look_at(path).columns)
    mapping = {field: found[field] for field in FILE_FIELDS if field in found}
    if "text" not in mapping:
        raise BadInput("No column holds the text.", hint="Say which one: --column text=COLUMN.")
    return mapping


def _refused(findings: Path) -> str:
    with pa.memory_map(str(findings)) as source:
        rows = pa.ipc.open_file(source).read_all()
    refused = rows.filter(pc.equal(rows["kind"], "refused")).select(["line", "reason", "raw"])
    return csv_of(("line", "reason", "row"), zip(*(column.to_pylist() for column in refused), strict=True))


def _copy(file: Path, to: Path) -> None:
    draft = to.with_name(f".{to.name}.draft")
    try:
        shutil.copyfile(file, draft)
        draft.replace(to)
    except OSError as error:
        raise BadInput(
            f"{to} cannot be written: {error.strerror or error}.", hint="Choose another place."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
