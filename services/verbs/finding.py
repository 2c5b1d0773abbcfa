"""The verbs that find comments and take them out of the house: search and export."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from domain.comments import CommentFilter
from domain.errors import BadInput
from domain.filters import conditions_of
from services.curation import comments, similar
from services.curation.snapshots import get_snapshot
from services.curation.texts import count_unseen
from services.evaluation.saved_slices import wanted_of
from services.modelling.examples import files as example_files
from services.modelling.examples.files import WrittenExamples
from services.release import dataset_folder, export
from services.verbs.tokens import as_numbers, text_of
from storage.database import Database

Progress = Callable[[str, float], None]

FORMATS = ("table", *(ending.removeprefix(".") for ending in export.FORMATS), "datasets", "chat")


def search(
    db: Database,
    *,
    dataset: str,
    query: str = "",
    like: int | None = None,
    slice_name: str | None = None,
    where: dict[str, str] | None = None,
    limit: int = 20,
    offset: int = 0,
) -> Any:
    """The comments that hold what is searched for and are as the conditions say, and how many there are.

    With `like`, those nearest in meaning to that comment instead.
    """
    if like is not None:
        near = similar.similar_comments(db, like, most=limit)
        rows = [{**asdict(each.comment), "similarity": each.similarity} for each in near]
        return {"wanted": {"like": str(like)}, "count": len(rows), "comments": rows}
    asked = {**(where or {}), **({"contains": query} if query.strip() else {})}
    wanted = wanted_of(db, dataset, slice_name=slice_name, where=asked)
    found, count = comments.find_page(db, replace(wanted, limit=limit, offset=offset))
    return {"wanted": conditions_of(wanted), "count": count, "comments": found}


def export_rows(
    db: Database,
    *,
    path: str,
    format: str = "table",
    dataset: str | None = None,
    snapshot: str | None = None,
    slice_name: str | None = None,
    where: dict[str, str] | None = None,
    split: str = "train",
    system_prompt: str | None = None,
    shares: dict[str, Any] | None = None,
    weight: int | None = None,
    licence: str = "",
    progress: Progress,
) -> Any:
    """A dataset, a part of it or a snapshot as a table, a folder for `datasets`, or chat examples."""
    place = _placed(Path(path), format)
    if snapshot is not None and (slice_name or where or dataset):
        raise BadInput(
            "A snapshot is exported as it was frozen.",
            hint="Give --snapshot alone, or --dataset and --slice.",
        )
    if snapshot is None and dataset is None:
        raise BadInput("Export what?", hint="Give --snapshot SNAPSHOT, or --dataset NAME.")
    wanted = None if dataset is None else wanted_of(db, dataset, slice_name=slice_name, where=where)
    if format == "chat":
        prompt = text_of(system_prompt) if system_prompt else None
        if wanted is not None:
            return _told(
                example_files.write_chat_of(
                    db, wanted, place, system_prompt=prompt, weight=weight, progress=progress
                )
            )
        return _told(
            example_files.write_chat(
                db, str(snapshot), place, split=split, system_prompt=prompt, shares=as_numbers(shares),
                weight=weight, progress=progress,
            )
        )  # fmt: skip
    rows = _write(db, wanted, snapshot, place, format, licence, slice_name, progress)
    of = dataset or get_snapshot(db, str(snapshot)).dataset_id
    return {"rows": rows, "path": path, "texts_not_looked_at": count_unseen(db, of)}


def _write(
    db: Database,
    wanted: CommentFilter | None,
    snapshot: str | None,
    place: Path,
    format: str,
    licence: str,
    slice_name: str | None,
    progress: Progress,
) -> int:
    if format == "datasets":
        if wanted is None:
            known = get_snapshot(db, str(snapshot))
            return dataset_folder.write_snapshot(db, known, place, licence=licence, progress=progress)
        return dataset_folder.write_comments(
            db, wanted, place, licence=licence, slice_name=slice_name or "", progress=progress
        )
    if wanted is None:
        return export.export_snapshot(db, str(snapshot), place, progress=progress)
    return export.export_comments(db, wanted.dataset_id, place, wanted=wanted, progress=progress)


def _placed(path: Path, format: str) -> Path:
    if format not in FORMATS:
        raise BadInput(
            f"There is no format '{format[:60]}' to export.", hint=f"Formats: {', '.join(FORMATS)}."
        )
    if f".{format}" in export.FORMATS and path.suffix != f".{format}":
        raise BadInput(f"'{path.name[:80]}' does not end in .{format}.", hint="Name the file so.")
    return path


def _told(written: WrittenExamples) -> dict[str, Any]:
    told = {**asdict(written), "path": str(written.path)}
    return {"rows": told.pop("examples"), **told}


VERBS: dict[str, Callable[..., Any]] = {
    "search": search,
    "export": export_rows,
}
