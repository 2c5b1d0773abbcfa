"""Who sits here: a name picked once per browser. Attribution, not security."""

from pathlib import Path
from urllib.parse import quote, unquote

import streamlit as st

from domain.errors import BadInput
from domain.people import actor_named
from ui.errors import show

_COOKIE = "workbench_person"
_remember = st.components.v2.component(
    "workbench.person", js=Path(__file__).with_name("remember.js").read_text(encoding="utf-8")
)


def person() -> str:
    """The name in hand; asks for one, and goes no further, until it is given."""
    name = str(st.session_state.get("person", "") or "")
    if not name and "person_asked" not in st.session_state:
        name = unquote(st.context.cookies.get(_COOKIE, ""))
    try:
        name = actor_named(name)
    except BadInput:
        name = _ask()
    st.session_state["person"] = name
    _remember(key="person_cookie", data={"cookie": _COOKIE, "value": quote(name)})
    return name


def forget() -> None:
    """Ask again at the next rerun."""
    st.session_state["person"] = ""
    st.session_state["person_asked"] = True


def _ask() -> str:
    _remember(key="person_cookie", data={"cookie": _COOKIE, "value": ""})
    left, _ = st.columns([2, 3])
    with left, st.form("person_form", border=True):
        st.subheader("Who is working here?")
        st.caption(
            "Your name goes beside every vote and decision. It is attribution, not security: nothing checks"
            " it, and whoever can open this page can pick any name."
        )
        given = st.text_input("Name", max_chars=60, placeholder="Ana", key="person_name")
        if st.form_submit_button("Begin", type="primary"):
            try:
                st.session_state["person"] = actor_named(given)
                st.session_state.pop("person_asked", None)
                st.rerun()
            except BadInput as error:
                show(error)
    st.stop()
