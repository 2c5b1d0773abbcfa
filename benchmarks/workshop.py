"""What the benchmarks work on, made once per run in a temporary folder and removed at its end."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.material import write_comments
from services.curation.importing import import_file
from storage.database import connect
from tests.browser.driving import CHROMIUM, FLAGS, settled, workbench

PERSON = "ana"
DATASET = "million"


class Workshop:
    """Files and homes of made-up comments, and a browser."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.folder = folder
        self.rows = rows

    def file(self, rows: int) -> Path:
        """A CSV of that many comments."""
        path = self.folder / f"{rows}.csv"
        if not path.exists():
            write_comments(path, rows)
        return path

    def home(self, rows: int) -> Path:
        """A closed home with that many comments, each labelled in the file and waiting for one more vote."""
        home = self.folder / f"home-{rows}"
        if not home.exists():
            db = connect(home)
            import_file(db, self.file(rows), DATASET, actor=PERSON, votes_needed=2)
            db.close()
        return home

    def demo(self) -> Path:
        """A closed home with the demo dataset."""
        home = self.folder / "demo"
        if not home.exists():
            workbench(home, "demo", "--as", PERSON)
        return home

    def sizes(self) -> list[int]:
        """A tenth of the rows asked for, and all of them."""
        return [self.rows // 10, self.rows]


@contextmanager
def workshop(rows: int) -> Iterator[Workshop]:
    """A workshop in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="workbench-bench-"))
    try:
        yield Workshop(folder, rows)
    finally:
        shutil.rmtree(folder)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of the browser tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def visit(browser: Browser, address: str, path: str = "") -> Page:
    """The address, opened by a person who gave a name before."""
    context = browser.new_context(viewport={"width": 1440, "height": 950})
    context.add_cookies([{"name": "workbench_person", "value": PERSON, "url": address}])
    page = context.new_page()
    # The entry page first: until it has run once, Streamlit takes the folder pages/ for an older kind of app.
    for wanted in dict.fromkeys(("", path)):
        page.goto(f"{address}/{wanted}")
        settled(page)
    return page


def quantities(seconds: dict[str, Any]) -> str:
    """Parts of a time in one line."""
    return ", ".join(f"{part} {value:.2f} s" for part, value in seconds.items())
