import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright import sync_api

from domain.labels import MAX_ANSWER_LENGTH
from tests.browser.driving import ROOT, WATCH, desk, free_port, running, shown, wait_until_up
from ui.labelling.desk import DeskLabel, parse_votes, usable_keys

pytestmark = pytest.mark.browser

# How many panes ask a key press where it came from.
LISTENERS = """
() => {
  let asked = 0;
  const press = new KeyboardEvent("keydown", {key: "F13", bubbles: true});
  press.composedPath = () => { asked += 1; return [document.body]; };
  document.dispatchEvent(press);
  return asked;
}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "tests/browser/desk_harness.py")]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    command += ["--server.fileWatcherType", "none", "--browser.gatherUsageStats", "false"]
    log = tmp_path_factory.mktemp("desk") / "server.log"
    with running(command, log, cwd=log.parent, env={**os.environ, "PYTHONPATH": str(ROOT)}) as server:
        wait_until_up(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}"
    # Streamlit itself logs a trace when a browser leaves; only ours count.
    assert not any(str(ROOT / ours) in log.read_text() for ours in ("ui", "tests")), log.read_text()


@pytest.fixture
def open_desk(chromium: Any, address: str, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    contexts = [chromium.new_context(viewport={"width": 1280, "height": 900})]
    errors: list[str] = []

    def opened(*, apart: bool = False, **manners: object) -> Any:
        """A tab, on demand in a browser of its own, as another person's would be."""
        if apart:
            contexts.append(chromium.new_context(viewport={"width": 1280, "height": 900}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        query = "&".join(f"{name}={value}" for name, value in manners.items())
        page.goto(f"{address}/?ledger={request.node.name}&{query}")
        page.locator("[data-desk] [data-part=saved]:not(:empty)").wait_for()
        page.evaluate(WATCH)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def ledger_when(page: Any, ready: Callable[[dict[str, Any]], bool], seconds: float = 10) -> dict[str, Any]:
    """The harness's ledger as soon as it satisfies `ready`."""
    ends = time.monotonic() + seconds
    while True:
        book: dict[str, Any] = json.loads(page.get_by_test_id("stText").text_content())
        if ready(book) or time.monotonic() > ends:
            assert ready(book), book
            return book
        page.wait_for_timeout(50)


def settled(page: Any, votes: int) -> list[dict[str, Any]]:
    page.locator("[data-desk][data-outbox-size='0']").wait_for()
    book = ledger_when(page, lambda book: len(book["votes"]) >= votes)
    assert len(book["votes"]) == votes
    return book["votes"]


def test_fifty_quick_presses_all_count_once_and_for_the_comment_that_was_shown(open_desk):
    began = time.monotonic()
    page = open_desk()
    expected = []
    for press in range(50):
        key, label = ("1", "allow") if press % 3 else ("2", "disallow")
        expected.append((shown(page), label))
        page.keyboard.press(key)
        page.wait_for_timeout(100)
    votes = settled(page, 50)
    assert [(vote["comment_id"], vote["label"]) for vote in votes] == expected
    assert len({vote["comment_id"] for vote in votes}) == 50
    # A busy machine delivers presses late or two at once, so only their sum can be foretold.
    assert all(0 <= vote["seconds"] < 60 for vote in votes)
    assert 50 * 0.05 < sum(vote["seconds"] for vote in votes) < time.monotonic() - began
    seen = page.evaluate("({...window.seen, mounts: [...window.seen.mounts]})")
    assert seen["mounts"] == ["1"]
    assert seen["dimmed"] == 0
    book = ledger_when(page, lambda book: True)
    for name in ("shown", "painted", "stored"):
        times = sorted(seen[name])
        print(
            f"key to {name}: median {statistics.median(times):.1f} ms, worst {times[-1]:.1f}, n={len(times)}"
        )
    print(f"callback: median {statistics.median(book['ms']):.3f} ms over {len(book['calls'])} calls")
    assert statistics.median(seen["shown"]) < 16


def test_presses_without_any_pause_all_count(open_desk):
    page = open_desk()
    first = shown(page)
    page.evaluate("""() => { for (let press = 0; press < 20; press++)
        document.dispatchEvent(new KeyboardEvent("keydown", {key: "1", bubbles: true})); }""")
    votes = settled(page, 20)
    assert [vote["comment_id"] for vote in votes] == list(range(first, first + 20))


def test_a_held_key_votes_once(open_desk):
    page = open_desk()
    for _ in range(15):
        page.keyboard.down("1")
    page.keyboard.up("1")
    assert [vote["comment_id"] for vote in settled(page, 1)] == [1]


def test_enter_held_on_a_button_votes_once(open_desk):
    page = open_desk()
    page.locator("[data-label=allow]").focus()
    for _ in range(15):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    assert [vote["comment_id"] for vote in settled(page, 1)] == [1]


def test_a_double_click_votes_once(open_desk):
    page = open_desk()
    page.locator("[data-label=disallow]").dblclick()
    page.wait_for_timeout(400)
    page.locator("[data-label=allow]").click()
    votes = settled(page, 2)
    assert [(vote["comment_id"], vote["label"]) for vote in votes] == [(1, "disallow"), (2, "allow")]


def test_an_empty_queue_says_so_and_ignores_the_keys(open_desk):
    page = open_desk(count=0)
    sync_api.expect(page.get_by_text("Nothing waits for a label here.")).to_be_visible()
    sync_api.expect(page.get_by_text("Import more comments or choose another dataset.")).to_be_visible()
    for key in ("1", "s", "n", "z", "Backspace"):
        page.keyboard.press(key)
    page.wait_for_timeout(400)
    assert desk(page).get_attribute("data-outbox-size") == "0"
    book = ledger_when(page, lambda book: True)
    assert (book["votes"], book["calls"]) == ([], [])


def test_the_last_comment_of_a_queue_can_still_be_undone(open_desk):
    page = open_desk(count=1)
    page.keyboard.press("1")
    assert desk(page).get_attribute("data-comment-id") == ""
    settled(page, 1)
    page.keyboard.press("2")
    page.keyboard.press("z")
    assert shown(page) == 1
    page.keyboard.press("2")
    assert [vote["kind"] for vote in settled(page, 3)] == ["label", "undo", "label"]


def test_typing_beside_the_pane_votes_nothing(open_desk):
    page = open_desk()
    page.get_by_label("Search").click()
    page.keyboard.type("12 angry snakes zzz")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert shown(page) == 1
    assert ledger_when(page, lambda book: True)["calls"] == []
    page.get_by_text("Only mine").click()
    page.wait_for_timeout(300)
    page.keyboard.press("1")
    assert len(settled(page, 1)) == 1
    assert page.evaluate("[...window.seen.mounts]") == ["1"]


def test_keys_with_a_modifier_vote_nothing(open_desk):
    page = open_desk()
    for chord in ("Control+1", "Alt+1", "Meta+1", "Control+z", "Control+s"):
        page.keyboard.press(chord)
    page.wait_for_timeout(300)
    assert shown(page) == 1
    assert ledger_when(page, lambda book: True)["calls"] == []


def test_a_vote_whose_message_is_lost_is_sent_again(open_desk):
    page = open_desk(lose=1)
    page.keyboard.press("1")
    assert [vote["comment_id"] for vote in settled(page, 1)] == [1]
    assert ledger_when(page, lambda book: True)["calls"] == [1, 1]


def test_a_vote_whose_acknowledgement_is_lost_counts_once(open_desk):
    page = open_desk(unacked=2)  # the first run of the page spends one
    page.keyboard.press("2")
    ledger_when(page, lambda book: len(book["votes"]) == 1)
    assert desk(page).get_attribute("data-outbox-size") == "1"
    assert [vote["label"] for vote in settled(page, 1)] == ["disallow"]
    assert ledger_when(page, lambda book: True)["calls"] == [1, 1]


@pytest.mark.slow
def test_an_outbox_that_nobody_acknowledges_is_repeated_ever_more_rarely_and_says_so(open_desk):
    page = open_desk(mute=1)
    page.keyboard.press("1")
    sync_api.expect(page.get_by_text("1 being saved")).to_be_visible()
    sync_api.expect(page.get_by_text("not saved for 1")).to_be_visible(timeout=15_000)
    calls = ledger_when(page, lambda book: True)["calls"]
    assert calls == [1, 1, 1]  # at once, after 2 s, after 4 s more


def test_a_reload_loses_no_vote_and_shows_no_answered_comment_again(open_desk):
    page = open_desk(lose=1)
    page.keyboard.press("1")
    page.reload()
    votes = settled(page, 1)
    assert (votes[0]["comment_id"], votes[0]["label"]) == (1, "allow")
    assert shown(page) == 2


@pytest.mark.slow
def test_after_a_reload_the_votes_that_were_not_saved_yet_are_taken_back_first_and_newest_first(open_desk):
    page = open_desk(spare=1, lose=3)  # the second and third vote, and the first try after the reload
    page.keyboard.press("1")
    settled(page, 1)
    for key in ("2", "1"):
        page.keyboard.press(key)
    ledger_when(page, lambda book: len(book["calls"]) == 3)
    page.reload()
    ledger_when(page, lambda book: len(book["calls"]) == 4)
    back = []
    for _ in range(3):
        page.keyboard.press("z")
        back.append(shown(page))
    votes = settled(page, 6)
    assert back == [3, 2, 1]
    assert [(vote["comment_id"], vote["kind"]) for vote in votes] == [
        (1, "label"), (2, "label"), (3, "label"), (3, "undo"), (2, "undo"), (1, "undo"),
    ]  # fmt: skip
    assert [vote["undoes"] for vote in votes[3:]] == [vote["client_id"] for vote in votes[2::-1]]


@pytest.mark.slow
def test_after_a_reload_a_vote_that_was_taken_back_but_not_saved_is_not_taken_back_twice(open_desk):
    page = open_desk(lose=4)
    for key in ("1", "2", "z"):
        page.keyboard.press(key)
    ledger_when(page, lambda book: book["calls"] != [])
    page.reload()
    desk(page).locator("[data-part=saved]:not(:empty)").wait_for()
    page.keyboard.press("z")
    assert shown(page) == 1
    votes = settled(page, 4)
    assert [(vote["comment_id"], vote["kind"]) for vote in votes] == [
        (1, "label"), (2, "label"), (2, "undo"), (1, "undo"),
    ]  # fmt: skip


def focused(page: Any) -> str:
    """Which part of the pane has the focus; of the pane itself `desk`."""
    return str(
        page.evaluate("""() => {
          const inside = document.activeElement.shadowRoot?.activeElement;
          return inside?.matches("[data-desk]") ? "desk" : inside?.dataset.part ?? "elsewhere";
        }""")
    )


def test_the_guideline_comes_into_sight_is_read_by_keyboard_and_gives_the_focus_back(open_desk):
    page = open_desk(times=30)
    page.set_viewport_size({"width": 1100, "height": 700})
    panel = desk(page).locator("[data-part=guideline]")
    for close in ("Escape", "g"):
        page.keyboard.press("g")
        sync_api.expect(panel).to_be_in_viewport(ratio=0.99)
        assert focused(page) == "guideline"
        for key in ("PageDown", "ArrowDown", "Space"):
            before = panel.evaluate("panel => panel.scrollTop")
            page.keyboard.press(key)
            page.wait_for_function(
                "([panel, before]) => panel.scrollTop > before", arg=[panel.element_handle(), before]
            )
        page.keyboard.press(close)
        sync_api.expect(panel).to_be_hidden()
        assert focused(page) == "desk"
        sync_api.expect(desk(page).locator("[data-part=comment]")).to_be_in_viewport(ratio=0.99)
    page.keyboard.press("1")
    assert shown(page) == 2


def test_an_answer_from_within_the_guideline_brings_the_next_comment_into_sight(open_desk):
    page = open_desk(times=30)
    page.set_viewport_size({"width": 1100, "height": 700})
    page.keyboard.press("g")
    page.keyboard.press("1")
    assert shown(page) == 2
    sync_api.expect(desk(page).locator("[data-part=comment]")).to_be_in_viewport(ratio=0.99)


def test_the_guideline_is_shown_as_it_is_meant_and_nothing_in_it_runs_or_is_fetched(open_desk, address):
    page = open_desk(markdown=1)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.keyboard.press("g")
    text = desk(page).locator("[data-part=guideline-text]")
    assert text.locator("h3").inner_text() == "When it stays"
    assert text.locator("p strong").all_inner_texts() == ["what is written"]
    assert text.locator("li").all_inner_texts() == [
        "heated * words",
        '2 * 3 * 4 <img src=x onerror="window.hurt=1">',
        "![x](http://127.0.0.1:9/d.png) and [a link](javascript:window.hurt=1)",
    ]
    assert text.locator("th").all_inner_texts() == ["label", "means"]
    assert text.locator("td").all_inner_texts() == ["allow", "may stay"]
    assert text.locator("img, a, script").count() == 0
    examples = desk(page).locator("[data-part=examples] p")
    assert examples.all_inner_texts() == ["disallow: “**go away** <b>”"]  # a comment is no Markdown
    assert page.evaluate("window.hurt") is None
    assert [url for url in requests if not url.startswith(address)] == []


def test_after_another_queue_was_chosen_the_keys_are_the_desks(open_desk):
    page = open_desk()
    page.get_by_label("Queue").focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    sync_api.expect(page.locator('[data-desk][data-mount-count="2"]')).to_be_visible()
    sync_api.expect(desk(page)).to_have_count(1)  # the old one is gone
    page.wait_for_function("document.activeElement.shadowRoot !== null")
    assert focused(page) == "desk"
    page.keyboard.press("1")
    assert len(settled(page, 1)) == 1


def test_undo_shows_the_comment_again_and_the_next_answer_is_a_new_vote(open_desk):
    page = open_desk()
    for key in ("1", "2", "1"):
        page.keyboard.press(key)
    page.keyboard.press("z")
    page.keyboard.press("Backspace")
    assert shown(page) == 2
    page.wait_for_timeout(500)
    assert shown(page) == 2
    page.keyboard.press("n")
    assert shown(page) == 3
    page.keyboard.press("s")
    assert shown(page) == 4
    votes = settled(page, 7)
    assert [vote["kind"] for vote in votes] == ["label", "label", "label", "undo", "undo", "unsure", "skip"]
    assert [vote["comment_id"] for vote in votes] == [1, 2, 3, 3, 2, 2, 3]
    assert [vote["undoes"] for vote in votes[3:5]] == [votes[2]["client_id"], votes[1]["client_id"]]


def test_undo_reaches_ten_votes_back_and_no_further(open_desk):
    page = open_desk()
    for _ in range(12):
        page.keyboard.press("1")
    for _ in range(12):
        page.keyboard.press("z")
    assert shown(page) == 3
    assert len(settled(page, 22)) == 22


def test_a_hostile_comment_is_shown_letter_by_letter_and_does_nothing(open_desk, address):
    page = open_desk(kind="hostile")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    body = desk(page).locator("[data-part=body]")
    assert body.inner_text().startswith(
        '<img src=x onerror="window.hurt=1"> ![x](http://127.0.0.1:9/b.png) **bold**'
    )
    assert body.locator("*").count() == 0
    assert desk(page).locator("[data-part=about]").inner_text().startswith("RLOeve <b>")
    page.keyboard.press("1")
    assert body.inner_text() == "admin RLOesreverPDF endZWSP ×3less LRIisolatedPDIBOM"
    page.keyboard.press("1")
    assert body.locator(".unseen").all_inner_texts() == ["ZWJ"]
    assert body.text_content().startswith("family \U0001f468\u200d\U0001f469\u200d\U0001f467 flag")
    page.keyboard.press("1")
    assert body.locator(".unseen").count() == 0
    settled(page, 3)
    assert page.evaluate("window.hurt") is None
    assert [url for url in requests if not url.startswith(address)] == []


def test_a_long_comment_says_that_it_goes_on_and_the_arrow_keys_read_it(open_desk):
    page = open_desk(kind="hostile")
    more = desk(page).locator("[data-part=more]")
    sync_api.expect(more).to_be_hidden()
    for _ in range(5):
        page.keyboard.press("1")
    sync_api.expect(more).to_be_visible()
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    sync_api.expect(more).to_be_hidden()
    assert shown(page) == 6


def test_the_buttons_stay_where_they_are_whatever_the_comment(open_desk):
    page = open_desk(kind="hostile")
    places = []
    for _ in range(7):
        places.append(page.locator("[data-label=allow]").bounding_box())
        page.keyboard.press("1")
    page.keyboard.press("g")
    sync_api.expect(page.get_by_text("Judge what is written")).to_be_visible()
    assert all(place == places[0] for place in places)


def test_new_data_never_changes_the_comment_on_screen(open_desk):
    first, second = open_desk(), open_desk(apart=True)
    first.keyboard.press("1")
    settled(first, 1)
    assert (shown(first), shown(second)) == (2, 1)
    second.get_by_text("Only mine").click()
    ledger_when(second, lambda book: len(book["votes"]) == 1)
    assert shown(second) == 1


@pytest.mark.slow
def test_a_slow_server_loses_nothing_and_dims_nothing(open_desk):
    page = open_desk(slow=0.7)
    for _ in range(15):
        page.keyboard.press("1")
        page.wait_for_timeout(100)
    assert shown(page) == 16
    assert [vote["comment_id"] for vote in settled(page, 15)] == list(range(1, 16))
    assert page.evaluate("[window.seen.dimmed, ...window.seen.mounts]") == [0, "1"]


def test_a_pane_that_left_the_page_hears_no_key(open_desk):
    page = open_desk()
    assert page.evaluate(LISTENERS) == 1
    page.get_by_text("Only mine").click()
    page.wait_for_timeout(300)
    assert page.evaluate(LISTENERS) == 1
    page.get_by_text("Show the desk").click()
    desk(page).wait_for(state="detached")
    assert page.evaluate(LISTENERS) == 0
    page.keyboard.press("1")
    page.get_by_text("Show the desk").click()
    desk(page).wait_for()
    sync_api.expect(desk(page)).to_have_attribute("data-mount-count", "2")
    page.keyboard.press("2")
    votes = settled(page, 1)
    assert (votes[0]["comment_id"], votes[0]["label"]) == (1, "disallow")
    assert ledger_when(page, lambda book: True)["calls"] == [1]


def test_counts_and_pace_follow_the_hand(open_desk):
    page = open_desk(count=30)
    sync_api.expect(page.get_by_text("30 waiting")).to_be_visible()
    for _ in range(6):
        page.keyboard.press("1")
        page.wait_for_timeout(60)
    assert desk(page).locator("[data-part=done]").inner_text() == "6 done"
    assert desk(page).locator("[data-part=waiting]").inner_text() == "24 waiting"
    assert desk(page).locator("[data-part=pace]").inner_text().endswith(" a minute")
    settled(page, 6)
    page.keyboard.press("z")
    assert desk(page).locator("[data-part=done]").inner_text() == "5 done"
    sync_api.expect(page.get_by_text("saved", exact=True)).to_be_visible()


def vote(**changes: object) -> dict[str, object]:
    honest = {
        "client_id": "a" * 36,
        "comment_id": 7,
        "kind": "label",
        "label": "allow",
        "seconds": 1.5,
        "undoes": None,
    }
    return {**honest, **changes}


def test_what_an_honest_browser_sends_is_read():
    undo = vote(client_id="b" * 36, kind="undo", label=None, undoes="a" * 36)
    read = parse_votes({"sent_at": 1, "votes": [vote(), undo, vote(label="other")]})
    assert [(v.kind, v.label, v.undoes) for v in read] == [("label", "allow", None), ("undo", None, "a" * 36)]


@pytest.mark.parametrize(
    "outbox",
    [None, 7, "votes", [], {}, {"votes": None}, {"votes": {"a": vote()}}, {"votes": [None, 1, "x", [], {}]}]
    + [
        {"votes": [vote(client_id=wrong)]}
        for wrong in (None, 1, "", "short", "a" * 65, "../../etc", "é" * 20)
    ]
    + [{"votes": [vote(comment_id=wrong)]} for wrong in (None, "7", 7.0, True, -1, 2**63, 10**400)]
    + [{"votes": [vote(kind=wrong)]} for wrong in (None, 1, "drop", [], {})]
    + [{"votes": [vote(label=wrong)]} for wrong in (None, "", 1, [], "x" * (MAX_ANSWER_LENGTH + 1))]
    + [
        {"votes": [vote(seconds=wrong)]}
        for wrong in (None, "1", True, -1, 1e9, 10**400, float("nan"), float("inf"))
    ]
    + [{"votes": [vote(kind="undo", undoes=wrong)]} for wrong in (None, 1, "", [])],
)
def test_garbage_from_a_browser_is_no_vote_and_no_error(outbox):
    assert parse_votes(outbox) == []


def test_no_more_than_two_hundred_votes_are_read_at_once():
    assert len(parse_votes({"votes": [vote(client_id=f"client-{n}") for n in range(500)]})) == 200


def test_a_label_key_that_is_taken_or_reserved_is_not_offered():
    labels = [DeskLabel(key, key, "", "") for key in ("1", "1", "S", "c", "", "12", "é", "!", "A")]
    assert usable_keys(labels) == ["1", "", "", "", "", "", "é", "", "a"]


def pressed(page: Any, *keys: str) -> int:
    """Press the keys on the comment that is shown; returns its number."""
    number = shown(page)
    for key in keys:
        page.keyboard.press(key)
    return number


def submit_button(page: Any) -> Any:
    return page.locator("[data-desk] [data-command=submit]")


def test_where_a_comment_may_have_several_labels_keys_choose_them_and_enter_saves(open_desk):
    page = open_desk(several=1)
    assert submit_button(page).text_content() == "EnterNone of them"
    first = pressed(page, "2", "1")
    assert submit_button(page).text_content() == "Enterallowdisallow"
    checked = page.locator("[data-desk] [data-label][aria-checked=true]")
    assert checked.evaluate_all("all => all.map(one => one.dataset.label)") == ["allow", "disallow"]
    page.keyboard.press("Enter")
    second = pressed(page, "2", "2", "Enter")
    third = pressed(page, "1", "Enter")
    votes = settled(page, 3)
    assert [(vote["comment_id"], vote["label"]) for vote in votes] == [
        (first, "allow | disallow"), (second, "(none)"), (third, "allow"),
    ]  # fmt: skip
    assert page.locator("[data-desk] [aria-checked=true]").count() == 0


def test_an_undo_brings_the_comment_back_with_what_was_chosen(open_desk):
    page = open_desk(several=1)
    first = pressed(page, "1", "2", "Enter")
    page.keyboard.press("z")
    assert shown(page) == first
    assert submit_button(page).text_content() == "Enterallowdisallow"
    pressed(page, "1", "Enter")
    given, undone, again = settled(page, 3)
    assert (undone["kind"], undone["undoes"]) == ("undo", given["client_id"])
    assert (again["comment_id"], again["label"]) == (first, "disallow")


def test_enter_saves_once_however_long_it_is_held_and_presses_what_has_the_focus(open_desk):
    page = open_desk(several=1)
    page.locator("[data-desk] [data-label=disallow]").click()
    for _ in range(5):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    [vote] = settled(page, 1)
    assert vote["label"] == "disallow"
    page.locator("[data-desk] [data-command=keys]").focus()
    page.keyboard.press("Enter")
    assert page.locator("[data-desk] [data-part=keys]").is_visible()
    assert "nothing chosen is none of them" in page.locator("[data-desk] [data-part=key-list]").text_content()
    page.get_by_label("Search").click()
    page.keyboard.press("Enter")
    assert len(settled(page, 1)) == 1


def test_skip_and_not_sure_need_no_enter_and_forget_what_was_chosen(open_desk):
    page = open_desk(several=1)
    pressed(page, "1", "n")
    pressed(page, "Enter")
    votes = settled(page, 2)
    assert [(vote["kind"], vote["label"]) for vote in votes] == [("unsure", None), ("label", "(none)")]


def test_quick_answers_of_several_labels_all_count_once(open_desk):
    page = open_desk(several=1)
    expected = [(pressed(page, "1", "2", "Enter"), "allow | disallow") for _ in range(20)]
    votes = settled(page, 20)
    assert [(vote["comment_id"], vote["label"]) for vote in votes] == expected


def test_what_goes_with_a_label_is_said_by_key_and_kept_as_a_draft(open_desk):
    page = open_desk()
    page.keyboard.press("h")  # the first word is at hand
    for key in (" ", "ArrowRight", " ", "ArrowRight", "ArrowRight", " ", "h"):
        page.keyboard.press(key)
    page.keyboard.press("Shift+Digit2")
    page.keyboard.press("w")
    page.keyboard.type("1 rude word, said twice")
    page.keyboard.press("Enter")
    page.reload()
    page.locator("[data-desk] [data-part=saved]:not(:empty)").wait_for()
    assert page.locator("[data-part=why]").input_value() == "1 rude word, said twice"
    assert page.locator("[data-desk] mark").all_inner_texts() == ["I", "have", "the"]
    page.keyboard.press("2")
    (vote,) = settled(page, 1)
    assert (vote["label"], vote["severity"], vote["reason"]) == ("disallow", 2, "1 rude word, said twice")
    assert vote["spans"] == [[0, 6], [12, 15]]  # of "I have read the article ..."
    assert page.locator("[data-part=why]").input_value() == ""
    page.keyboard.press("z")
    assert page.locator("[data-desk] mark").count() == 3


def test_the_words_that_decided_are_counted_in_characters(open_desk):
    page = open_desk(kind="hostile", count=3)
    for key in ("s", "s", "h", *["ArrowRight"] * 2, " ", "Enter", "1"):
        page.keyboard.press(key)
    vote = settled(page, 3)[-1]
    body = (
        "family \U0001f468\u200d\U0001f469\u200d\U0001f467 flag \U0001f3f3\ufe0f\u200d\U0001f308 and a\u200db"
    )
    (span,) = vote["spans"]
    assert body[slice(*span)] == "flag"


def test_a_veiled_comment_is_answered_after_it_was_read_and_skipped_without(open_desk):
    page = open_desk(veiled="1")
    page.keyboard.press("1")
    body = page.locator("[data-desk] [data-part=body]")
    assert shown(page) == 2 and not body.is_visible()
    page.keyboard.press("1")
    assert shown(page) == 2
    page.keyboard.press("v")
    assert body.is_visible()
    page.keyboard.press("1")
    assert shown(page) == 3 and body.is_visible()


def test_words_are_masked_on_request(open_desk):
    page = open_desk()
    body = page.locator("[data-desk] [data-part=body]")
    for key in "ssssx":
        page.keyboard.press(key)
    assert "your s\u2022\u2022\u2022\u2022\u2022 opinions" in body.inner_text()
    page.keyboard.press("x")
    assert "your stupid opinions" in body.inner_text()


def test_what_stands_around_a_comment_comes_on_demand(open_desk):
    page = open_desk()
    page.keyboard.press("t")
    around = page.locator("[data-part=context]")
    sync_api.expect(around.get_by_text("what came before 1")).to_be_visible()
    page.keyboard.press("1")
    sync_api.expect(around.get_by_text("what came before 2")).to_be_visible()
    page.keyboard.press("Escape")
    sync_api.expect(around).to_be_hidden()


def test_an_answer_that_came_before_it_could_be_read_is_kept_and_said(open_desk):
    page = open_desk()
    page.evaluate("""() => { for (const key of "12")
        document.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true})); }""")
    assert len(settled(page, 2)) == 2
    told = page.locator("[data-part=hasty]")
    sync_api.expect(told).to_contain_text("Z brings it back")
    page.wait_for_timeout(300)
    page.keyboard.press("1")
    sync_api.expect(told).to_be_empty()


def test_two_tabs_of_one_person_do_not_answer_a_comment_twice(open_desk):
    first, second = open_desk(), open_desk()
    first.keyboard.press("1")
    second.wait_for_timeout(500)
    assert (shown(first), shown(second)) == (2, 2)
    second.keyboard.press("2")
    first.wait_for_timeout(500)
    assert (shown(first), shown(second)) == (3, 3)
    assert [vote["comment_id"] for vote in settled(second, 2)] == [1, 2]


def test_a_bare_pane_asks_for_a_label_and_nothing_else(open_desk):
    page = open_desk(bare="1")
    for key in "hwtvx":
        page.keyboard.press(key)
    for part in ("why-row", "severity", "context"):
        sync_api.expect(page.locator(f"[data-part={part}]")).to_be_hidden()
    page.keyboard.press("1")
    assert [vote["label"] for vote in settled(page, 1)] == ["allow"]


@pytest.mark.parametrize("wrong", ["x", [[1]], [["a", "b"]], [[True, 2]], {"a": 1}, [1, 2]])
def test_spans_that_are_none_are_left_out_and_the_vote_counts(wrong):
    (read,) = parse_votes({"votes": [vote(spans=wrong, severity="high", reason=7)]})
    assert (read.spans, read.severity, read.reason) == ((), None, None)


def test_the_line_below_says_what_was_answered_and_what_was_taken_back(open_desk):
    page = open_desk()
    last = page.locator("[data-part=last]")
    page.keyboard.press("2")
    sync_api.expect(last).to_have_text("last: disallow")
    page.keyboard.press("n")
    sync_api.expect(last).to_have_text("last: not sure")
    settled(page, 2)
    page.reload()
    page.locator("[data-desk] [data-part=saved]:not(:empty)").wait_for()
    page.keyboard.press("z")
    sync_api.expect(last).to_have_text("taken back: not sure on comment 2")
    page.keyboard.press("z")
    sync_api.expect(last).to_have_text("taken back: disallow on comment 1")


def test_the_clock_stands_while_the_guideline_is_read_and_runs_beside_an_open_one(open_desk):
    page = open_desk()
    page.keyboard.press("g")
    page.wait_for_timeout(1_000)
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("g")
    page.keyboard.press("1")
    page.wait_for_timeout(600)
    page.keyboard.press("1")
    seconds = [vote["seconds"] for vote in settled(page, 3)]
    assert seconds[0] < 0.9 and seconds[2] >= 0.6, seconds


def test_a_wide_table_stands_row_by_row_where_the_panel_is_narrow(open_desk):
    page = open_desk(markdown=2)
    page.set_viewport_size({"width": 600, "height": 900})
    page.keyboard.press("g")
    text = desk(page).locator("[data-part=guideline-text]")
    assert text.locator("td").first.evaluate("cell => getComputedStyle(cell).display") == "block"
    heads = text.locator("td .head:visible")
    assert heads.all_inner_texts() == ["may", "may not", "why"]
    assert text.locator("th").first.is_hidden()
