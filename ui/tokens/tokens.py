"""The parts of the Tokens page that are about a snapshot."""

from datetime import date

import pandas as pd
import streamlit as st

from domain.comments import Dataset
from domain.splits import SPLITS
from domain.text import escape_markdown, shortened
from services.curation import datasets, snapshots
from services.curation.snapshots import Snapshot
from services.modelling.hosted.catalogue import HostedModel, HostedModels, hosted_models
from services.modelling.tokens.comment_tokens import texts_of
from services.modelling.tokens.encodings import encoding_of
from services.modelling.tokens.snapshots import SnapshotBudget, budget_of_snapshot, count_snapshot
from services.several import refuse_several
from ui.frame import nothing_yet
from ui.links import pick
from ui.store import database
from ui.tokens.token_costs import draw_costs, draw_price_form
from ui.tokens.token_figures import draw_histogram, draw_spreads, draw_tiles

SHOWN = 50
_SOON_DAYS = 90


def draw_snapshot_tab(dataset: Dataset) -> None:
    """Choose a snapshot, a model, a prompt and a balance; everything below follows at once."""
    refuse_several(dataset, "Examples for hosted models")
    taken = {one.snapshot_id: one for one in snapshots.list_snapshots(database(), dataset.dataset_id)}
    if not taken:
        nothing_yet(
            "There is no snapshot yet.", "A budget is of a frozen snapshot.", "snapshots", "Take a snapshot"
        )
        return
    table, today = hosted_models(database().home), date.today()
    left, middle, right = st.columns([2, 1, 3])
    with left:
        snapshot = taken[pick("Snapshot", list(taken), key="snapshot")]
    split = middle.selectbox("Split", SPLITS, key="tokens_split")
    with right:
        model = _pick_model(table, today)
    prompt = _write_prompt(dataset)
    shares = _choose_shares(snapshot, split)
    if not sum(snapshot.manifest["counts"][split].values()):
        st.info(f"The {split} split of this snapshot is empty.", icon=":material/info:")
        return
    if not prompt.strip():
        st.info("Write a system prompt to see the budget.", icon=":material/edit:")
        return
    _count(snapshot, model)
    found = budget_of_snapshot(
        database(), snapshot.snapshot_id, split=split, system_prompt=prompt, today=today, model=model.name,
        shares=shares,
    )  # fmt: skip
    _draw_budget(found, table)


def _pick_model(table: HostedModels, today: date) -> HostedModel:
    tunable = [one for one in table.models if one.can_be_tuned]
    models = sorted(tunable, key=lambda one: (one.is_shut(today), one.train_usd_per_million))
    name = pick(
        "Model to tune",
        [one.name for one in models],
        key="base",
        shown=lambda name: f"{name} · {_ending(table.named(name), today)}",
    )
    return table.named(name)


def _ending(model: HostedModel, today: date) -> str:
    if model.shuts_on is None:
        return "no end told"
    if model.is_shut(today):
        return f"shut since {model.shuts_on}"
    days = (model.shuts_on - today).days
    return f"ends on {model.shuts_on}" + (f", in {days} days" if days <= _SOON_DAYS else "")


def _write_prompt(dataset: Dataset) -> str:
    """The system prompt in the text area; another guideline or dataset begins it anew."""
    version, guideline = datasets.find_guideline(database(), dataset.dataset_id) or (0, "")
    with st.expander(
        f"System prompt: guideline version {version}" if version else "System prompt",
        icon=":material/article:",
        expanded=not version,
    ):
        return st.text_area(
            "System prompt, in every example",
            guideline,
            height=220,
            placeholder="What each label means. The guideline, once there is one.",
            key=f"tokens_prompt_{dataset.dataset_id}_{version}",
        ) or ""  # fmt: skip


def _choose_shares(snapshot: Snapshot, split: str) -> dict[str, float]:
    """The share of each label that is kept; only those below 1 are returned."""
    counts = snapshot.manifest["counts"][split]
    with st.expander("Class balance", icon=":material/balance:"):
        st.caption("Keep fewer comments of a frequent label. Which ones is drawn once, and always alike.")
        shares = {}
        columns = st.columns(min(len(counts), 4) or 1)
        for place, (label, n) in enumerate(counts.items()):
            percent = columns[place % len(columns)].slider(
                f"Keep of {escape_markdown(label)} ({n:,})", 1, 100, 100, format="%d %%",
                key=f"tokens_share_{snapshot.snapshot_id}_{split}_{place}",
            )  # fmt: skip
            if percent < 100:
                shares[label] = percent / 100
    return shares


