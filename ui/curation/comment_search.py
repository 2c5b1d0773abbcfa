"""The Comments page's search: words, filters and slices, all of them in the URL so that they can be sent."""

from datetime import date

import streamlit as st

from domain.comments import FLAGS, CommentFilter, Dataset
from domain.errors import WorkbenchError
from domain.filters import LABEL_SOURCES, conditions_of
from domain.searching import MAX_QUERY
from domain.splits import SPLITS
from domain.text import escape_markdown, shortened, visible
from services.curation import datasets
from services.evaluation.saved_slices import list_saved_slices, save_slice, wanted_of
from ui.curation.comments import LABEL_SOURCE_TITLES, first_page
from ui.errors import showing_errors
from ui.readers import values_of
from ui.store import database

# In the order in which they are told. The keys stand in the URL.
_KEYS = (
    "label", "from", "split", "flag", "language", "source", "author", "thread", "annotator", "since",
    "before", "shortest", "longest", "import", "excluded",
)  # fmt: skip
_LONGEST = 100_000


def draw_search(dataset: Dataset) -> tuple[CommentFilter, dict[str, str], str] | None:
    """The filter, its conditions without the slice, and the slice; None if that cannot be asked for."""
    words, chosen, more = st.columns([6, 3, 2], vertical_alignment="bottom")
    contains = words.text_input(
        "Search",
        key="contains",
        bind="query-params",
        placeholder='words -without "exactly these words"',
        on_change=first_page,
        max_chars=MAX_QUERY,
        icon=":material/search:",
    )
    names = [each.name for each in list_saved_slices(database(), dataset.dataset_id)]
    slice_name = chosen.selectbox(
        "Slice",
        names,
        index=None,
        placeholder="all comments" if names else "none yet",
        key="slice",
        bind="query-params",
        on_change=first_page,
        format_func=visible,
        disabled=not names,
    )
    count = sum(bool(st.session_state.get(key) or st.query_params.get(key)) for key in _KEYS)
    with more.popover(f"Filters · {count}" if count else "Filters", width="stretch"):
        conditions = _draw_filters(dataset)
    if conditions:
        told = " · ".join(f"{name} {_told(name, value)}" for name, value in conditions.items())
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Only: {escape_markdown(told)}", width="content")
            st.button("Clear filters", type="tertiary", on_click=_clear, key="comments_clear")
    if contains and contains.strip():
        conditions["contains"] = contains.strip()
    try:
        wanted = wanted_of(database(), dataset.dataset_id, slice_name=slice_name, where=conditions)
    except WorkbenchError as error:
        st.error(escape_markdown(f"{error} {error.hint}"), icon=":material/search_off:")
        return None
    return wanted, conditions, slice_name or ""


def draw_save(dataset: Dataset, conditions: dict[str, str], slice_name: str, who: str) -> None:
    """Give what is asked for a name, or take the name in hand away."""
    with st.popover(
        "Save as a slice", icon=":material/bookmark_add:", disabled=not (conditions or slice_name)
    ):
        st.caption(
            "Queues, snapshots, evaluation and exports take it by its name; it is asked anew each time."
        )
        name = st.text_input("Name", max_chars=80, key="slice_name")
        if st.button("Save", type="primary", key="slice_save", disabled=not (name and conditions)):
            with showing_errors():
                saved = _all_conditions(dataset, conditions, slice_name)
                save_slice(database(), dataset.dataset_id, name or "", saved, actor=who)
                st.toast(f"Saved as {escape_markdown(shortened(name or ''))}", icon=":material/bookmark:")
                st.rerun()
        if slice_name:
            st.button(
                f"Take “{escape_markdown(shortened(slice_name, 40))}” away",
                key="slice_forget",
                type="tertiary",
                on_click=_forget,
                args=(dataset, slice_name, who),
            )


def _forget(dataset: Dataset, slice_name: str, who: str) -> None:
    with showing_errors():
        save_slice(database(), dataset.dataset_id, slice_name, {}, actor=who)
        st.session_state["slice"] = None


def _all_conditions(dataset: Dataset, conditions: dict[str, str], slice_name: str) -> dict[str, str]:
    return conditions_of(
        wanted_of(database(), dataset.dataset_id, slice_name=slice_name or None, where=conditions)
    )


def _draw_filters(dataset: Dataset) -> dict[str, str]:
    labels = datasets.get_label_set(database(), dataset.dataset_id).names
    there = values_of(dataset.dataset_id)
    left, right = st.columns(2)
    with left:
        found = {
            "label": _choice("Label", labels, "label"),
            "split": _choice("Split", SPLITS, "split"),
            "language": _choice("Language", there.languages, "language"),
            "author": _text("Author", "author"),
            "annotator": _choice("Labelled by", there.annotators, "annotator"),
            "since": _day("Posted since", "since"),
            "shortest": _number("At least so many characters", "shortest"),
            "import": _number("Import number", "import"),
        }
    with right:
        found |= {
            "from": _choice("Label from", LABEL_SOURCES, "from", LABEL_SOURCE_TITLES),
            "flag": _choice("Also", tuple(FLAGS), "flag", FLAGS),
            "source": _choice("Source", there.sources, "source"),
            "thread": _text("Thread", "thread"),
            "excluded": _choice("Excluded", ("yes", "no"), "excluded"),
            "before": _day("Posted before", "before"),
            "longest": _number("At most so many characters", "longest"),
        }
    return {name: found[name] for name in _KEYS if (value := found[name]) is not None and value != ""}


def _choice(label: str, options: tuple[str, ...], key: str, titles: dict[str, str] | None = None) -> str:
    return (
        st.selectbox(
            label,
            options,
            index=None,
            placeholder="any",
            key=key,
            bind="query-params",
            on_change=first_page,
            format_func=lambda each: (titles or {}).get(each) or visible(each),
        )
        or ""
    )


def _text(label: str, key: str) -> str:
    found = st.text_input(
        label, key=key, bind="query-params", placeholder="exact name", on_change=first_page, max_chars=200
    )
    return (found or "").strip()


def _day(label: str, key: str) -> str:
    found = st.date_input(
        label, value=None, key=key, bind="query-params", on_change=first_page, min_value=date(1990, 1, 1),
        max_value=date(2100, 1, 1), format="YYYY-MM-DD",
    )  # fmt: skip
    return found.isoformat() if isinstance(found, date) else ""


def _number(label: str, key: str) -> str:
    found = st.number_input(
        label, 0, _LONGEST if key != "import" else None, value=None, step=1, key=key, bind="query-params",
        on_change=first_page,
    )  # fmt: skip
    return "" if found is None else str(int(found))


def _told(name: str, value: str) -> str:
    titles = {"from": LABEL_SOURCE_TITLES, "flag": FLAGS}.get(name, {})
    return titles.get(value, shortened(value, 40))


def _clear() -> None:
    first_page()
    for key in _KEYS:
        st.session_state[key] = "" if key in ("author", "thread") else None
