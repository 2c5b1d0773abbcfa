"""The choice of what happens to comments with personal data, beside how many there are."""

import time
from dataclasses import asdict

import streamlit as st

from services.curation.snapshots import Snapshot
from services.modelling.hosted.withholding import count_personal_data
from services.modelling.recipes import Recipe, settings_of
from services.modelling.settings import PERSONAL_DATA
from ui.errors import showing_errors
from ui.store import database

_SHOWN_AFTER_S = 1.0
_MEANS = {"stop": "Stop: nothing is sent", "withhold": "Withhold: they are kept back, the others are sent"}


def choose_personal_data(snapshot: Snapshot, recipe: Recipe) -> dict[str, str]:
    """What is to be done with them: the setting personal_data of a hosted recipe."""
    with showing_errors():
        _draw_count(snapshot)
    chosen = st.radio(
        "Comments that hold personal data",
        PERSONAL_DATA,
        list(PERSONAL_DATA).index(asdict(settings_of(recipe))["personal_data"]),
        format_func=_MEANS.__getitem__,
        horizontal=True,
        key=f"train_{recipe.name}_personal_data",
        help="What is withheld is not trained on, and its answer is “filtered”.",
    )
    return {"personal_data": str(chosen)}


def _draw_count(snapshot: Snapshot) -> None:
    found = _count(snapshot.snapshot_id)
    every = sum(sum(labels.values()) for labels in snapshot.manifest["counts"].values())
    if found:
        hold = "holds" if found == 1 else "hold"
        st.warning(
            f"{found:,} of the {every:,} comments of this snapshot {hold} personal data, such as an e-mail "
            "address or a phone number.",
            icon=":material/contact_mail:",
        )
    else:
        st.caption(f"None of the {every:,} comments of this snapshot holds personal data.")


def _count(snapshot_id: str) -> int:
    """The count, kept for as long as the dashboard runs; a bar moves where it takes longer than a second."""
    known, key = _known(), (str(database().home), snapshot_id)
    if key not in known:
        bar, started = st.empty(), time.monotonic()

        def show(what: str, share: float) -> None:
            if time.monotonic() - started > _SHOWN_AFTER_S:
                bar.progress(share, what)

        known[key] = count_personal_data(database(), snapshot_id, progress=show)
        bar.empty()
    return known[key]


@st.cache_resource(show_spinner=False)
def _known() -> dict[tuple[str, str], int]:
    return {}
