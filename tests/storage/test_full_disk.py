"""A disk that takes no more gives a message, and what was there stays whole."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.curation.importing import import_file
from storage.database import connect
from tests.building import asked, texts, written_csv

ROOT = Path(__file__).resolve().parents[2]

# Files of this process cannot grow beyond two megabytes, as on a disk that is full; then room is made.
FULL = """
import json, resource, sys
from pathlib import Path
from domain.errors import WorkbenchError
from services.curation.importing import import_file
from storage.database import connect

home, file = map(Path, sys.argv[1:])
db = connect(home)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
try:
    import_file(db, file, "kids", actor="ana")
except WorkbenchError as error:
    print(json.dumps(error.as_dict()))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
db.close()
"""


@pytest.mark.slow
def test_a_full_disk_gives_a_message_and_nothing_is_half_in(home, tmp_path):
    few = [{**row, "label": label} for row, label in zip(texts("kind", "rude"), ("a", "b"), strict=True)]
    many = [{"id": f"m{n}", "text": f"{n} words in a row {n * 7919}", "label": "a"} for n in range(12_000)]
    db = connect(home)
    import_file(db, written_csv(tmp_path / "few.csv", few), "kids", actor="ana")
    db.close()
    file = written_csv(tmp_path / "many.csv", many)
    done = subprocess.run(
        [sys.executable, "-c", FULL, home, file], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    told = json.loads(done.stdout)
    assert "disk is full" in told["hint"] and "Traceback" not in done.stderr
    db = connect(home)
    counts = "SELECT (SELECT count(*) FROM comments), (SELECT count(*) FROM votes), count(*) FROM imports"
    assert asked(db, counts) == [(2, 2, 1)]
    assert import_file(db, file, "kids", actor="ana").counts["added"] == 12_000
    db.close()
