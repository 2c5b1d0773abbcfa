"""The earlier projects' paths, in a browser, against a provider that speaks OpenAI's protocol."""

import csv
import io
import json
import re
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError, expect

from tests.browser.driving import PATIENCE_MS, choose, dashboard, fill, settled, turn_to
from tests.examples import pair, research_csv
from tests.hosted import GUIDELINE, KEY_VARIABLE, comments
from tests.provider.fixtures import provider, provider_address
from tests.waiting import until

__all__ = ["provider", "provider_address"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SUFFIX = "kids-videos"
BASE = "gpt-4o-mini-2024-07-18"


@pytest.fixture
def home(tmp_path, provider, monkeypatch):
    """A home without data that knows the provider; its key stands where the dashboard is started."""
    monkeypatch.setenv(KEY_VARIABLE, provider.key)
    folder = tmp_path / "home"
    folder.mkdir()
    one = {"name": "test", "base_url": provider.base_url, "key_variable": KEY_VARIABLE, "charges": False}
    (folder / "providers.json").write_text(json.dumps([one]))
    return folder


@pytest.fixture
def address(home):
    with dashboard(home) as where:
        yield where


def comments_csv():
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["id", "comment", "label", "author"])
    writer.writerows(
        [f"c{number}", text, label, f"author{number}"] for number, (text, label) in enumerate(comments(120))
    )
    return file.getvalue().encode()


def upload(page, name, content):
    page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )


def import_comments(page):
    turn_to(page, "Import")
    upload(page, "videos.csv", comments_csv())
    settled(page)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("120 comments added")).to_be_visible(timeout=PATIENCE_MS)


def write_guideline(page):
    turn_to(page, "Guideline")
    page.get_by_label("What each label means").fill(GUIDELINE)
    page.get_by_label("What each label means").press("Control+Enter")
    page.get_by_role("button", name="Save as version 1").click()
    expect(page.get_by_text("Version 1 ·")).to_be_visible(timeout=PATIENCE_MS)
    settled(page)


def open_model(page):
    """From its job; a page that draws itself anew just then can lose a click."""
    for _ in range(3):
        page.get_by_role("link", name="Open model-1").click()
        with suppress(TimeoutError):
            page.wait_for_url(re.compile("models"), timeout=10_000)
            break
    settled(page)


def take_snapshot(page):
    turn_to(page, "Snapshots")
    page.get_by_role("button", name="Take snapshot").click()
    page.get_by_text(re.compile(r"snapshot-\d+ holds 120 comments")).wait_for(timeout=PATIENCE_MS)
    settled(page)


def points(page, title):
    """How many points the curve of that title has."""
    chart = page.get_by_test_id("stVegaLiteChart")
    return chart.locator(f"[aria-roledescription=point][aria-label*='{title}']").count()


def watch_the_curves_grow(page, provider):
    """Read both curves twice while the provider trains: the second time they have more points."""
    provider.speed(3.0)
    until(lambda: points(page, "Loss: ") > 2, "the first points of the loss")
    first = points(page, "Loss: "), points(page, "Token accuracy: ")
    until(
        lambda: points(page, "Loss: ") > first[0] and points(page, "Token accuracy: ") > first[1],
        "more points than before",
    )
    expect(page.get_by_test_id("stProgress")).to_be_visible()  # still the same job
    provider.speed(60.0)


def test_comments_become_a_model_that_allows_or_disallows(visit, address, provider):
    page = visit(address)
    import_comments(page)
    write_guideline(page)
    take_snapshot(page)
    turn_to(page, "Train")
    page.get_by_text("Hosted", exact=True).click()
    settled(page)
    choose(page, "Provider", "test")
    expect(page.get_by_text("This provider takes no money.")).to_be_visible(timeout=PATIENCE_MS)
    choose(page, "Model", BASE)
    page.get_by_text("Settings", exact=True).click()
    fill(page, "Suffix", SUFFIX)
    fill(page, "Seconds between looks", "0.2")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile("jobs.*job="))
    watch_the_curves_grow(page, provider)
    open_model(page)
    expect(page.get_by_text(SUFFIX).first).to_be_visible()
    page.get_by_role("link", name="Try it").click()
    page.wait_for_url(re.compile("try"))
    settled(page)
    for text, verdict in (
        ("you are stupid idiot moron", "disallow"),
        ("you are lovely great sweet", "allow"),
    ):
        page.get_by_label("Comment", exact=True).fill(text)
        page.get_by_label("Comment", exact=True).press("Control+Enter")
        expect(page.locator("h1").get_by_text(verdict, exact=True).first).to_be_visible(timeout=PATIENCE_MS)
    [created] = [json.loads(logged.body) for logged in provider.requests("/fine_tuning/jobs", "POST")]
    assert created["suffix"] == SUFFIX


def make_a_dataset(page):
    turn_to(page, "Import")
    page.get_by_text("Begin with an empty dataset").click()
    page.get_by_label("Name of the dataset").fill("study")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url(re.compile("guideline"))
    settled(page)


def keep_the_examples(page, table):
    turn_to(page, "Tokens")
    page.get_by_role("tab", name="A file").click()
    settled(page)
    upload(page, table.name, table.read_bytes())
    expect(page.get_by_text("40 examples: nothing keeps them from an upload.")).to_be_visible(
        timeout=PATIENCE_MS
    )
    settled(page)
    page.get_by_role("button", name="Keep these examples").click()
    expect(page.get_by_text("Tune a model on them")).to_be_visible(timeout=PATIENCE_MS)
    settled(page)


def test_json_in_the_cells_of_a_table_becomes_a_model_that_answers_in_its_own_words(
    visit, address, provider, tmp_path
):
    page = visit(address)
    make_a_dataset(page)
    keep_the_examples(page, research_csv(tmp_path / "study.csv"))
    choose(page, "Provider", "test")
    choose(page, "Model to tune", BASE)
    fill(page, "Suffix of its name", SUFFIX)
    page.get_by_role("button", name="Start tuning").click()
    page.wait_for_url(re.compile("jobs.*job="))
    watch_the_curves_grow(page, provider)
    expect(page.get_by_text("Before and after")).to_be_visible(timeout=PATIENCE_MS)
    settled(page)
    open_model(page)
    expect(page.get_by_role("heading", name=SUFFIX)).to_be_visible()
    page.get_by_role("link", name="Try it").click()
    page.wait_for_url(re.compile("try"))
    settled(page)
    page.get_by_label("User text").fill(pair(3)["messages"][1]["content"])
    page.get_by_role("button", name="Ask", exact=True).click()
    for model in (f"{BASE} · test", f":{SUFFIX}:"):  # the base and the tuned one, side by side
        expect(page.get_by_text(model).first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text(pair(3)["messages"][2]["content"])).to_be_visible(timeout=PATIENCE_MS)
