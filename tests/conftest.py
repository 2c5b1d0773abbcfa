"""What every test may ask for: a home folder, its open database, and a small dataset that is ready to use."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from string import ascii_lowercase

import pytest

from domain.labels import Vote
from services.curation.datasets import create_dataset
from services.curation.importing import import_file
from services.labelling.desk import record_votes
from storage.comments import list_comment_ids
from storage.database import Database, connect
from tests.building import written_csv

SMALL = "small"
ANNOTATORS = ("ana", "ben", "cleo")


@pytest.fixture(scope="session", autouse=True)
def nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test ever opens the data of the person who runs it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("nobodys") / "home"))
        environment.delenv("WORKBENCH_AS", raising=False)
        yield


@pytest.fixture(autouse=True)
def nobodys_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command run within this process names the process; the next test is not that command."""
    monkeypatch.delenv("WORKBENCH_PROCESS", raising=False)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("WORKBENCH_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home with nothing in it: copying it is quicker than making one."""
    folder = tmp_path_factory.mktemp("empty") / "home"
    connect(folder).close()
    return folder


@pytest.fixture
def db(empty_home: Path, home: Path) -> Iterator[Database]:
    database = connect(shutil.copytree(empty_home, home))
    yield database
    database.close()


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home with the dataset `small`: 300 comments, each labelled by two or three people."""
    folder = tmp_path_factory.mktemp("small")
    database = connect(folder / "home")
    file = written_csv(folder / "small.csv", generated(300))
    create_dataset(database, SMALL, ("allow", "disallow"), actor="ana", votes_needed=3, salt="small")
    import_file(database, file, SMALL, actor="ana")
    numbers = list_comment_ids(database, SMALL)
    for annotator in ANNOTATORS:
        record_votes(database, SMALL, opinions(numbers, annotator), actor=annotator)
    database.close()
    return folder / "home"


@pytest.fixture
def small(small_home: Path, home: Path) -> Iterator[Database]:
    """The database of a copy of that home."""
    database = connect(shutil.copytree(small_home, home))
    yield database
    database.close()


def generated(count: int) -> list[dict[str, str]]:
    """Comments in which a few words tell the label, by forty authors in ten threads, two of them empty."""
    draw = random.Random(7)
    kind, rude = ["lovely", "great", "funny", "sweet"], ["stupid", "ugly", "idiot", "hate"]
    rows = []
    for place in range(count):
        words = draw.choices(rude if place % 3 == 0 else kind, k=2)
        filler = ["".join(draw.choices(ascii_lowercase, k=5)) for _ in range(6)]
        text = "" if place in (50, 150) else " ".join(words + filler)
        about = {"author": f"author-{draw.randrange(40)}", "thread": f"video-{place % 10}"}
        rows.append({"id": f"c{place:04}", "text": text, **about, "time": "2026-06-01T10:00:00Z"})
    return rows


def opinions(numbers: dict[str, int], annotator: str) -> list[Vote]:
    """What one annotator says: nearly always the truth; cleo leaves every second comment out."""
    draw = random.Random(annotator)
    votes = []
    for place, (external_id, number) in enumerate(sorted(numbers.items())):
        if annotator == "cleo" and place % 2:
            continue
        is_rude = (int(external_id[1:]) % 3 == 0) != (draw.random() < 0.1)
        label = "disallow" if is_rude else "allow"
        votes.append(Vote(number, annotator, "label", f"{annotator}:{number}", label, seconds=2.5))
    return votes
