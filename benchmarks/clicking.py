"""click: from a click to the redrawn page, against a page of Streamlit that holds nothing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page

from benchmarks.figures import Figure
from benchmarks.workshop import DATASET, Workshop, chromium, visit
from tests.browser.driving import dashboard, free_port, running, wait_until_up

_TIMES = 7
_OVER_EMPTY_MS = 250.0

_EMPTY_APP = """
import streamlit as st
def draw(name):
    st.title(name)
    st.caption(f"said {st.text_input('Contains')}")
page = st.navigation([st.Page(lambda n=n: draw(n), title=n, url_path=n.lower()) for n in ("One", "Two")])
page.run()
"""

# From the click until the heading is the wanted one and no script runs, watched at each frame.
SWITCH = """
(title) => new Promise((done, fail) => {
  const links = [...document.querySelectorAll("[data-testid=stSidebarNavLink]")];
  const link = links.find((each) => each.innerText.trim().endsWith(title));
  const app = document.querySelector("[data-testid=stApp]");
  const started = performance.now();
  const look = () => {
    const heading = document.querySelector("[data-testid=stMain] h1")?.innerText.trim();
    const rests = app.dataset.testScriptState === "notRunning";
    const stale = document.querySelector("[data-testid=stMain] [data-stale=true]");
    if (heading === title && rests && !stale) setTimeout(() => done(performance.now() - started));
    else if (performance.now() - started > 60000) fail(new Error("no page " + title));
    else requestAnimationFrame(look);
  };
  link.click();
  requestAnimationFrame(look);
})
"""
# From Enter until the line that tells the answer is another one and no script runs.
_FILTER = """
() => {
  const app = document.querySelector("[data-testid=stApp]");
  const main = document.querySelector("[data-testid=stMain]");
  const told = () => main.querySelector("[data-testid=stCaptionContainer]")?.innerText;
  window.filtered = new Promise((done, fail) => {
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      const started = performance.now(), before = told();
      const look = () => {
        const rests = app.dataset.testScriptState === "notRunning";
        if (told() !== before && rests) setTimeout(() => done(performance.now() - started));
        else if (performance.now() - started > 60000) fail(new Error("the filter changed nothing"));
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    }, {capture: true, once: true});
  });
}
"""


def figures(shop: Workshop) -> Iterator[Figure]:
    """Milliseconds of switching pages and of filtering comments, in the demo and in the large dataset."""
    with chromium() as browser:
        with _empty_app(shop.folder) as address:
            page = visit(browser, address)
            empty_switch = median(_switches(page, ("Two", "One")))
            empty_filter = median(_filters(page))
            page.context.close()
        for home, what, dataset in (
            (shop.demo(), "demo", ""),
            (shop.home(shop.rows), f"{shop.rows:,}", f"?dataset={DATASET}"),
        ):
            yield from _of_dashboard(browser, home, what, dataset, empty_switch, empty_filter)


def _of_dashboard(
    browser: Browser, home: Path, what: str, dataset: str, empty_switch: float, empty_filter: float
) -> Iterator[Figure]:
    with dashboard(home) as address:
        page = visit(browser, address, dataset)
        for title in ("Clean", "Label", "Comments"):
            first = page.evaluate(SWITCH, title)
            page.evaluate(SWITCH, "Home")
            taken = _switches(page, (title, "Home"))[::2]
            yield _figure(
                f"click: Home to {title}, {what}", taken, empty_switch, f"first visit {first:.0f} ms"
            )
        page.evaluate(SWITCH, "Comments")
        yield _figure(f"click: filter on Comments, {what}", _filters(page), empty_filter, "")
        page.context.close()


def _figure(name: str, taken: list[float], empty: float, more: str) -> Figure:
    spread = f"{len(taken)} times, {min(taken):.0f} to {max(taken):.0f} ms"
    return Figure(
        name,
        median(taken),
        "ms",
        limit=empty + _OVER_EMPTY_MS,
        aim=f"at most {_OVER_EMPTY_MS:.0f} ms more",
        rival=empty,
        rival_name="empty page",
        parts=f"{spread}; {more}" if more else spread,
    )


def _switches(page: Page, titles: tuple[str, ...]) -> list[float]:
    return [page.evaluate(SWITCH, title) for _ in range(_TIMES) for title in titles]


def _filters(page: Page) -> list[float]:
    """Milliseconds of each of several filters; each asks for other words, so that no answer is cached."""
    taken = []
    field = page.get_by_label("Search", exact=True)
    for word in ("the of", "a", "zo", "e", "mi", "you", "i")[:_TIMES]:
        field.fill(word)
        page.evaluate(_FILTER)
        field.press("Enter")
        taken.append(float(page.evaluate("() => window.filtered")))
    return taken


@contextmanager
def _empty_app(folder: Path) -> Iterator[str]:
    app, port = folder / "empty.py", free_port()
    app.write_text(_EMPTY_APP, encoding="utf-8")
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    command += ["--server.headless", "true", "--server.fileWatcherType", "none"]
    with running(command, folder / "empty.log", cwd=folder) as process:
        wait_until_up(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield f"http://127.0.0.1:{port}"
