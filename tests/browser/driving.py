"""The dashboard as a process of its own, the command line beside it, and waiting for a page."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

from playwright.sync_api import Locator, Page

from services.door import call
from services.verbs.running import run_verb
from tests.waiting import until

ROOT = Path(__file__).parents[2]
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_S = float(os.environ.get("BROWSER_PATIENCE_S", 60))
PATIENCE_MS = 1000 * PATIENCE_S

# Watches the pane from outside: when keys go down, when comments change, when the outbox empties, and whether
# Streamlit ever dims what surrounds it.
WATCH = """
() => {
  const hosts = [...document.querySelectorAll("*")].filter((e) => e.shadowRoot?.querySelector("[data-desk]"));
  const host = hosts[0], root = host.shadowRoot.querySelector("[data-desk]");
  const seen = {downs: [], shown: [], painted: [], stored: [], dimmed: 0, mounts: new Set()};
  window.seen = seen;
  document.addEventListener("keydown", () => seen.downs.push(performance.now()), {capture: true});
  new MutationObserver((changes) => {
    const now = performance.now(), started = seen.downs.at(-1);
    if (changes.some((c) => c.attributeName === "data-comment-id") && started) {
      seen.shown.push(now - started);
      requestAnimationFrame(() => setTimeout(() => seen.painted.push(performance.now() - started)));
    }
    const sized = changes.some((c) => c.attributeName === "data-outbox-size");
    if (sized && root.dataset.outboxSize === "0" && started) seen.stored.push(now - started);
  }).observe(root, {attributes: true});
  const look = () => {
    for (let e = host; e; e = e.parentElement) {
      if (Number(getComputedStyle(e).opacity) < 1) seen.dimmed += 1;
    }
    seen.mounts.add(document.contains(host) && root.isConnected ? root.dataset.mountCount : "gone");
    requestAnimationFrame(look);
  };
  look();
}
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer; its log lies beside its home")


@contextmanager
def running(command: list[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, which ends with the block whatever happens in it."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, **options)
        try:
            yield process
        finally:
            stop(process, signal.SIGTERM)


def stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """End the process and what it started; a second call does nothing."""
    if process.poll() is None:
        os.killpg(process.pid, how)
        process.wait(20)


@contextmanager
def dashboard(
    home: Path, *, port: int | None = None, how: signal.Signals = signal.SIGTERM, root: Path = ROOT
) -> Iterator[str]:
    """The dashboard on that home, as `workbench.py serve-ui` starts it; its address.

    `how` it ends, and where its program lies, may be chosen.
    """
    port = port or free_port()
    command = [sys.executable, "workbench.py", "serve-ui", "--port", str(port), "--home", str(home)]
    with running(command, dashboard_log(home), cwd=root) as process:
        wait_until_up(f"http://127.0.0.1:{port}/api/health", process)
        yield f"http://127.0.0.1:{port}"
        stop(process, how)


def dashboard_log(home: Path) -> Path:
    return home.parent / f"{home.name}-dashboard.log"


def workbench(home: Path, *words: str) -> Any:
    """The answer of a verb of the command line, which must succeed."""
    command = [sys.executable, "workbench.py", *words, "--home", str(home), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return json.loads(done.stdout)


def ask(home: Path, verb: str, **arguments: Any) -> Any:
    """The answer of a verb through the door of the dashboard, without a process of its own for it."""
    return call(home, verb, arguments, run=run_verb, progress=lambda _what, _share: None)


def votes_by(home: Path, annotator: str, comments: list[int]) -> list[tuple[int, str]]:
    """What this person's votes in the database say of these comments, in their order."""
    votes = [vote for number in comments for vote in ask(home, "comment", comment=number)["votes"]]
    return [(v["comment_id"], v["label"] or v["kind"]) for v in votes if v["annotator"] == annotator]


def desk(page: Page) -> Locator:
    return page.locator("[data-desk]")


def shown(page: Page) -> int:
    """The comment that the labelling pane shows."""
    return int(desk(page).get_attribute("data-comment-id") or 0)


def at_hand(page: Page) -> int:
    """The comment that the labelling pane shows, waited for: the pane is drawn before its comments arrive."""
    page.locator("[data-desk][data-comment-id]:not([data-comment-id=''])").wait_for(timeout=PATIENCE_MS)
    return shown(page)


def saved(page: Page) -> None:
    """Wait until the pane holds no vote that is not acknowledged."""
    page.locator("[data-desk][data-outbox-size='0']").wait_for(timeout=PATIENCE_MS)


def settled(page: Page) -> None:
    """Wait until the page has been drawn and no script runs."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=PATIENCE_MS)
    page.locator("[data-testid=stMain] h1").first.wait_for(timeout=PATIENCE_MS)


def turn_to(page: Page, title: str) -> None:
    """Go to another page through the navigation, as a person does."""
    page.get_by_test_id("stSidebarNavLink").get_by_text(title, exact=True).click()
    page.locator("[data-testid=stMain] h1").get_by_text(title, exact=True).wait_for(timeout=PATIENCE_MS)
    settled(page)


def choose(page: Page, label: str, option: str) -> None:
    """Pick an option of a select box, which is written as far as it is needed; a redraw takes it away."""
    box, offer = page.get_by_label(label, exact=True), page.get_by_role("option", name=option).first

    def offered() -> bool:
        box.click()
        box.fill(option)
        page.wait_for_timeout(500)
        return offer.is_visible()

    until(offered, f"{option} among {label}")
    box.press("Enter")
    settled(page)


def fill(page: Page, label: str, value: str) -> None:
    """Write into a box, and let the page know."""
    page.get_by_label(label, exact=True).fill(value)
    page.get_by_label(label, exact=True).press("Enter")
    settled(page)
