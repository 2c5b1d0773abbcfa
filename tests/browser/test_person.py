import re
import shutil
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.driving import PATIENCE_MS, ROOT, dashboard, dashboard_log, settled, turn_to, workbench
from tests.waiting import until

pytestmark = pytest.mark.browser

GARBAGE = (
    "?dataset=<script>window.hostile=1</script>",
    "import?dataset=%00",
    "clean?dataset=no-such",
    "label?dataset=../../etc/passwd",
    "comments?comment=99999999999999999999999&label=nobody&split=moon",
    "comments?comment=999999999",
    "snapshots?snapshot=../../etc/passwd",
    "train?snapshot=' OR 1=1 --",
    "jobs?job=%00",
    "models?model=%F0%9F",
    "evaluate?run=run-99999999999999999999&gold=[object]&predicted=nobody&numbers=seven",
    "review?comment=99999999999999999999999&predicted=nobody",
    "compare?before=x&after=x&show=everything&label=<b>",
)


@pytest.fixture(scope="module")
def address(demo_home):
    workbench(demo_home, "create", "--dataset", "second", "--labels", "fine,rude", "--as", "ana")
    with dashboard(demo_home) as where:
        yield where


def in_hand(page):
    """The dataset in hand; the URL, where it names one, names the same."""
    picked = page.get_by_label("Dataset in hand").input_value()
    assert parse_qs(urlsplit(page.url).query).get("dataset", [picked]) == [picked]
    return picked


def remembered(context):
    """The name that the browser keeps."""
    return next((kept["value"] for kept in context.cookies() if kept["name"] == "workbench_person"), "")


def pick_dataset(page, name):
    page.get_by_label("Dataset in hand").click()
    page.get_by_role("option", name=name, exact=True).click()
    settled(page)


def test_a_name_is_asked_for_once_per_browser_and_can_be_changed(visit, address):
    page = visit(address, "clean", person=None)
    expect(page.get_by_text("It is attribution, not security")).to_be_visible()
    expect(page.get_by_text("What was done so far")).to_have_count(0)
    page.get_by_label("Name").fill("   ")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("Nobody is named.")).to_be_visible()
    page.get_by_label("Name").fill("Zoë *lead*")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("What was done so far")).to_be_visible()
    later = page.context.new_page()
    later.goto(f"{address}/clean")
    who = later.get_by_test_id("stSidebar").get_by_role("button", name="Zoë *lead*")
    who.click(timeout=PATIENCE_MS)
    expect(later.get_by_text("It is attribution, not security")).to_be_visible()
    later.get_by_role("button", name="Be somebody else").click()
    expect(later.get_by_text("Who is working here?")).to_be_visible()
    until(lambda: not remembered(later.context), "the cookie goes too")
    later.reload()
    expect(later.get_by_text("Who is working here?")).to_be_visible(timeout=PATIENCE_MS)


def test_the_dataset_in_hand_is_in_the_url_and_survives_page_switches(visit, address):
    page = visit(address, "clean?dataset=second")
    expect(page.get_by_text("This dataset has no comments.")).to_be_visible()
    turn_to(page, "Label")
    assert in_hand(page) == "second"
    expect(page.get_by_text("This dataset has no comments.")).to_be_visible()
    pick_dataset(page, "demo")
    turn_to(page, "Clean")
    expect(page.get_by_text("21 × exact duplicate excluded; 4 groups left to decide")).to_be_visible()
    assert in_hand(page) == "demo"
    pick_dataset(page, "second")
    page.reload()
    settled(page)
    assert in_hand(page) == "second"
    expect(page.get_by_text("This dataset has no comments.")).to_be_visible()


def test_another_dataset_in_hand_takes_no_snapshot_of_the_old_one_along(visit, address):
    page = visit(address, "train?dataset=demo")
    page.wait_for_url(re.compile("snapshot=snapshot-"))
    pick_dataset(page, "second")
    page.wait_for_url(re.compile("dataset=second"))
    expect(page.get_by_text("There is no snapshot yet")).to_be_visible()
    expect(page.get_by_text("is not among what can be chosen")).to_have_count(0)
    assert "snapshot=" not in page.url


def test_a_card_on_home_takes_its_dataset_in_hand(visit, address):
    page = visit(address)
    page.locator(".st-key-overview_next_second button").click()
    page.wait_for_url(re.compile("import.*dataset=second"))


@pytest.mark.slow
def test_garbage_in_the_url_does_no_harm(visit, address, demo_home):
    page = visit(address)
    for garbage in GARBAGE:
        page.goto(f"{address}/{garbage}")
        settled(page)
        assert page.get_by_text("Something went wrong").count() == 0, garbage
        assert page.get_by_test_id("stException").count() == 0, garbage
        assert page.evaluate("window.hostile") is None, garbage
    assert "Traceback" not in dashboard_log(demo_home).read_text()


def test_a_page_that_breaks_shows_a_number_and_no_trace(visit, tmp_path):
    program = tmp_path / "program"
    left_out = shutil.ignore_patterns(".*", "tests", "samples", "benchmarks", "docs", "__pycache__")
    shutil.copytree(ROOT, program, ignore=left_out)
    shutil.copytree(ROOT / ".streamlit", program / ".streamlit")
    (program / "pages" / "clean.py").write_text("raise RuntimeError('secret-detail of a comment')\n")
    with dashboard(tmp_path / "home", root=program) as address:
        page = visit(address, "clean")
        told = page.get_by_text(re.compile(r"in the log as error ([0-9a-f]{8})"))
        number = re.search(r"error ([0-9a-f]{8})", told.inner_text())[1]
        everything = page.locator("body").inner_text()
    assert not re.search(r"secret-detail|RuntimeError|Traceback|clean\.py", everything)
    log = dashboard_log(tmp_path / "home").read_text()
    assert f"Error {number}" in log
    assert "secret-detail" in log
