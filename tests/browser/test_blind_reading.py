import pytest
from playwright.sync_api import expect

from tests.browser.driving import ask, at_hand, dashboard, desk, saved, settled, shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RUN = "run-3"


@pytest.fixture(scope="module")
def address(demo_home):
    with dashboard(demo_home) as where:
        ask(demo_home, "cause", run=RUN, actor="ana", size=10)
        yield where


def press(page, keys):
    """Press the keys; return the comment that was on screen at each."""
    seen = []
    for key in keys:
        seen.append(shown(page))
        page.keyboard.press(key)
        page.wait_for_timeout(100)
    saved(page)
    return seen


def test_one_key_says_what_a_comment_is_and_the_next_one_comes(visit, address, demo_home):
    page = visit(address, f"review?dataset=demo&run={RUN}&part=Blind+reading", person="ben")
    at_hand(page)
    seen = press(page, "uzsx2")
    assert (len(set(seen)), seen[:2]) == (3, seen[2:4])  # taken back, the first came again and was skipped
    expect(desk(page).get_by_text("2 done")).to_be_visible()
    found = {row["comment_id"]: row for row in ask(demo_home, "causes", run=RUN, actor="ben")["rows"]}
    assert found[seen[3]]["cause"] == "context missing"
    assert seen[0] not in found


def test_what_the_browser_receives_tells_no_miss_from_a_hit(visit, address, demo_home):
    received = []
    page = visit(address, f"review?dataset=demo&run={RUN}&part=Blind+reading", person="cleo")
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(frame)))
    page.reload()
    settled(page)
    at_hand(page)
    text = b"".join(one if isinstance(one, bytes) else one.encode() for one in received)
    pane = text.split(b'"desk_key"', 1)[1].split(b'"acked"', 1)[0]
    assert b"comment_id" in pane  # the queue is in it
    for told in (b"predicted", b"gold", b"frozen", b"score", b"label_from", b"is_hit"):
        assert told not in pane, told


def test_the_end_leads_to_what_was_found(visit, address, demo_home):
    page = visit(address, f"review?dataset=demo&run={RUN}&part=Blind+reading", person="dana")
    at_hand(page)
    press(page, "1" * 8)
    for row in ask(demo_home, "cause", run=RUN, actor="dana", limit=40)["queue"]:
        ask(demo_home, "cause", run=RUN, actor="dana", comment=row["comment_id"], says="allow")
    page.reload()
    settled(page)
    page.get_by_role("button", name="See what was found").click()
    expect(page.get_by_text("Whose fault the misses are")).to_be_visible()
    expect(page).to_have_url(f"{address}/review?run={RUN}&part=Causes")
