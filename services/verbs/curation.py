"""The verbs from comments to a snapshot: clean, label, find, freeze."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from domain.comments import CommentFilter
from domain.errors import BadInput
from services.curation import cleaning, comments, datasets, snapshots, texts
from services.demo import load_demo
from services.labelling import desk
from services.standing import list_standings
from services.verbs.tokens import text_of
from storage.database import Database
from storage.snapshots import get_snapshot, list_snapshots

Progress = Callable[[str, float], None]


def clean_or_preview(
    db: Database,
    *,
    dataset: str,
    actor: str,
    progress: Progress,
    rule: str | None = None,
    undo: int | None = None,
    repair: str | None = None,
    undo_repair: int | None = None,
    preview: bool = False,
) -> Any:
    """What each rule would exclude; or exclude it, or take that back; or the same of a repair."""
    if undo is not None:
        return cleaning.undo(db, undo, dataset_id=_known(db, dataset), actor=actor)
    if undo_repair is not None:
        return texts.take_out_of_force(
            db, undo_repair, dataset_id=_known(db, dataset), actor=actor, progress=progress
        )
    if repair is not None:
        texts.look_at_texts(db, dataset, progress=progress)
        if preview:
            return texts.preview_repair(db, dataset, repair, limit=10)
        return texts.put_in_force(db, dataset, repair, actor=actor, progress=progress)
    if rule is not None:
        return cleaning.apply_rule(db, dataset, rule, actor=actor)
    return [cleaning.preview(db, dataset, rule, limit=10) for rule in cleaning.RULES]


def label_or_list(
    db: Database,
    *,
    dataset: str,
    actor: str,
    comment: int | None = None,
    label: str | None = None,
    wanted: int = 5,
) -> Any:
    """The comments that wait for somebody; or their vote on one."""
    if comment is None:
        return desk.next_comments(db, dataset, actor=actor, wanted=wanted)
    if label is None:
        raise BadInput(f"Which label for comment {comment}?", hint="Give --label NAME, or skip or unsure.")
    vote = desk.label_comment(db, dataset, comment, actor=actor, label=label)
    return {"comment_id": comment, "annotator": actor, "kind": vote.kind, "label": vote.label}


def take_or_list_snapshots(
    db: Database,
    *,
    dataset: str | None = None,
    actor: str | None = None,
    split_mode: str = "group",
    seed: int = 0,
    note: str = "",
    slice_name: str = "",
    text: str = "original",
    test_from: str | None = None,
    verify: str | None = None,
    show_all: bool = False,
) -> Any:
    """Freeze the labels in force; or list the snapshots, or hash one again."""
    if verify is not None:
        return snapshots.verify_snapshot(db, verify)
    if dataset is None:
        raise BadInput("Of which dataset?", hint="Give --dataset NAME.")
    if show_all:
        return list_snapshots(db, _known(db, dataset))
    return snapshots.take_snapshot(
        db, dataset, actor=actor or "", split_mode=split_mode, seed=seed, note=note, slice_name=slice_name,
        text=text, test_from=_day(test_from),
    )  # fmt: skip


def show_snapshot(db: Database, *, snapshot: str) -> Any:
    """One snapshot."""
    return get_snapshot(db, snapshot)


def show_datasets(db: Database) -> Any:
    """Where each dataset stands in the loop."""
    return list_standings(db)


def create_dataset(
    db: Database,
    *,
    dataset: str,
    labels: list[str],
    actor: str,
    group_by: str = "author",
    votes_needed: int = 1,
    several: bool = False,
) -> Any:
    """Make an empty dataset."""
    return datasets.create_dataset(
        db, dataset, labels, actor=actor, group_by=group_by, votes_needed=votes_needed, several=several
    )


def show_or_write_guideline(db: Database, *, dataset: str, actor: str, path: str | None = None) -> Any:
    """The newest guideline; on demand its next version is written first."""
    if path is not None:
        datasets.write_guideline(db, dataset, text_of(path), actor=actor)
    return datasets.find_guideline(db, _known(db, dataset))


def find_comments(
    db: Database,
    *,
    dataset: str,
    contains: str = "",
    label: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> Any:
    """Find comments."""
    wanted = CommentFilter(_known(db, dataset), contains=contains, label=label, limit=limit, offset=offset)
    return comments.list_comments(db, wanted)


def show_comment(db: Database, *, comment: int) -> Any:
    """All that is known of one comment."""
    return comments.history(db, comment)


def make_demo(db: Database, *, actor: str, progress: Progress) -> Any:
    """Make the demo dataset and take it once around the loop."""
    return load_demo(db, actor=actor, progress=progress)


def _day(written: str | None) -> datetime | None:
    """A day or a moment in UTC, as ISO 8601 writes it."""
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise BadInput(f"'{written}' is no day.", hint="As in 2026-10-01.") from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _known(db: Database, dataset: str) -> str:
    """The name again: a list of nothing must not hide that it was misspelt."""
    return datasets.get_dataset(db, dataset).dataset_id


VERBS: dict[str, Callable[..., Any]] = {
    "clean": clean_or_preview,
    "label": label_or_list,
    "snapshot": take_or_list_snapshots,
    "show-snapshot": show_snapshot,
    "datasets": show_datasets,
    "create": create_dataset,
    "guideline": show_or_write_guideline,
    "comments": find_comments,
    "comment": show_comment,
    "demo": make_demo,
}
