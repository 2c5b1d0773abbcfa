"""The database as pages get it, and the wait for it while another process holds it."""

import streamlit as st

from domain.errors import Busy
from domain.text import escape_markdown
from services.homes import home_folder
from services.owner import owner_of
from storage.database import Database


def database() -> Database:
    """The open database; while another process holds it, the page says so and looks again every second."""
    try:
        return owner_of(home_folder()).database()
    except Busy as error:
        told = f"{escape_markdown(str(error))} This page opens by itself when it has finished."
        st.info(told, icon=":material/hourglass:")
        _look_again()
        st.stop()


@st.fragment(run_every="1s")
def _look_again() -> None:
    try:
        owner_of(home_folder()).database()
    except Busy:
        return
    st.rerun()
