"""The program as AppTest starts it: beside a folder named pages, what Home.py draws would be lost."""

import runpy
from pathlib import Path

from streamlit.runtime.scriptrunner import get_script_run_ctx

_HOME = Path(__file__).resolve().parents[2] / "Home.py"

# Links between pages are looked up beside the entry point, which for them is Home.py as it is for everybody.
get_script_run_ctx().main_script_path = str(_HOME)
runpy.run_path(str(_HOME), run_name="__main__")
