"""The report in a real browser: what a click on a mark opens, and what can be saved."""

import re
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

from storage.database import connect
from tests.browser.driving import dashboard, settled
from tests.released import CLOSE, answered, rows, ruled
from tests.stored_runs import stored_run

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHART = "[data-testid=stVegaLiteChart]"
DOT = "path[aria-roledescription=point]"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A dashboard with one run that has scores, and a policy that its recall cannot be decided by."""
    home = tmp_path_factory.mktemp("report") / "home"
    db = connect(home)
    ids = rows(db)
    said = answered(ids, missed=8, alarms=4)
    sure = {"allow": (0.8, 0.2), "disallow": (0.1, 0.9)}
    stored_run(db, said, scores={number: sure[label] for number, label in said.items()})
    ruled(db, CLOSE)
    db.close()
    with dashboard(home) as found:
        yield found


@pytest.fixture
def page(visit, address):
    opened = visit(address)
    opened.goto(f"{address}/evaluate?dataset=kids")
    settled(opened)
    opened.locator(CHART).first.locator("svg").wait_for()
    return opened


def pressed(page, dot):
    """Click in the middle of a dot, wherever it is drawn."""
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def saved(page, button, path):
    with page.expect_download() as download:
        button.click()
    download.value.save_as(path)
    return download.value.suggested_filename


def test_verdict_numbers_slice_and_chart_stand_on_one_screen(page):
    page.set_viewport_size({"width": 1400, "height": 900})
    for words in ("The data cannot say", "Recall of disallow", "Accuracy", "Worst slice, accuracy"):
        expect(page.get_by_text(words).first).to_be_in_viewport(ratio=1)
    expect(page.locator(CHART).first).to_be_in_viewport(ratio=1)


def test_a_mark_opens_its_misses(page):
    pressed(page, page.locator(CHART).first.locator(DOT).first)
    page.wait_for_url(re.compile(r"/review\?.*gold=disallow"))
    settled(page)
    expect(page.get_by_text("0 of 12 misses reviewed")).to_be_visible()


@pytest.mark.slow
def test_a_point_of_a_curve_and_a_bin_open_their_comments(page):
    curve = page.locator(f"{CHART}[aria-label^='Precision over recall']")
    pressed(page, curve.locator(f"{DOT}[aria-label*='Threshold: 0.2000']").first)
    expect(page.get_by_text("10 comments next to the threshold 0.2000")).to_be_visible()
    bins = page.locator(f"{CHART}[aria-label^='Share that is so']")
    pressed(page, bins.locator(DOT).last)
    expect(page.get_by_text("20 comments next to the threshold 0.9000")).to_be_visible()


@pytest.mark.slow
def test_a_bar_of_the_histogram_and_a_row_of_the_slices_open_their_comments(page):
    bars = page.locator(f"{CHART}[aria-label='Where the scores lie'] path[aria-roledescription=bar]")
    pressed(page, bars.last)
    expect(page.get_by_text("20 comments next to the threshold 0.9000")).to_be_visible()
    slices = page.locator("[aria-label^='Accuracy of each slice']").first
    slices.scroll_into_view_if_needed()
    box = slices.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 17, box["y"] + 55)  # the box before the first row
    expect(page.get_by_text(re.compile("^12 errors of"))).to_be_visible()


@pytest.mark.slow
def test_every_chart_is_saved_as_svg_and_as_png(page, tmp_path):
    chart = page.locator(CHART).first
    chart.hover()
    png = page.get_by_role("button", name=re.compile("^Download as PNG: Shares"))
    assert saved(page, png, tmp_path / "chart.png").endswith(".png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    page.get_by_text("Take it away").click()
    buttons = page.locator("[data-chart-files] button")
    expect(buttons).to_have_count(page.locator(f"{CHART}:has(svg)").count())
    for place in range(buttons.count()):
        path = tmp_path / f"{place}.svg"
        assert saved(page, buttons.nth(place), path).endswith(".svg")
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.find(".//{*}path") is not None
        assert root.find(".//{*}script") is None


@pytest.mark.slow
def test_the_saved_report_opens_without_a_network_and_shows_the_numbers_of_the_page(page, tmp_path, chromium):
    shown = page.get_by_test_id("stMetricValue").first.inner_text()
    page.get_by_text("Take it away").click()
    name = saved(page, page.get_by_role("button", name="HTML, to print"), tmp_path / "report.html")
    assert name == "report-run-1.html"
    context = chromium.new_context(offline=True)
    asked = []
    opened = context.new_page()
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: asked.append(message.text))
    opened.goto((tmp_path / "report.html").as_uri())
    expect(opened.get_by_text(f"{shown} (").first).to_be_visible()
    assert [url for url in asked if not url.startswith("file:")] == []
    context.close()
