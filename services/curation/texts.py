"""Look at the texts of a dataset once: problems, language and cleaned text become derived columns."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import pyarrow as pa

from domain.errors import BackendError, BadInput, Conflict, NotFound
from domain.people import actor_named
from domain.repairs import STEPS, Step, repaired, version_of
from services.curation.languages import LANGUAGE_VERSION
from storage import text_facts as stored
from storage.database import Database
from storage.datasets import get_dataset
from storage.text_facts import FACTS_SCHEMA, Repair, list_repairs

__all__ = [
    "DERIVED_BY", "Change", "Repair", "RepairPreview", "count_unseen", "list_repairs", "look_at_texts",
    "preview_repair", "put_in_force", "steps_in_force", "take_out_of_force",
]  # fmt: skip

# Told (what is going on, share from 0 to 1); may raise to stop, and what was looked at until then stays.
Progress = Callable[[str, float], None]

DERIVED_BY = f"{version_of(STEPS)}+{LANGUAGE_VERSION}"
_AT_ONCE = 5_000
_WORDS = re.compile(r"<?[\w]+>?|\s+|.", re.DOTALL)  # a placeholder is a word, too
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Change:
    """A text before and after; `parts` are its pieces in order, each ("same", "gone" or "new", piece)."""

    comment_id: int
    before: str
    after: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RepairPreview:
    """What a repair would change in how models read the comments, and the first of them."""

    step: str
    title: str
    does: str
    version: str
    in_force: int | None
    changes: tuple[Change, ...]


def count_unseen(db: Database, dataset_id: str) -> int:
    """How many comments nobody has looked at with the functions and repairs of now."""
    return stored.count_missing(db, dataset_id, **_asked(db, dataset_id))


def look_at_texts(db: Database, dataset_id: str, *, progress: Progress = lambda _what, _share: None) -> int:
    """Derive what is missing and return for how many comments; batch by batch, so that it may stop and go on.

    Raises:
        NotFound: there is no such dataset.
        BackendError: the process that looks ended early.
    """
    get_dataset(db, dataset_id)
    asked = _asked(db, dataset_id)
    count = stored.count_missing(db, dataset_id, **asked)
    done = 0
    if count == 0:
        return 0
    with _worker(steps_in_force(db, dataset_id)) as facts_of:
        for batch in stored.list_missing(db, dataset_id, **asked, rows=_AT_ONCE):
            progress(f"{done:,} of {count:,} texts looked at", done / count)
            stored.add_facts(db, dataset_id, facts_of(batch), **asked)
            done += batch.num_rows
    return done


def steps_in_force(db: Database, dataset_id: str) -> tuple[str, ...]:
    """The repairs in force, in the order in which they are applied."""
    known = {repair.step for repair in list_repairs(db, dataset_id) if repair.undone_at is None}
    return tuple(name for name in STEPS if name in known)


def preview_repair(db: Database, dataset_id: str, step: str, *, limit: int = 50) -> RepairPreview:
    """What the step would change, without changing it.

    Raises:
        NotFound: there is no such dataset or step.
    """
    get_dataset(db, dataset_id)
    known = _step(step)
    others = set(steps_in_force(db, dataset_id))
    rows = stored.list_flagged(db, dataset_id, step, limit=limit)
    changed = [
        change_of(number, repaired(text, others - {step}), repaired(text, others | {step}))
        for number, text in rows
    ]
    number = next(
        (one.repair_id for one in list_repairs(db, dataset_id) if one.step == step and one.undone_at is None),
        None,
    )
    return RepairPreview(step, known.problem, known.does, known.version, number, tuple(changed))


def put_in_force(
    db: Database, dataset_id: str, step: str, *, actor: str, progress: Progress = lambda _what, _share: None
) -> Repair:
    """Let models read the texts repaired by this step; the comments stay as they came.

    Raises:
        NotFound: there is no such dataset or step.
        BadInput: the step would change nothing.
        Conflict: it is in force.
    """
    who, known = actor_named(actor), _step(step)
    look_at_texts(db, dataset_id, progress=progress)
    if not stored.list_flagged(db, dataset_id, step, limit=1):
        raise BadInput(f"'{step}' changes no comment of '{dataset_id}'.", hint="There is nothing to do.")
    repair = stored.add_repair(db, dataset_id, step, known.version, who)
    _follow_up(db, dataset_id, step, progress)
    return repair


def take_out_of_force(
    db: Database,
    repair_id: int,
    *,
    dataset_id: str,
    actor: str,
    progress: Progress = lambda _what, _share: None,
) -> Repair:
    """Let models read the texts without this repair again.

    Raises:
        NotFound: there is no such repair.
        Conflict: it is of another dataset, or was taken back already.
    """
    who = actor_named(actor)
    repair = stored.get_repair(db, repair_id)
    if repair.dataset_id != dataset_id:
        raise Conflict(
            f"Repair {repair_id} is of the dataset '{repair.dataset_id}', not '{dataset_id}'.",
            hint=f"Undo it in '{repair.dataset_id}'.",
        )
    undone = stored.update_repair_undone(db, repair_id, who)
    _follow_up(db, dataset_id, repair.step, progress)
    return undone


def change_of(number: int, before: str, after: str) -> Change:
    """How one text became the other, in pieces."""
    parts: list[tuple[str, str]] = []
    old, new = (_WORDS.findall(text) for text in (before, after))
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new, False).get_opcodes():
        if kind == "equal":
            parts.append(("same", "".join(old[start:end])))
            continue
        if end > start:
            parts.append(("gone", "".join(old[start:end])))
        if new_end > new_start:
            parts.append(("new", "".join(new[new_start:new_end])))
    return Change(number, before, after, tuple(parts))


def _follow_up(db: Database, dataset_id: str, step: str, progress: Progress) -> None:
    """Derive the cleaned text of the comments that the step touches once more; of no others."""
    steps, by = steps_in_force(db, dataset_id), _asked(db, dataset_id)["cleaned_by"]
    count, done = stored.count_flagged(db, dataset_id, step), 0
    for batch in stored.list_flagged_batches(db, dataset_id, step, rows=_AT_ONCE):
        progress(f"{done:,} of {count:,} texts repaired", done / max(count, 1))
        numbers, texts = batch.column("comment_id"), batch.column("body").to_pylist()
        after = [repaired(text, steps) for text in texts]
        cleaned = [None if new == old else new for old, new in zip(texts, after, strict=True)]
        table = pa.table({"comment_id": numbers, "cleaned": pa.array(cleaned, pa.string())})
        stored.update_cleaned(db, dataset_id, table, cleaned_by=by)
        done += batch.num_rows
    stored.update_untouched(db, dataset_id, step, cleaned_by=by)


def _asked(db: Database, dataset_id: str) -> dict[str, str]:
    return {"derived_by": DERIVED_BY, "cleaned_by": version_of(steps_in_force(db, dataset_id))}


def _step(name: str) -> Step:
    if name == "names":
        raise BadInput(
            "Names of people are not looked for: their form does not tell them.",
            hint="Mask them before the import; docs/decisions/0006-names-of-people.md says why.",
        )
    if name not in STEPS:
        raise NotFound(f"There is no repair '{name}'.", hint=f"Repairs: {', '.join(STEPS)}.")
    return STEPS[name]


@contextmanager
def _worker(steps: tuple[str, ...]) -> Iterator[Callable[[pa.RecordBatch], pa.Table]]:
    """A process that looks at texts, so that this one answers visitors meanwhile; ended with the block."""
    command = [sys.executable, "-m", "services.curation.text_worker", ",".join(steps)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=_ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        writer, reader = None, None
        try:

            def facts_of(batch: pa.RecordBatch) -> pa.Table:
                nonlocal writer, reader
                try:
                    if writer is None:
                        writer = pa.ipc.new_stream(process.stdin, batch.schema)
                    writer.write_batch(batch)
                    process.stdin.flush()  # type: ignore[union-attr]
                    if reader is None:
                        reader = pa.ipc.open_stream(process.stdout)
                    found = reader.read_next_batch()
                except (OSError, StopIteration, pa.ArrowException) as error:
                    raise BackendError(
                        f"The process that looks at texts ended: {error}",
                        hint="Look again; what is done stays.",
                    ) from error
                return pa.Table.from_batches([found]).select(FACTS_SCHEMA.names)

            yield facts_of
        finally:
            process.kill()
