"""The parts of the Snapshots page: what would be frozen, and what one snapshot holds."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

import altair as alt
import pandas as pd
import streamlit as st

from domain.comments import Dataset
from domain.labels import NONE_OF_THEM
from domain.repairs import STEPS
from domain.splits import SPLITS
from domain.text import escape_markdown, visible
from services.curation import snapshots
from services.curation.snapshots import Snapshot
from services.curation.texts import steps_in_force
from services.evaluation.saved_slices import list_saved_slices
from services.release.dataset_folder import write_snapshot
from services.release.export import export_snapshot
from services.release.writers import Progress
from services.standing import Standing
from ui.curation.comment_export import draw_export_of
from ui.errors import showing_errors
from ui.lists import pick_row
from ui.store import database
from ui.times import when

_TOGETHER = {
    "author": "The comments of an author go to one split",
    "thread": "The comments of a thread go to one split",
    "none": "Each comment goes to a split of its own",
}
_MODES = {
    "group": (
        "By group",
        "{together}, decided when they came in; only a near-duplicate follows the comment that it repeats. "
        "New comments never move old ones. For your own data.",
    ),
    "stratified": ("Stratified", "80, 10 and 10 % of each label, drawn by a seed. For published benchmarks."),
    "time": (
        "By time",
        "What was posted last is test, what was posted before it validation; comments without a time are left"
        " out. As traffic comes: for a release.",
    ),
    "imported": ("As imported", "The split column of the file; comments without a split are left out."),
}  # fmt: skip
_TEXTS = {"cleaned": "The repaired text", "original": "The text as it came"}
_HOW = {
    "single": "one vote",
    "majority": "a majority of votes",
    "imported": "the imported file",
    "adjudicated": "a decision after review",
    "aggregated": "an aggregation of all votes",
}
_LEAKS = {
    "same_text": "have the text of a training comment",
    "near_duplicate": "are nearly the same as a training comment",
    "same_author": "are by an author of training comments",
    "same_thread": "stand in a thread with training comments",
}


def draw_now(standing: Standing) -> None:
    """What a snapshot taken now would hold, and what it leaves out."""
    counts = standing.counts
    labels = " · ".join(f"{escape_markdown(label)} {n:,}" for label, n in standing.labels.items())
    st.markdown(f"**{counts['labelled']:,} comments have a label:** {labels}")
    unlabelled = counts["waiting"] - counts["tied"]
    st.caption(
        f"Left out: {unlabelled:,} without a label, {counts['tied']:,} whose votes are tied, "
        f"{counts['excluded']:,} excluded by cleaning."
    )


def choose_mode(dataset: Dataset) -> tuple[str, int]:
    """The split mode and, for the stratified one, its seed."""
    mode = st.radio(
        "How comments are divided into train, validation and test",
        list(_MODES),
        format_func=lambda name: _MODES[name][0],
        captions=[what.format(together=_TOGETHER[dataset.group_by]) for _, what in _MODES.values()],
        key="snapshots_mode",
    )
    if mode != "stratified":
        return str(mode), 0
    seed = st.number_input(
        "Seed", 0, 2**31 - 1, 0, key="snapshots_seed", help="The same seed draws the same rows."
    )
    return mode, int(seed)


def choose_test_from(mode: str) -> datetime | None:
    """Of a split by time: the day on which test begins; None for the last tenth."""
    if mode != "time":
        return None
    day = st.date_input(
        "Test begins on", value=None, key="snapshots_test_from", help="Empty: the newest tenth is test."
    )
    return datetime(day.year, day.month, day.day) if isinstance(day, date) else None  # noqa: DTZ001 - UTC


def choose_text(dataset_id: str) -> str:
    """What models read: the text as it came, or repaired, where a repair is in force."""
    steps = steps_in_force(database(), dataset_id)
    if not steps:
        return "original"
    titles = ", ".join(STEPS[name].problem.lower() for name in steps)
    return str(
        st.radio(
            "What models read",
            list(_TEXTS),
            format_func=lambda name: _TEXTS[name],
            captions=[f"After the repairs in force: {titles}.", "Every comment letter by letter."],
            key="snapshots_text",
        )
    )


def choose_slice(dataset: Dataset) -> str:
    """The saved slice that is to be frozen; "" for the whole dataset."""
    names = [each.name for each in list_saved_slices(database(), dataset.dataset_id)]
    if not names:
        return ""
    return (
        st.selectbox(
            "Only of slice", names, index=None, format_func=visible, placeholder="all comments",
            key="snapshots_slice",
        )
        or ""
    )  # fmt: skip


def pick_snapshot(taken: Sequence[Snapshot]) -> Snapshot:
    """The list of snapshots; returns the one that is open."""
    table = pd.DataFrame(
        {
            "snapshot": [one.snapshot_id for one in taken],
            "comments": [one.row_count for one in taken],
            "split": [_MODES[one.manifest["split_mode"]][0] for one in taken],
            "note": [visible(one.manifest["note"]) for one in taken],
            "by": [visible(one.created_by) for one in taken],
            "taken": [when(one.created_at) for one in taken],
        }
    )
    opened = pick_row(
        table, [one.snapshot_id for one in taken], param="snapshot", alt="Snapshots of this dataset"
    )
    return next(one for one in taken if one.snapshot_id == opened)


def draw_snapshot(snapshot: Snapshot) -> None:
    """Everything about one snapshot."""
    told = snapshot.manifest
    left, right = st.columns(2, gap="large")
    with left:
        _draw_rows(snapshot)
    with right:
        _draw_origin(snapshot)
    if any(told["counts"][split] for split in SPLITS if split != "train"):
        _draw_leaks(snapshot)
    else:
        st.warning(
            "Nothing is held out: no comment is in validation or test, so no model can be evaluated on this"
            " snapshot. Label comments of more authors or threads, or take a stratified one.",
            icon=":material/warning:",
        )
    _draw_file(snapshot)


def _draw_rows(snapshot: Snapshot) -> None:
    """Comments per split and label, as shares in a chart and as numbers below it."""
    counts, labels = snapshot.label_counts, snapshot.labels
    st.markdown("**Comments per split and label**")
    if snapshot.several:
        _draw_several(snapshot)
        return
    rows = [[counts[split].get(label, 0) for label in labels] for split in SPLITS]
    table = pd.DataFrame(rows, columns=[visible(label) for label in labels])
    colours = [label["colour"] for label in snapshot.manifest["labels"]]
    st.altair_chart(_share_bars(table, colours), alt="Share of each label in each split")
    table.insert(0, "split", list(SPLITS))
    table["all"] = [sum(row) for row in rows]
    numbers = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        table,
        hide_index=True,
        column_config=dict.fromkeys(table.columns[1:], numbers),
        alt="Comments per split and label",
    )


def _draw_several(snapshot: Snapshot) -> None:
    """Comments with each label, which are no shares of a whole: a comment may have several."""
    counts, names = snapshot.label_counts, [*snapshot.labels, NONE_OF_THEM]
    table = pd.DataFrame(
        [[counts[split].get(name, 0) for name in names] for split in SPLITS], columns=[*map(visible, names)]
    )
    table.insert(0, "split", list(SPLITS))
    table["all"] = [sum(snapshot.manifest["counts"][split].values()) for split in SPLITS]
    st.dataframe(table, hide_index=True, alt="Comments per split and label")
    st.caption("A comment may have several labels and counts under each of them.")


def _share_bars(table: pd.DataFrame, colours: Sequence[str]) -> alt.Chart:
    """One bar per split, its labels as shares of it; `table` has a row per split and a column per label."""
    labels = list(table.columns)
    shares = table.div(table.sum(axis="columns").clip(lower=1), axis="index").assign(split=list(SPLITS))
    long = shares.melt("split", var_name="label", value_name="share")
    long["place"] = long["label"].map(labels.index)
    percent = alt.Axis(format="%", tickCount=5)
    names = alt.Axis(ticks=False, domain=False, labelOverlap=False)
    return (
        alt.Chart(long)
        .mark_bar(cornerRadius=2, height=18)
        .encode(
            x=alt.X("share:Q", title="Share of the split", axis=percent, scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("split:N", sort=list(SPLITS), title=None, axis=names),
            color=alt.Color(
                "label:N",
                scale=alt.Scale(domain=labels, range=list(colours)),
                legend=alt.Legend(title=None, orient="bottom", labelLimit=180),
            ),
            order=alt.Order("place:Q"),
            tooltip=["split:N", "label:N", alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(height=220)
    )


def _draw_origin(snapshot: Snapshot) -> None:
    """Where the labels come from, and what stayed outside."""
    told = snapshot.manifest
    st.markdown("**Where it comes from**")
    guideline, out, run = told["guideline_version"], told["left_out"], told.get("aggregation")
    facts = {
        "Taken": when(snapshot.created_at),
        "By": visible(snapshot.created_by),
        "Note": visible(told["note"]) or "none",
        **({"Slice": visible(told["slice"]["name"])} if "slice" in told else {}),
        "Split": _MODES[told["split_mode"]][0]
        + (f", seed {told['seed']}" if told["split_mode"] == "stratified" else ""),
        "Guideline": f"version {guideline}" if guideline else "none was written",
        **{f"Labels from {_HOW.get(how, how)}": f"{n:,}" for how, n in told["label_from"].items()},
        **({"Aggregation in force": f"{visible(run['name'])} v{run['version']}, {run['id']}"} if run else {}),
        "Models read": "the text as it came"
        if snapshot.model_input["text"] == "original"
        else f"the repaired text ({snapshot.model_input['by']})",
        **({"Golden, always in test": f"{gold['rows']:,}"} if (gold := told.get("golden")) else {}),
        "Left out without a label": f"{out['waiting']:,}"
        + (f", {out['tied']:,} tied" if out["tied"] else ""),
        "Left out by cleaning": f"{out['excluded']:,}",
    }
    st.dataframe(
        pd.DataFrame({"what": list(facts), "value": list(facts.values())}),
        hide_index=True,
        alt="Where the snapshot comes from",
    )


def _draw_leaks(snapshot: Snapshot) -> None:
    """What the held-out comments share with training comments; each line opens its pairs."""
    counts, leaks = snapshot.manifest["counts"], snapshot.manifest["leaks"]
    held = sum(sum(of_label.values()) for split, of_label in counts.items() if split != "train")
    found = {name: leaks[name] for name in _LEAKS if leaks.get(name)}
    st.markdown("**What test and validation share with training**")
    if found:
        st.markdown(f"Of the {held:,} comments held out for validation and test,")
        st.markdown("\n".join(f"- {n:,} {_LEAKS[name]}" for name, n in found.items()))
        st.caption("A model may do better on these than on comments unlike any that it learned from.")
        _draw_pairs(snapshot.snapshot_id, list(found))
    else:
        st.markdown(
            f"None of the {held:,} comments held out for validation and test shares text, author or thread "
            "with a training comment."
        )
    _draw_time_and_gold(snapshot)


def _draw_pairs(snapshot_id: str, kinds: Sequence[str]) -> None:
    with st.expander("Look at the pairs", key="snapshots_pairs", on_change="rerun") as part:
        if not part.open:
            return
        kind = st.segmented_control(
            "Which",
            kinds,
            default=kinds[0],
            format_func=lambda name: name.replace("_", " "),
            key="snapshots_leak",
        )
        with showing_errors():
            pairs = snapshots.list_leaks(database(), snapshot_id, kind or kinds[0])
            st.dataframe(
                pd.DataFrame(
                    {
                        "held out": [one.held.comment_id for one in pairs],
                        "split": [one.split for one in pairs],
                        "its text": [visible(one.held.body) for one in pairs],
                        "in training": [one.learned.comment_id for one in pairs],
                        "text in training": [visible(one.learned.body) for one in pairs],
                    }
                ),
                hide_index=True,
                placeholder="",
                alt="Held-out comments beside the training comment that they share something with",
            )
            st.caption(f"The first {len(pairs):,}.")


def _draw_time_and_gold(snapshot: Snapshot) -> None:
    """How the splits lie in time, and whether training comes near the golden set."""
    time, gold = snapshot.manifest.get("time"), snapshot.manifest.get("golden")
    if time and time["held"]:
        st.caption(
            f"In time: {time['earlier']:,} of {time['held']:,} held-out comments are older than the newest in"
            " training"
            + (
                "."
                if time["earlier"] == 0
                else "; a split by time shows how a model does on what comes next."
            )
        )
    if gold and gold["near_train"]:
        st.warning(
            f"{gold['near_train']:,} training comments are nearly the same as golden ones.",
            icon=":material/warning:",
        )


def _draw_file(snapshot: Snapshot) -> None:
    """The hash of the rows, and the files to take away."""
    number = snapshot.snapshot_id
    st.markdown("**SHA-256 of the rows**")
    st.code(snapshot.sha256, language=None)
    with st.container(horizontal=True, vertical_alignment="center"):
        checked = st.button("Verify the file", icon=":material/verified:", key="snapshots_verify")
        for label, name, saved_as in (
            ("Rows as Parquet", "comments.parquet", f"{number}.parquet"),
            ("Manifest as JSON", "manifest.json", f"{number}.json"),
        ):
            st.download_button(
                label,
                partial(_opened, number, name),
                file_name=saved_as,
                icon=":material/download:",
                on_click="ignore",
                key=f"snapshots_{saved_as}",
            )
        draw_export_of(number, snapshot.dataset_id, partial(_write, snapshot))
        st.page_link(
            "pages/train.py",
            label="Train a model on it",
            icon=":material/arrow_forward:",
            query_params={"dataset": snapshot.dataset_id, "snapshot": number},
        )
    if checked:
        with showing_errors(), st.spinner("Hashing the rows"):
            snapshots.verify_snapshot(database(), number)
            st.success("The rows in the file are those that were frozen.", icon=":material/verified:")


def _write(snapshot: Snapshot, path: Path, format: str, licence: str, progress: Progress) -> int:
    if format == "datasets":
        return write_snapshot(database(), snapshot, path, licence=licence, progress=progress)
    return export_snapshot(database(), snapshot.snapshot_id, path, progress=progress)


def _opened(snapshot_id: str, name: str) -> BinaryIO:
    """The file, opened when somebody asks for it."""
    return snapshots.snapshot_file(database(), snapshot_id, name).open("rb")
