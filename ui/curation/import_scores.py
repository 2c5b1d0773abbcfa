"""Scores of another system that come in a column of the file, on the Import page."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from domain.text import escape_markdown
from services.modelling.scores_with_import import Kept, System
from ui.curation.import_target import Target

_SCALES = {"0 to 1": 1.0, "0 to 100": 100.0}


def choose_system(
    columns: dict[str, str], target: Target, before: dict[str, Any], *, form: str
) -> System | None:
    """Whose scores they are and what a high one means; None where they stay beside the comments only.

    `before` is what was said of the last such file, as the import kept it.
    """
    if "score" not in columns or target.several or len(target.labels) != 2:
        return None
    is_wanted = st.checkbox(
        "Keep the scores as a model, to compare with",
        value=bool(before),
        key=f"import_scores_{form}",
        help="The labels in force are frozen as a snapshot, and the scores become the answers of an imported"
        " model on it: it is evaluated, and compared with yours.",
    )
    if not is_wanted:
        return None
    named, meant, scale, flags = st.columns(4)
    name = named.text_input(
        "Name of the system",
        str(before.get("name", "Perspective")),
        max_chars=100,
        key=f"import_system_{form}",
    )
    label = meant.selectbox(
        "High means",
        target.labels,
        index=_place(target.labels, before.get("label"), 1),
        key=f"import_scores_mean_{form}_{target.labels}",
    )
    top = scale.selectbox(
        "Scores go from",
        list(_SCALES),
        index=_place(list(_SCALES.values()), before.get("scale"), 0),
        key=f"import_scale_{form}",
    )
    flags_from = flags.slider(
        "Flags from",
        0.01,
        1.0,
        float(before.get("flags_from", 0.5)),
        key=f"import_flags_{form}",
        help="Where you acted on it, as a share.",
    )
    return System(
        (name or "").strip() or "Another system", label, _SCALES[top or "0 to 1"], float(flags_from)
    )


def _place(known: Sequence[Any], said: Any, otherwise: int) -> int:
    return known.index(said) if said in known else otherwise


def draw_kept(kept: Kept) -> None:
    """What became of the scores."""
    if kept.model is None:
        st.info(
            f"The scores are kept beside the comments, no model yet: {escape_markdown(kept.waits_for)}",
            icon=":material/hourglass:",
        )
        return
    model = kept.model
    st.markdown(
        f":green[:material/check_circle:] **{escape_markdown(model.name)}** is {model.model_id}:"
        f" {model.matched:,} answers on {model.snapshot_id}; {model.in_training:,} comments in train were"
        f" left out, {model.without:,} of validation and test have no score."
    )
    st.page_link("pages/leaving.py", label="Compare yours with it", icon=":material/logout:")
