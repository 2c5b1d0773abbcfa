"""label: from a key to the next comment in a browser, and the desk's callback on the server, at two sizes."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from unittest.mock import patch
from uuid import uuid4

from playwright.sync_api import Browser

from benchmarks.figures import Figure, percentile
from benchmarks.workshop import DATASET, PERSON, Workshop, chromium, visit
from services.curation.datasets import get_label_set
from storage.database import connect
from tests.browser.driving import PATIENCE_MS, dashboard
from ui.labelling import answering as labelling
from ui.labelling.desk import DeskVote

_KEYS = 60
_CALLS = 120
_BETWEEN_KEYS_MS = 250
_AIM_MS = 50.0

# When a key goes down, when the pane names another comment, when that is painted, when the vote is stored.
_WATCH = """
() => {
  const hosts = [...document.querySelectorAll("*")].filter((e) => e.shadowRoot?.querySelector("[data-desk]"));
  const root = hosts[0].shadowRoot.querySelector("[data-desk]");
  const seen = window.seen = {painted: [], stored: []};
  let down = 0;
  document.addEventListener("keydown", () => { down = performance.now(); }, {capture: true});
  new MutationObserver((changes) => {
    const started = down;
    if (!started) return;
    if (changes.some((c) => c.attributeName === "data-comment-id"))
      requestAnimationFrame(() => setTimeout(() => seen.painted.push(performance.now() - started)));
    if (changes.some((c) => c.attributeName === "data-outbox-size") && root.dataset.outboxSize === "0")
      seen.stored.push(performance.now() - started);
  }).observe(root, {attributes: true});
}
"""


def figures(shop: Workshop) -> Iterator[Figure]:
    """Milliseconds in the browser and on the server, at a tenth of the rows and at all of them."""
    with chromium() as browser:
        for rows in shop.sizes():
            painted, stored = _press_keys(browser, shop.home(rows))
            yield Figure(
                f"label: key to next comment, {rows:,} comments",
                median(painted),
                "ms",
                limit=_AIM_MS,
                aim="median under 50 ms",
                parts=f"{len(painted)} keys, 95 % under {percentile(painted, 0.95):.0f} ms; "
                f"stored and acknowledged after {median(stored):.0f} ms (median of {len(stored)})",
            )
    for rows in shop.sizes():
        first, calls, refills = _call_back(shop.home(rows))
        yield Figure(
            f"label: callback on the server, {rows:,} comments",
            median(calls),
            "ms",
            limit=_AIM_MS,
            aim="median under 50 ms",
            parts=f"{len(calls)} votes, 95 % under {percentile(calls, 0.95):.0f} ms, slowest "
            f"{max(calls):.0f} ms; {len(refills)} of them leased more, median {median(refills):.0f} ms; "
            f"opening the pane {first:.0f} ms",
        )


def _press_keys(browser: Browser, home: Path) -> tuple[list[float], list[float]]:
    """Milliseconds from each key to the painted next comment, and to the acknowledgement."""
    with dashboard(home) as address:
        page = visit(browser, address, f"label?dataset={DATASET}")
        page.locator("[data-desk][data-comment-id]").wait_for(timeout=PATIENCE_MS)
        page.wait_for_timeout(1_000)
        page.evaluate(_WATCH)
        for _ in range(_KEYS):
            page.keyboard.press("1")
            page.wait_for_timeout(_BETWEEN_KEYS_MS)
        page.wait_for_timeout(2_000)
        seen = page.evaluate("() => window.seen")
        page.context.close()
    if len(seen["painted"]) != _KEYS:
        raise AssertionError(f"{_KEYS} keys showed {len(seen['painted'])} comments")
    return seen["painted"], seen["stored"]


def _call_back(home: Path) -> tuple[float, list[float], list[float]]:
    """Milliseconds to open the pane, of each callback with one vote, and of those that leased more."""
    db = connect(home)
    calls, refills = [], []
    try:
        with patch.object(labelling, "database", lambda: db):
            label = get_label_set(db, DATASET).names[0]
            state = labelling.DeskState(DATASET, f"{PERSON}-calls", done=0, waiting=0)
            started = time.perf_counter()
            state.refill()
            first = 1_000 * (time.perf_counter() - started)
            for _ in range(_CALLS):
                shown, behind = state.queue[0].comment_id, state.queue[-1].comment_id
                started = time.perf_counter()
                state.take([DeskVote(str(uuid4()), shown, "label", label, 1.0, None)])
                calls.append(1_000 * (time.perf_counter() - started))
                if state.queue[-1].comment_id != behind:
                    refills.append(calls[-1])
                if state.error is not None:
                    raise state.error
    finally:
        db.close()
    return first, calls, refills
