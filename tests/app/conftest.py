from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from services.homes import home_folder
from services.owner import owner_of

ENTRY = Path(__file__).with_name("entry.py")


@pytest.fixture
def db(tmp_path, monkeypatch):
    """The database that the program under test opens too."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    st.cache_data.clear()
    owner = owner_of(home_folder())
    yield owner.database()
    owner.close()


@pytest.fixture
def open_page(db):
    """Open a page as ana, with what the URL says, through Home.py."""

    def opened(name, **params):
        at = AppTest.from_file(ENTRY, default_timeout=30)
        at.session_state["person"] = "ana"
        at.run()
        at.switch_page(f"../../pages/{name}.py")
        for key, value in params.items():
            at.query_params[key] = value
        return at.run()

    return opened
