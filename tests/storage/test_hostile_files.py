"""Each hostile file ends in a message, in little memory, and nothing is written beside it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from storage.intake import parent
from tests.storage.hostile_files import EXPECTED, make_hostile_files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What came of each file: read by a process of its own, so that only its children count as memory."""
    folder = tmp_path_factory.mktemp("hostile")
    paths = make_hostile_files(folder)
    names = folder / "names.json"
    names.write_text(json.dumps([str(path) for path in paths.values()]))
    done = subprocess.run(
        [sys.executable, "-m", "tests.storage.hostile_files", str(names)],
        cwd=Path(parent._ROOT), capture_output=True, text=True, timeout=900, check=True,
    )  # fmt: skip
    left = {path.name for path in folder.iterdir()} - {*paths, "names.json"}
    assert left == set() and not (folder.parent / "x.csv").exists()
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {each["file"]: each for each in told}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_hostile_file_is_refused_with_a_message(outcomes, name):
    told = outcomes[name]
    if EXPECTED[name]:
        assert EXPECTED[name] in told["error"]
        assert "Traceback" not in told["error"] and "exit code" not in told["error"]
    else:
        assert told["rows"] <= 1 and told["refused"] + told["rows"] >= 1


def test_none_of_them_takes_half_a_gigabyte(outcomes):
    assert len(outcomes) >= 26
    assert max(each["peak_mb"] for each in outcomes.values()) < 512
