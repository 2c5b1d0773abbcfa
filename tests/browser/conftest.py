"""A real Chromium, and the real dashboard on a home of its own."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.driving import CHROMIUM, FLAGS, PATIENCE_MS, settled, workbench

PERSON = "ana"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"There is no browser at {CHROMIUM}; CI must install one.")
        pytest.skip(f"no browser at {CHROMIUM}: what only a browser can show was not tested")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home with the demo dataset, made once; tests work on copies."""
    home = tmp_path_factory.mktemp("demo") / "home"
    workbench(home, "demo", "--as", "ana")
    return home


@pytest.fixture(scope="module")
def demo_home(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of that home for one module."""
    return shutil.copytree(demo, tmp_path_factory.mktemp("copy") / "home")


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address as a person who gave a name before, each time in a browser of its own."""
    contexts = []

    def opened(address: str, path: str = "", *, person: str | None = PERSON, dark: bool = False) -> Page:
        context = chromium.new_context(
            viewport={"width": 1440, "height": 950}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        if person is not None:
            context.add_cookies([{"name": "workbench_person", "value": quote(person), "url": address}])
        page = context.new_page()
        page.goto(f"{address}/{path}")
        settled(page)
        return page

    yield opened
    for context in contexts:
        context.close()
