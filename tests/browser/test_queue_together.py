import pytest
from playwright.sync_api import expect

from tests.browser.driving import ask, at_hand, dashboard, desk, saved, settled, shown, workbench
from tests.building import written_csv

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TEAM, EYES = "team", "eyes"  # nobody's ten minutes with a comment of one reach into the other
PEOPLE = ("ana", "ben", "cleo")
TEXTS = [f"what somebody wrote, number {n}" for n in range(6)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together") / "home"
    rows = [
        {"id": f"c{n}", "text": text, "author": f"hidden-author-{n}", "score": "0.77341"}
        for n, text in enumerate(TEXTS)
    ]
    file = str(written_csv(folder.parent / "team.csv", rows))
    for dataset in (TEAM, EYES):
        workbench(folder, "import", file, "--dataset", dataset, "--labels", "allow,disallow")
    return folder


@pytest.fixture(scope="module")
def address(home):
    with dashboard(home) as where:
        yield where


def made(home, dataset, name, **settings):
    answer = ask(home, "queue", action="create", dataset=dataset, name=name, actor="lena", settings=settings)
    return answer["queue"]["queue_id"]


def everything_received(page):
    """What the server tells this browser from now on; it grows while it comes."""
    received = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(frame)))
    return received


def as_bytes(received):
    return b"".join(one if isinstance(one, bytes) else one.encode() for one in received)


def test_a_blind_queue_tells_the_browser_nothing_of_authors_scores_and_labels(visit, address, home):
    number = ask(home, "comments", dataset=EYES)[0]["comment_id"]
    ask(home, "label", dataset=EYES, comment=number, label="disallow", actor="hidden-voter")
    ask(home, "adjudicate", dataset=EYES, comment=number, label="disallow", why="hidden-reason", actor="lena")
    secrets = (b"hidden-author", b"0.77", b"hidden-reason", b"now disallow", b"(adjudicated)")
    told = {}
    for blind in (True, False):
        queue = made(home, EYES, f"blind {blind}", votes_needed=9, is_blind=blind)
        page = visit(address, f"overview?dataset={EYES}", person=f"eye {blind}")
        received = everything_received(page)
        page.goto(f"{address}/label?dataset={EYES}&queue={queue}")
        settled(page)
        at_hand(page)
        for key in "12sz":  # answers, and what an undo brings back, are told too
            page.keyboard.press(key)
            page.wait_for_timeout(100)
        saved(page)
        page.reload()
        settled(page)
        at_hand(page)
        told[blind] = as_bytes(received)
        ask(home, "queue", action="close", queue=queue, actor="lena")
    assert all(TEXTS[2].encode() in each for each in told.values())
    assert [secret for secret in secrets if secret in told[True]] == []
    assert [secret for secret in secrets if secret not in told[False]] == [b"hidden-reason"]


def label_to_the_end(page, keys):
    """Give each comment the key that its text asks for, until nothing waits."""
    at_hand(page)
    while shown(page):
        text = desk(page).locator("[data-part=body]").inner_text()
        page.keyboard.press(keys(TEXTS.index(text)))
        page.wait_for_timeout(50)
    saved(page)
    expect(desk(page).get_by_text("Nothing waits for a label here.")).to_be_visible()


def test_three_people_label_one_queue_to_its_end_and_a_fourth_decides_where_they_disagree(
    visit, address, home
):
    queue = made(home, TEAM, "ours", votes_needed=3, people=PEOPLE)
    pages = {who: visit(address, f"label?dataset={TEAM}&queue={queue}", person=who) for who in PEOPLE}
    for who, page in pages.items():  # cleo thinks otherwise of two comments
        label_to_the_end(page, lambda n, who=who: "2" if who == "cleo" and n in (1, 4) else "1")
    standing = ask(home, "queue", action="show", queue=queue, actor="lena")["counts"]
    assert (standing["comments"], standing["finished"]) == (6, 6)

    fourth = visit(address, f"agreement?dataset={TEAM}&part=Disagreements", person="dana")
    for left in (2, 1):
        expect(fourth.get_by_text(f"{left} you may decide")).to_be_visible()
        for who in PEOPLE:
            expect(fourth.get_by_test_id("stMain").get_by_text(who, exact=True).first).to_be_visible()
        fourth.get_by_test_id("stForm").get_by_text("disallow", exact=True).click()
        fourth.get_by_label("Why").fill("The rule on insults.")
        fourth.get_by_role("button", name="Decide").click()
        settled(fourth)
    expect(fourth.get_by_text("Nobody disagrees, or every disagreement is decided.")).to_be_visible()
    found = ask(home, "comments", dataset=TEAM)
    in_force = {each["body"]: (each["label"], each["label_from"]) for each in found}
    assert [in_force[text] for text in TEXTS].count(("disallow", "adjudicated")) == 2
    assert in_force[TEXTS[1]] == in_force[TEXTS[4]] == ("disallow", "adjudicated")
