"""The verbs that bring a file in: look, check, import, what did not go in, and saved mappings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import BadInput, NotFound
from services.curation import annotators as voting
from services.curation import hub_data, importing, mappings
from services.curation.file_check import REPORTED, check_file
from services.curation.importing import Reading, reading_of
from services.curation.refused_rows import write_refused
from services.modelling.scores_with_import import System, check_columns, keep_after_import
from storage.database import Database

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class _Said:
    """How a file is read, what its columns and labels mean, and whose scores it has: all that was said."""

    columns: dict[str, str]
    label_map: dict[str, str]
    reading: Reading
    system: System | None = None


def look_at_file(
    db: Database,
    *,
    path: str | None = None,
    hub: str | None = None,
    revision: str | None = None,
    read: dict[str, str] | None = None,
) -> Any:
    """How a file is read, what its columns are taken for, and the last import of these headings.

    Of a data set of the hub: its commit, licence and files; nothing is fetched.
    """
    if hub is not None:
        return {"hub": hub_data.look_up(hub, revision, part=(read or {}).get("part", ""))}
    if path is None:
        raise _nothing_named()
    look = importing.preview(Path(path), reading_of(read))
    last = mappings.last_used(db, look.columns)
    return {"look": look, "columns": importing.guess_columns(look.columns), "last": last}


def import_file(
    db: Database,
    *,
    dataset: str,
    actor: str,
    path: str | None = None,
    hub: str | None = None,
    revision: str | None = None,
    columns: dict[str, str] | None = None,
    label_map: dict[str, str] | None = None,
    labels: list[str] | None = None,
    group_by: str = "author",
    votes_needed: int = 1,
    several: bool | None = None,
    annotators: list[str] | None = None,
    read: dict[str, str] | None = None,
    mapping: str | None = None,
    as_last: bool = False,
    save_mapping: str | None = None,
    scores_of: str | None = None,
    scores_mean: str = "",
    scale: float = 1.0,
    flags_from: float = 0.5,
    report: bool = False,
    progress: Progress,
) -> Any:
    """Bring a file in, or a data set of the hub at a commit; fields that `columns` does not name are
    guessed from the names of the columns.

    `annotators` are the columns of annotators, as `with_annotators` takes them; `mapping` is a saved one,
    `as_last` means what was said of the last file with the same headings; what is said beside it counts more.
    The column of scores becomes a model of the name `scores_of`. With `report`, the rows read are told as
    accepted, refused and in conflict, and the first 1,000 that did not go in as they stand one by one.
    """
    with _source(db, path, hub, revision, read, progress) as (place, file_name):
        kept = _kept(db, place, read, mapping, as_last=as_last)
        said = _said(place, columns, label_map, annotators, read, kept)
        system = System(scores_of, scores_mean, scale, flags_from) if scores_of else said.system
        if system:
            check_columns(said.columns, system)
        done = importing.import_file(
            db,
            place,
            dataset,
            actor=actor,
            columns=said.columns,
            label_map=said.label_map,
            labels=tuple(labels or ()),
            group_by=group_by,
            votes_needed=votes_needed,
            several=several,
            reading=said.reading,
            file_name=file_name,
            scores=vars(system) if system else None,
            progress=progress,
        )
    if save_mapping:
        mappings.save_mapping(
            db,
            save_mapping,
            columns=said.columns,
            label_map=said.label_map,
            reading=said.reading,
            actor=actor,
        )
    answer: dict[str, Any] = {"import": done, "sentence": importing.counts_sentence(done)}
    if system:
        answer["scores"] = keep_after_import(db, done, system, actor=actor)
    if report:
        refused, conflicts = done.counts["refused"], done.counts["in_conflict"]
        answer |= {"refused": refused, "conflicts": conflicts}
        answer["accepted"] = done.counts["rows"] - refused - conflicts
        answer["findings"] = importing.findings(db, done.import_id, limit=REPORTED)
    return answer


def check_import(
    db: Database,
    *,
    dataset: str | None = None,
    path: str | None = None,
    hub: str | None = None,
    revision: str | None = None,
    columns: dict[str, str] | None = None,
    annotators: list[str] | None = None,
    read: dict[str, str] | None = None,
    mapping: str | None = None,
    as_last: bool = False,
    progress: Progress,
) -> Any:
    """What an import of the file would take and refuse, and why; nothing is imported."""
    with _source(db, path, hub, revision, read, progress) as (place, _):
        kept = _kept(db, place, read, mapping, as_last=as_last)
        said = _said(place, columns, None, annotators, read, kept)
        return check_file(
            db, place, dataset_id=dataset, columns=said.columns, reading=said.reading, progress=progress
        )


def list_findings(
    db: Database, *, import_id: int, limit: int | None = None, to_repair: str | None = None
) -> Any:
    """The rows of an import that did not go in as they stand; or a file of the refused ones, to be mended."""
    if to_repair is not None:
        return {"path": to_repair, "rows": write_refused(db, import_id, Path(to_repair))}
    return importing.findings(db, import_id, limit=limit)


def mappings_list(db: Database, *, actor: str, take_away: str | None = None) -> Any:
    """The saved mappings; on demand one is taken away first."""
    if take_away is not None:
        mappings.take_away(db, take_away, actor=actor)
    return mappings.list_mappings(db)


@contextmanager
def _source(
    db: Database,
    path: str | None,
    hub: str | None,
    revision: str | None,
    read: dict[str, str] | None,
    progress: Progress,
) -> Iterator[tuple[Path, str | None]]:
    """What to read, and what it is called where its path does not say."""
    if (path is None) == (hub is None):
        raise _nothing_named()
    if hub is None:
        yield Path(str(path)), None
        return
    with hub_data.fetched(
        hub,
        revision,
        part=(read or {}).get("part", ""),
        inside=db.home / "tmp",
        told=lambda here, whole: progress(f"{here / 1e6:,.1f} of {whole / 1e6:,.1f} MB fetched", 0.0),
    ) as (place, found):
        yield place, found.label


def _nothing_named() -> BadInput:
    return BadInput("Import what?", hint="Name a file or a folder, or --hub OWNER/NAME with its --revision.")


def _kept(
    db: Database, path: Path, read: dict[str, str] | None, mapping: str | None, *, as_last: bool
) -> _Said | None:
    """The mapping that was saved under the name, or used for the last file with the same headings."""
    if mapping:
        return _Said(*mappings.get_mapping(db, mapping))
    if not as_last:
        return None
    last = mappings.last_used(db, importing.preview(path, reading_of(read)).columns)
    if last is None:
        raise NotFound(
            "No file with these headings was imported before.", hint="Leave --as-last out: they are guessed."
        )
    scores = last.mapping.get("scores")
    return _Said(*mappings.mapping_of(last.mapping), System(**scores) if scores else None)


def _said(
    path: Path,
    columns: dict[str, str] | None,
    label_map: dict[str, str] | None,
    annotators: list[str] | None,
    read: dict[str, str] | None,
    kept: _Said | None,
) -> _Said:
    """All that was said put together; what was not is guessed, but where a mapping was kept."""
    saved = kept or _Said({}, {}, Reading())
    reading = reading_of(saved.reading.as_dict() | (read or {}))
    named = saved.columns | (columns or {})
    meant = saved.label_map | (label_map or {})
    if kept and not annotators:
        used = {field: column for field, column in named.items() if column}
        return _Said(used, meant, reading, saved.system)
    present = importing.preview(path, reading).columns
    return _Said(_with_guesses(present, named, annotators or []), meant, reading, saved.system)


def _with_guesses(present: tuple[str, ...], named: dict[str, str], annotators: list[str]) -> dict[str, str]:
    """What was named, the annotators, and guesses for the rest."""
    guessed = importing.complete_columns(present, named)
    if len(annotators) > 1 or any("*" in name for name in annotators):
        guessed = {field: column for field, column in guessed.items() if field in named or field != "label"}
    return voting.with_annotators(present, guessed, annotators)


VERBS: dict[str, Callable[..., Any]] = {
    "look": look_at_file,
    "check-import": check_import,
    "import": import_file,
    "findings": list_findings,
    "mappings": mappings_list,
}
