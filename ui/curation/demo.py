"""The offer to make the demo dataset."""

import streamlit as st

from services.demo import DEMO, load_demo
from ui.errors import showing_errors
from ui.store import database


def offer_demo() -> None:
    """A card that says what the demo is and makes it."""
    st.subheader("Or look around first", anchor=False)
    st.caption(
        "Some 2,900 made-up comments under children's videos, three annotators who disagree, two models and"
        " reviewed misses. It takes about half a minute."
    )
    if st.button("Make the demo dataset", icon=":material/play_circle:", key="overview_demo"):
        with showing_errors(), st.status("Making the demo", expanded=False) as status:
            load_demo(
                database(),
                actor=st.session_state["person"],
                progress=lambda what, _share: status.update(label=what),
            )
            st.session_state["dataset_next"] = DEMO
            st.rerun()
