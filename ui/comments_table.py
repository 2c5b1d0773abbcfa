"""Comments in a table, also with what models said of them: inert text, a row opens the comment."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import pandas as pd
import streamlit as st

from domain.text import visible
from services.evaluation.comparing import Changed
from services.evaluation.reviews import Miss
from ui.charts import label_title

_COLUMNS = {
    "comment": st.column_config.NumberColumn(width="small", format="%d"),
    "text": st.column_config.TextColumn(width="large"),
    "verdict": st.column_config.TextColumn(width=130),
    "score": st.column_config.NumberColumn(width="small", format="%.3f", help="Of the predicted label."),
}


def draw_rows(
    table: pd.DataFrame, *, key: str, alt: str, dataset_id: str, columns: Mapping[str, Any] | None = None
) -> None:
    """A table with a column `comment`; picking a row offers the way to all that is known of that comment.

    `columns` says of more columns how they are shown.
    """
    picked = _draw(table, key=key, alt=alt, columns=columns)
    if picked and picked[0] < len(table):
        number = int(table["comment"].iloc[picked[0]])
        st.page_link(
            "pages/comments.py",
            label=f"All that is known of comment {number}",
            icon=":material/open_in_full:",
            query_params={"dataset": dataset_id, "comment": str(number)},
        )


def draw_answers(answers: Sequence[Miss], *, key: str, dataset_id: str) -> None:
    """What one run said of some comments; picking a row offers the way to all that is known of it."""
    draw_rows(answers_table(answers), key=key, alt="Comments of the chosen cell", dataset_id=dataset_id)


def draw_changes(changes: Sequence[Changed], *, key: str, dataset_id: str) -> None:
    """What two runs said of some comments; picking a row offers the way to all that is known of it."""
    table = pd.DataFrame(
        {
            "comment": [each.comment.comment_id for each in changes],
            "text": [visible(each.comment.body) for each in changes],
            "frozen label": [label_title(each.gold) for each in changes],
            "before": [label_title(each.before) for each in changes],
            "after": [label_title(each.after) for each in changes],
        }
    )
    draw_rows(table, key=key, alt="Comments behind the chosen change", dataset_id=dataset_id)


def draw_misses(misses: Sequence[Miss], *, key: str, on_pick: Callable[[int], None]) -> None:
    """Misses with their verdicts; picking a row calls `on_pick` with the number of the comment."""
    table = answers_table(misses)
    table["verdict"] = [each.review.verdict if each.review else "" for each in misses]
    table["by"] = [visible(each.review.created_by) if each.review else "" for each in misses]

    def follow() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows and rows[0] < len(misses):
            on_pick(misses[rows[0]].comment.comment_id)

    _draw(table, key=key, alt="Misses and their verdicts", on_select=follow)


def answers_table(answers: Sequence[Miss]) -> pd.DataFrame:
    """One row per answer; the score is that of the predicted label, empty where there is none."""
    return pd.DataFrame(
        {
            "comment": [each.comment.comment_id for each in answers],
            "text": [visible(each.comment.body) for each in answers],
            "frozen label": [label_title(each.gold) for each in answers],
            "predicted": [label_title(each.predicted) for each in answers],
            "score": pd.array([dict(each.scores).get(each.predicted or "") for each in answers], "Float64"),
        }
    )


def _draw(
    table: pd.DataFrame,
    *,
    key: str,
    alt: str,
    columns: Mapping[str, Any] | None = None,
    on_select: Callable[[], None] | Literal["rerun"] = "rerun",
) -> list[int]:
    picked = st.dataframe(
        table,
        hide_index=True,
        column_config={**_COLUMNS, **(columns or {})},
        key=key,
        on_select=on_select,
        selection_mode="single-row",
        placeholder="",
        alt=alt,
    )
    return list(picked["selection"]["rows"])
