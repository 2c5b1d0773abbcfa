import csv
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.driving import (
    PATIENCE_MS,
    at_hand,
    dashboard,
    saved,
    settled,
    turn_to,
    votes_by,
    workbench,
)

pytestmark = pytest.mark.browser

FILE = (
    "id,text,label,author,video,posted_at,language\n"
    "new-1,what a lovely new frog,allow,kim,frogs,2026-11-01,en\n"
    "new-2,you are stupid and nobody likes you,disallow,lou,frogs,2026-11-01,en\n"
    "new-3,this,row,has,by,far,too,many,cells\n"
    "new-4,see you next week,,kim,frogs,2026-11-02,en\n"
)


@pytest.fixture(scope="module")
def address(demo_home):
    with dashboard(demo_home) as where:
        yield where


def asked(page, name):
    """What the URL says of it."""
    return parse_qs(urlsplit(page.url).query)[name][0]


def take_snapshot(page, note):
    turn_to(page, "Snapshots")
    page.get_by_test_id("stMain").get_by_text("Take a snapshot", exact=True).click()
    page.get_by_label("Note").fill(note)
    page.get_by_label("Note").press("Enter")
    settled(page)
    page.get_by_role("button", name="Take snapshot").click()
    page.get_by_text(re.compile(r"snapshot-\d+ holds .* comments")).wait_for(timeout=PATIENCE_MS)
    settled(page)
    return asked(page, "snapshot")


def train(page, name, recipe):
    """Start a training on the page, see it go on, and return the run on the test split."""
    turn_to(page, "Train")
    page.get_by_label("Name of the model").fill(name)
    page.get_by_label("Name of the model").press("Enter")
    page.get_by_text(recipe, exact=True).click()
    settled(page)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile("jobs.*job="))
    expect(page.get_by_test_id("stProgress")).to_be_visible(timeout=PATIENCE_MS)
    link = page.get_by_role("link", name="Evaluate on test")
    link.wait_for(timeout=PATIENCE_MS)
    settled(page)  # the page has looked for the last time
    link.click()
    page.wait_for_url(re.compile("evaluate.*run="))
    settled(page)
    return asked(page, "run")


def test_the_whole_loop_in_a_browser(visit, address, demo_home):
    page = visit(address)
    expect(page.get_by_text("Go around again: review what is still missed.")).to_be_visible()
    import_a_file(page)
    label_ten(page, demo_home)
    take_snapshot(page, "with ten new labels")
    before = train(page, "Third", "Baseline")
    open_a_cell(page)
    number = review_one_miss(page)
    told = workbench(demo_home, "comment", str(number))
    assert [(a["created_by"], a["why"]) for a in told["adjudications"]] == [("ana", "Read it again.")]
    take_snapshot(page, "after one more review")
    after = train(page, "Fourth", "Baseline, rare labels weighted up")
    compare(page, address, before, after)


def import_a_file(page):
    turn_to(page, "Import")
    upload = {"name": "week.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    page.locator("input[type=file]").set_input_files(upload)
    # The first: the preview and the findings after it may both stand while the page redraws.
    refused = page.locator("[role=gridcell]").filter(has_text="9 fields, the header has 7.").first
    expect(refused).to_be_attached(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("went into").wait_for(timeout=PATIENCE_MS)
    expect(page.get_by_text("3 comments added")).to_be_visible()
    expect(refused).to_be_attached()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download them all as CSV").click()
    with coming.value.path().open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["line"] and row["row"]) for row in rows] == [
        ("4", "new-3,this,row,has,by,far,too,many,cells")
    ]


def label_ten(page, home):
    turn_to(page, "Label")
    seen = []
    for _ in range(10):
        seen.append(at_hand(page))
        page.keyboard.press("1")
    saved(page)
    assert votes_by(home, "ana", seen) == [(number, "allow") for number in seen]
    told = workbench(home, "comment", str(seen[-1]))
    assert [(v["annotator"], v["label"]) for v in told["votes"]][-1] == ("ana", "allow")


def open_a_cell(page):
    expect(page.get_by_text("Accuracy", exact=True).first).to_be_visible()
    mark(page, "Predicted: allow; Frozen label: disallow").click()
    page.wait_for_url(re.compile("gold=disallow.*predicted=allow|predicted=allow.*gold=disallow"))
    expect(page.get_by_text(re.compile(r"^\d+ of \d+ comments"))).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[role=gridcell]").filter(has_text="disallow").first).to_be_attached()


def mark(page, words):
    """The part of a chart that is described by these words."""
    marks = page.get_by_test_id("stVegaLiteChart").locator(
        "[aria-roledescription='rect mark'], [aria-roledescription=bar]"
    )
    return marks.and_(page.locator(f"[aria-label*='{words}']")).first


def review_one_miss(page):
    page.get_by_role("link", name="Review the misses among these").click()
    expect(page.get_by_text(re.compile(r"^0 of [\d,]+ misses reviewed"))).to_be_visible(timeout=PATIENCE_MS)
    settled(page)
    page.keyboard.press("2")
    page.get_by_label("Why the frozen label is wrong").fill("Read it again.")
    page.get_by_label("Why the frozen label is wrong").press("Enter")
    done = page.get_by_text(re.compile(r"Saved: comment (\d+), label wrong"))
    done.wait_for(timeout=PATIENCE_MS)
    expect(page.get_by_text(re.compile(r"^1 of [\d,]+ misses reviewed"))).to_be_visible()
    return int(re.search(r"\d+", done.inner_text())[0])


def compare(page, address, before, after):
    page.goto(f"{address}/compare?dataset=demo&before={before}&after={after}")
    settled(page)
    expect(page.get_by_text(re.compile("Better|Worse|Not decidable")).first).to_be_visible()
    bar = page.get_by_test_id("stVegaLiteChart").locator(
        "path[aria-label*='change: ']:not([aria-label*='; comments: 0'])"
    )
    told = bar.first.get_attribute("aria-label")
    change, count = re.search(r"change: (\w+); comments: -?([\d,]+)", told).groups()
    bar.first.click()
    page.wait_for_url(re.compile("label="))
    expect(page.get_by_text(f"{count} comments shown.")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("radio", name=change)).to_be_checked()
