"""The parts of the Clean page that tell: figures, shares of everything, groups of duplicates, drift."""

import altair as alt
import pandas as pd
import streamlit as st

from domain.text import escape_markdown, shortened, visible
from services.curation.health import Health, ImportDrift
from services.evaluation.drift import Drift
from ui.curation.cleaning import draw_comments
from ui.figures import in_brackets
from ui.links import put
from ui.readers import clusters_of, comments_of_figure, members_of_cluster

_TITLES = {
    "label": "Label in force",
    "source": "Source",
    "language": "Language found",
    "month": "Month",
    "length": "Characters",
}
_MOST_BARS = 12
_SHOWN = 200
_BAR_PX = 22


def draw_figures(health: Health) -> None:
    """What a curator asks first."""
    labelled = sum(n for label, n in health.shares["label"].items() if label != "(none)")
    languages = [name for name in health.shares["language"] if name not in ("und", "(not looked at)")]
    facts = {
        "Comments": (health.comments, "That count: excluded ones are left out of every figure."),
        "Labelled": (labelled, None),
        "Languages": (len(languages), "Found in the texts, where it is sure."),
        "Groups": (health.clusters, "Of comments that are nearly the same."),
        "To decide": (health.contradictory_clusters, "Groups whose labels contradict each other."),
    }
    with st.container(horizontal=True):
        for name, (count, meaning) in facts.items():
            st.metric(name, f"{count:,}", border=True, help=meaning, width="content")
    if health.rarest is not None:
        label, share = health.rarest
        told = f"The rarest label is {escape_markdown(shortened(label))}: {in_brackets(share)}"
        if share.value < 0.05:
            st.warning(
                f"{told} of the labelled comments. A model can be right most of the time without ever giving"
                " it: weigh labels in training, and look at its own recall.",
                icon=":material/balance:",
            )


def draw_shares(health: Health) -> None:
    """Comments per label, source, language, month and length; a click on a bar opens its comments."""
    first, second = st.columns(3), st.columns(2)
    for place, (name, title) in zip([*first, *second], _TITLES.items(), strict=True):
        with place:
            _draw_share(name, title, health.shares[name])
    st.caption("A click on a bar opens its comments.")


def _draw_share(name: str, title: str, counts: dict[str, int]) -> None:
    shown = dict(list(counts.items())[-24:] if name == "month" else list(counts.items())[:_MOST_BARS])
    rows = pd.DataFrame({"value": list(shown), "comments": list(shown.values())})
    rows["shown"] = [shortened(value, 40) for value in rows["value"]]
    clicked = alt.selection_point(name="bar", fields=["value"], toggle=False)
    axis = alt.Axis(title=None, labelLimit=150, ticks=False, domain=False, labelOverlap=False)
    chart = (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=3, cursor="pointer", color="#3657d6")
        .encode(
            x=alt.X("comments:Q", title=None, axis=alt.Axis(format="~s", tickCount=4, tickMinStep=1)),
            y=alt.Y("shown:N", sort=list(rows["shown"]), axis=axis),
            tooltip=[alt.Tooltip("shown:N", title=title), alt.Tooltip("comments:Q", format=",")],
        )
        .add_params(clicked)
        .properties(height=max(90, _BAR_PX * len(rows) + 40))
    )
    st.markdown(f"**{title}**" + (f" · {len(counts):,} in all" if len(counts) > len(shown) else ""))
    st.altair_chart(
        chart, key=f"clean_share_{name}", on_select=lambda: _open(name), selection_mode="bar",
        alt=f"Comments per {title.lower()}",
    )  # fmt: skip


def _open(name: str) -> None:
    clicked = st.session_state[f"clean_share_{name}"]["selection"]["bar"]
    put("figure", name if clicked else "")
    put("value", clicked[0]["value"] if clicked else "")


def draw_open_figure(dataset_id: str) -> None:
    """The comments of the bar that was clicked."""
    name, value = st.query_params.get("figure", ""), st.query_params.get("value", "")
    if name not in _TITLES:
        return
    rows = comments_of_figure(dataset_id, name, value, _SHOWN)
    title = f"{_TITLES[name]}: {shortened(value)}"
    st.markdown(f"**{escape_markdown(title)}** · the first {len(rows):,}")
    if rows:
        draw_comments(rows, key=f"clean_open_{name}", dataset_id=dataset_id, title=title)


def draw_clusters(health: Health) -> None:
    """Groups of near-duplicates, those with contradictory labels first; picking one opens its members."""
    with st.expander(
        f"Groups of near-duplicates · {health.clusters:,}", key="clean_clusters", on_change="rerun"
    ) as part:
        if not part.open:
            return
        found = clusters_of(health.dataset_id)
        table = pd.DataFrame(
            {
                "group": [one.cluster for one in found],
                "comments": [one.comments for one in found],
                "labels": [", ".join(map(visible, one.labels)) for one in found],
                "splits": [", ".join(one.splits) for one in found],
                "oldest text": [visible(one.body) for one in found],
            }
        )
        picked = st.dataframe(
            table,
            hide_index=True,
            key="clean_clusters_table",
            on_select="rerun",
            selection_mode="single-row",
            column_config={
                "group": st.column_config.NumberColumn(width="small", format="plain"),
                "oldest text": st.column_config.TextColumn(width="large"),
            },
            placeholder="",
            alt="Groups of near-duplicates",
        )["selection"]["rows"]
        if picked and picked[0] < len(found):
            group = found[picked[0]].cluster
            members = [(comment, None) for comment in members_of_cluster(health.dataset_id, group)]
            draw_comments(members, key="clean_members", dataset_id=health.dataset_id, title=f"group {group}")


def draw_drift(drift: ImportDrift) -> None:
    """How the newest import differs from what came before it."""
    st.markdown(f"**The newest import, {escape_markdown(shortened(drift.newest))}, against all before it**")
    table = pd.DataFrame(
        {
            "what": [one.what for one in drift.drifts],
            "verdict": [one.verdict for one in drift.drifts],
            "PSI": [one.psi for one in drift.drifts],
            "by chance below": [one.chance for one in drift.drifts],
            "before": [one.n_reference for one in drift.drifts],
            "newest": [one.n_sample for one in drift.drifts],
            "moved most": [_most_moved(one) for one in drift.drifts],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="%.3f") for name in ("PSI", "by chance below")
        },
        alt="Drift between the newest import and those before",
    )


def _most_moved(drift: Drift) -> str:
    bin_ = max(drift.bins, key=lambda each: abs(each.sample - each.reference))
    return f"{shortened(bin_.name, 40)}: {bin_.reference:.1%} → {bin_.sample:.1%}"
