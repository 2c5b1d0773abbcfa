"""Lists of which one is open: the table marks it, the URL names it."""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from domain.text import escape_markdown


def pick_row(
    table: pd.DataFrame,
    ids: Sequence[str],
    *,
    param: str,
    alt: str,
    most_px: int = 250,
    columns: Mapping[str, Any] | None = None,
) -> str:
    """Draw the table and return the id of the row that is open: the one in the URL, else the first.

    Args:
        table: One row per id, in the same order; not empty.
        ids: What the rows are about.
        param: Query parameter that names the open one.
        alt: What the table shows, for screen readers.
        most_px: How high the table may be.
        columns: How some columns are shown; numbers are written as people here do.
    """
    asked = st.query_params.get(param, ids[0])
    if asked not in ids:
        st.warning(
            f"{escape_markdown(asked)} is not of the dataset in hand; {ids[0]} is open instead.",
            icon=":material/link_off:",
        )
    shown = asked if asked in ids else ids[0]
    if shown != st.query_params.get(param):
        st.query_params[param] = shown
    # The browser remembers the place of the mark: where rows moved, the table begins anew.
    key = f"{param}_table_{crc32(' '.join(ids).encode())}"
    st.session_state[f"{param}_table_drawn"] = key
    st.dataframe(
        table,
        hide_index=True,
        height=min(38 + 35 * len(ids), most_px),
        on_select=lambda: _open(key, ids, param),
        selection_mode="single-row-required",
        column_config={
            name: st.column_config.NumberColumn(format="localized")
            for name in table.select_dtypes("number").columns
        }
        | dict(columns or {}),
        selection_default={"selection": {"rows": [ids.index(shown)]}},
        key=key,
        alt=alt,
    )
    return shown


def _open(key: str, ids: Sequence[str], param: str) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    # The browser tells the mark of a table once more when another has taken its place; nobody chose it then.
    if rows and st.session_state.get(f"{param}_table_drawn") == key:
        st.query_params[param] = ids[rows[0]]
