import signal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driving import (
    PATIENCE_MS,
    WATCH,
    ask,
    at_hand,
    dashboard,
    desk,
    free_port,
    saved,
    settled,
    shown,
    turn_to,
    votes_by,
    workbench,
)
from tests.building import written_csv

pytestmark = pytest.mark.browser

QUEUE = "queue"


def add_dataset(home: Path, name: str, count: int) -> None:
    rows = [{"id": f"c{n}", "text": f"comment number {n}", "author": f"author {n % 9}"} for n in range(count)]
    file = written_csv(home.parent / f"{name}.csv", rows)
    workbench(home, "import", str(file), "--dataset", name, "--labels", "allow,disallow")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("label") / "home"
    add_dataset(folder, QUEUE, 400)
    add_dataset(folder, "tiny", 2)
    return folder


@pytest.fixture(scope="module")
def address(home):
    with dashboard(home) as where:
        yield where


@pytest.fixture
def sit_down(visit):
    """Open the Label page as a person of their own; each test has one, and finds no other votes."""

    def opened(address, person, dataset=QUEUE):
        page = visit(address, f"label?dataset={dataset}", person=person)
        at_hand(page)
        return page

    return opened


def press(page, keys, *, every_ms=100):
    """Press the keys; return the comment that was on screen at each."""
    seen = []
    for key in keys:
        seen.append(shown(page))
        page.keyboard.press(key)
        page.wait_for_timeout(every_ms)
    return seen


@pytest.mark.slow
def test_fifty_presses_all_count_once_on_the_comment_that_was_shown(sit_down, address, home):
    page = sit_down(address, "fifty")
    page.evaluate(WATCH)
    keys = ["2" if place % 3 else "1" for place in range(50)]
    seen = press(page, keys)
    saved(page)
    said = ["allow" if key == "1" else "disallow" for key in keys]
    assert votes_by(home, "fifty", seen) == list(zip(seen, said, strict=True))
    assert len(set(seen)) == 50
    watched = page.evaluate("({dimmed: window.seen.dimmed, mounts: [...window.seen.mounts]})")
    assert watched == {"dimmed": 0, "mounts": ["1"]}
    expect(desk(page).get_by_text("50 done")).to_be_visible()


def test_an_undo_takes_the_vote_back_and_the_next_answer_counts(sit_down, address, home):
    page = sit_down(address, "undo")
    (first,) = press(page, "1")
    page.keyboard.press("z")
    assert shown(page) == first
    assert press(page, "2") == [first]
    saved(page)
    assert votes_by(home, "undo", [first]) == [(first, "allow"), (first, "undo"), (first, "disallow")]
    assert ask(home, "comment", comment=first)["comment"]["label"] == "disallow"


def test_a_held_key_votes_once(sit_down, address, home):
    page = sit_down(address, "held")
    first = shown(page)
    for _ in range(20):
        page.keyboard.down("1")
    page.keyboard.up("1")
    saved(page)
    assert votes_by(home, "held", [first, shown(page)]) == [(first, "allow")]


def test_skipping_and_not_sure_are_votes_of_their_own_kind(sit_down, address, home):
    page = sit_down(address, "skips")
    seen = press(page, "sn")
    saved(page)
    assert votes_by(home, "skips", seen) == [(seen[0], "skip"), (seen[1], "unsure")]


def test_leaving_and_coming_back_goes_on_where_the_person_was(sit_down, address, home):
    page = sit_down(address, "leaves")
    seen = press(page, "111")
    saved(page)
    going_on = shown(page)
    turn_to(page, "Clean")
    page.keyboard.press("1")
    turn_to(page, "Label")
    desk(page).wait_for(timeout=PATIENCE_MS)
    assert shown(page) == going_on
    seen += press(page, "2")
    saved(page)
    assert [number for number, _ in votes_by(home, "leaves", seen)] == seen
    assert votes_by(home, "leaves", seen)[-1] == (going_on, "disallow")
    expect(desk(page).get_by_text("4 done")).to_be_visible()


@pytest.mark.slow
def test_the_last_answers_can_be_taken_back_after_a_reload(sit_down, address, home):
    page = sit_down(address, "regrets")
    seen = press(page, "112")
    saved(page)
    page.reload()
    settled(page)
    desk(page).wait_for(timeout=PATIENCE_MS)
    back = []
    for _ in range(2):
        page.keyboard.press("z")
        back.append(shown(page))
    saved(page)
    assert back == [seen[2], seen[1]]
    kept, first, last = seen
    assert votes_by(home, "regrets", seen) == [
        (kept, "allow"), (first, "allow"), (first, "undo"), (last, "disallow"), (last, "undo")
    ]  # fmt: skip


@pytest.mark.slow
def test_two_people_are_never_given_the_same_comment(sit_down, address, home):
    first, second = sit_down(address, "left"), sit_down(address, "right")
    of_first, of_second = [], []
    for _ in range(15):
        of_first += press(first, "1", every_ms=20)
        of_second += press(second, "2", every_ms=20)
    saved(first)
    saved(second)
    assert not set(of_first) & set(of_second)
    assert votes_by(home, "left", of_first) == [(number, "allow") for number in of_first]
    assert votes_by(home, "right", of_first) == []


def test_with_nothing_shown_a_key_does_nothing(sit_down, address, home):
    page = sit_down(address, "ana", "tiny")
    seen = press(page, "11")
    desk(page).get_by_text("Nothing waits for a label here.").wait_for(timeout=PATIENCE_MS)
    saved(page)
    for key in ("1", "2", "s", "n"):
        page.keyboard.press(key)
    assert desk(page).get_attribute("data-outbox-size") == "0"
    assert votes_by(home, "ana", seen) == [(number, "allow") for number in seen]


@pytest.mark.slow
def test_votes_given_while_the_server_is_dead_arrive_when_it_is_back(sit_down, tmp_path):
    home, port = tmp_path / "home", free_port()
    add_dataset(home, QUEUE, 90)
    with dashboard(home, port=port, how=signal.SIGKILL) as address:
        waits, reloads = sit_down(address, "waits"), sit_down(address, "reloads")
        reloads.on("dialog", lambda dialog: dialog.accept())
        seen = {page: press(page, "12") for page in (waits, reloads)}
        saved(waits)
        saved(reloads)
    for page in (waits, reloads):
        seen[page] += press(page, "121")
        assert desk(page).get_attribute("data-outbox-size") == "3"
    with dashboard(home, port=port) as address:
        reloads.reload()
        settled(reloads)
        desk(reloads).wait_for(timeout=PATIENCE_MS)
        for page, person in ((waits, "waits"), (reloads, "reloads")):
            saved(page)
            said = ["allow", "disallow", "allow", "disallow", "allow"]
            assert votes_by(home, person, seen[page]) == list(zip(seen[page], said, strict=True))
            assert shown(page) not in seen[page]