def _count(snapshot: Snapshot, model: HostedModel) -> None:
    """Count what was never counted; leaving the page cancels it, and what was counted stays."""
    bar = st.empty()

    def show(what: str, share: float) -> None:
        bar.progress(share, what)

    count_snapshot(
        database(),
        snapshot.snapshot_id,
        encoding=encoding_of(model.name),
        progress=show,
    )
    bar.empty()


def _draw_budget(found: SnapshotBudget, table: HostedModels) -> None:
    own = next(cost for cost in found.costs if cost.model.name == found.model)
    draw_tiles(found.budget, cost_usd=own.cost_usd, note=f"prices of {own.as_of}")
    kept = " · ".join(
        f"{escape_markdown(one.label)} {one.kept:,}"
        + (f" of {one.examples:,}" if one.kept < one.examples else "")
        for one in found.labels
    )
    left_out = (
        f" {found.left_out:,} comments with nothing to see in them are left out." if found.left_out else ""
    )
    st.caption(
        f"{kept}. The system prompt has {found.system_prompt_tokens:,} tokens, in every example.{left_out}"
        f" Counted in {escape_markdown(found.budget.encoding)}."
    )
    left, right = st.columns([4, 5], gap="medium")
    with left:
        st.markdown("**Tokens per example**")
        draw_histogram(
            found.budget.histogram, limit=found.budget.limit, limit_name="limit", title="Tokens per example"
        )
    with right:
        draw_costs(found.costs, table)
    draw_spreads(found.budget)
    draw_price_form(table)
    _draw_long(found)
    _draw_special(found)


def _draw_long(found: SnapshotBudget) -> None:
    """The examples over the limit, and what truncation would take from each."""
    long, limit = found.long_examples, found.budget.limit
    st.markdown("**Examples over the limit**")
    if not long:
        st.markdown(f"None: the longest has {found.budget.tokens.largest:,} of {limit:,} tokens.")
        return
    st.warning(
        f"{len(long):,} examples are longer than {limit:,} tokens. They are cut from the end, the answer "
        f"first: {found.budget.cut:,} tokens and {found.budget.without_answer:,} whole answers would be "
        "lost.",
        icon=":material/content_cut:",
    )
    texts = texts_of(database(), [one.comment_id for one in long[:SHOWN]])
    table = pd.DataFrame(
        {
            "comment": [one.comment_id for one in long[:SHOWN]],
            "label": [shortened(one.label, 60) for one in long[:SHOWN]],
            "tokens": [one.tokens for one in long[:SHOWN]],
            "cut": [one.cut for one in long[:SHOWN]],
            "what is lost": [
                "the answer, and the end of the comment" if one.answer_is_lost else "a part of the answer"
                for one in long[:SHOWN]
            ],
            "text": [shortened(texts.get(one.comment_id, ""), 200) for one in long[:SHOWN]],
        }
    )
    _draw_comments(table, len(long), "Examples over the limit")


def _draw_special(found: SnapshotBudget) -> None:
    """Comments for which a host would refuse the whole file."""
    special = found.special_comment_ids
    if not special:
        return
    st.markdown("**Comments that hold special tokens**")
    st.warning(
        f"{len(special):,} comments hold a token that steers models. They are counted as plain text, "
        "but hosts refuse the whole file over one of them: exclude these comments before an upload.",
        icon=":material/block:",
    )
    texts = texts_of(database(), special[:SHOWN])
    table = pd.DataFrame(
        {
            "comment": special[:SHOWN],
            "text": [shortened(texts.get(number, ""), 200) for number in special[:SHOWN]],
        }
    )
    _draw_comments(table, len(special), "Comments that hold special tokens")


def _draw_comments(table: pd.DataFrame, count: int, alt: str) -> None:
    wide = {"text": st.column_config.TextColumn(width="large")}
    number = {"comment": st.column_config.NumberColumn(width="small", format="plain")}
    st.dataframe(table, hide_index=True, column_config={**wide, **number}, placeholder="", alt=alt)
    if count > len(table):
        st.caption(f"The first {len(table):,} of {count:,}.")
