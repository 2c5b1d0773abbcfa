"""A folder that `datasets.load_dataset` reads: Parquet for each split, and a card that says what is in it."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from domain.comments import CommentFilter
from domain.errors import BadInput
from domain.filters import conditions_of
from domain.splits import SPLITS
from services.curation.datasets import get_dataset, get_label_set
from services.curation.snapshots import Snapshot
from services.labelling.agreement_report import frozen_agreement
from services.release.dataset_card import CardFacts, Tally, card_of
from services.release.export import reading_rows, snapshot_rows
from services.release.writers import Progress, Rows, not_writable, silent, told
from storage.database import Database


def write_snapshot(
    db: Database, snapshot: Snapshot, folder: Path, *, licence: str = "", progress: Progress = silent
) -> int:
    """Write a frozen snapshot; return its number of rows.

    Args:
        folder: A new folder.
        licence: As the card is to name it; the card says that it is not told where it is empty.

    Raises:
        NotFound: the snapshot's file is gone.
        BadInput: the folder is there already, or cannot be written.
    """
    manifest = snapshot.manifest
    facts = CardFacts(
        title=snapshot.dataset_id,
        what=f"{snapshot.snapshot_id} of the dataset {snapshot.dataset_id}{_slice(manifest)}, frozen on"
        f" {snapshot.created_at:%Y-%m-%d} by {snapshot.created_by}, sha256 {snapshot.sha256}",
        labels=tuple((label["name"], label.get("definition", "")) for label in manifest["labels"]),
        guideline_version=manifest["guideline_version"],
        split_mode=manifest["split_mode"],
        group_by=manifest["group_by"],
        agreement=manifest.get("agreement"),
        leaks=manifest["leaks"],
        left_out=manifest["left_out"],
        licence=licence,
    )
    return _write(snapshot_rows(db, snapshot), facts, folder, progress)


def write_comments(
    db: Database,
    wanted: CommentFilter,
    folder: Path,
    *,
    licence: str = "",
    slice_name: str = "",
    progress: Progress = silent,
) -> int:
    """Write the comments that the filter asks for, as they stand now; return how many.

    Raises:
        NotFound: there is no such dataset.
        BadInput: as for `write_snapshot`.
    """
    dataset = get_dataset(db, wanted.dataset_id)
    asked = ", ".join(f"{name} {value}" for name, value in conditions_of(wanted).items())
    named = f" in the slice {slice_name}" if slice_name else ""
    facts = CardFacts(
        title=dataset.title,
        what=f"Comments of the dataset {dataset.dataset_id}{named}" + (f": {asked}" if asked else ""),
        labels=tuple((one.name, one.definition) for one in get_label_set(db, dataset.dataset_id).labels),
        guideline_version=None,
        split_mode="group",
        group_by=dataset.group_by,
        agreement=frozen_agreement(db, dataset.dataset_id),
        leaks={},
        left_out={},
        licence=licence,
    )
    with reading_rows(db, wanted) as rows:
        return _write(rows, facts, folder, progress)


def _slice(manifest: dict[str, Any]) -> str:
    return f", its slice {manifest['slice']['name']}" if "slice" in manifest else ""


def _write(rows: Rows, facts: CardFacts, folder: Path, progress: Progress) -> int:
    if folder.exists():
        raise BadInput(f"{folder} is there already.", hint="Name a new folder.")
    draft = folder.with_name(f".{folder.name}.draft")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "data").mkdir(parents=True)
        tally = _write_splits(rows, draft / "data", progress)
        (draft / "README.md").write_text(card_of(facts, tally), encoding="utf-8")
        draft.rename(folder)
    except OSError as error:
        raise not_writable(folder, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return rows.count


def _write_splits(rows: Rows, into: Path, progress: Progress) -> Tally:
    """A file for each split that has a comment; what was counted on the way."""
    writers: dict[str, pq.ParquetWriter] = {}
    tally = Tally()
    try:
        for batch in told(rows, progress):
            for split in SPLITS:
                part = batch.filter(pc.equal(batch["split"], split))
                if part.num_rows:
                    if split not in writers:
                        writers[split] = pq.ParquetWriter(
                            into / f"{split}.parquet", rows.schema, compression="zstd"
                        )
                    writers[split].write_batch(part)
            _count(tally, batch)
    finally:
        for writer in writers.values():
            writer.close()
    return tally


def _count(tally: Tally, batch: pa.RecordBatch) -> None:
    tally.labels.update(zip(batch["split"].to_pylist(), batch["label"].to_pylist(), strict=True))
    for name, counts in (
        ("source", tally.sources), ("language", tally.languages), ("label_from", tally.label_from)
    ):  # fmt: skip
        counts.update(batch[name].to_pylist())
    tally.annotators.update(_annotators(batch["annotator_votes"].to_pylist()))


def _annotators(cells: Iterable[str | None]) -> Counter[str]:
    return Counter(vote["annotator"] for cell in cells if cell for vote in json.loads(cell))
