"""Comments, names and notes that try to be more than text, on every page and in every file that leaves."""

import csv
import io
import re
import threading
import unicodedata
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from urllib.parse import quote

import openpyxl
import pytest

from domain.labels import Vote
from domain.text import visible
from services.curation.datasets import create_dataset, write_guideline
from services.curation.importing import import_file
from services.evaluation.reviews import misses, review
from services.labelling.desk import record_votes
from services.release.policy import starter_policy, write_policy
from services.release.releases import approve, propose
from storage.comments import list_comment_ids
from storage.database import connect
from tests.browser.driving import PATIENCE_MS, ask, at_hand, dashboard, desk, saved, settled, workbench
from tests.building import written_csv
from tests.hostile import BEACON, FOR_BROWSERS, HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KIDS = "kids"
ORDINARY = 160
WORDS = ("lovely sweet kind", "stupid ugly rude")
# Elements that only a payload can have made, in the document and in every shadow root.
OFFENCES = """
([beacon]) => {
  const roots = [document], found = window.hostile === undefined ? [] : [`script ran: ${window.hostile}`];
  for (const root of roots) for (const element of root.querySelectorAll("*")) {
    if (element.shadowRoot) roots.push(element.shadowRoot);
    const told = element.outerHTML.slice(0, 200);
    for (const { name, value } of element.attributes) {
      const acts = /^(src|srcset|href|action|data|style|formaction|poster|on.*)$/.test(name);
      const bad = /beacon|hostile|javascript:|mailto:/.test(value.replaceAll(beacon, "beacon"));
      if (acts && bad) found.push(told);
    }
    if (element.matches(".katex, iframe, form[action], [aria-label='delete icon'], [alt='Streamlit logo']"))
      found.push(told);
    // The desk shows the team's guideline with its headings and lists; nothing else may become any.
    if (!element.children.length && !element.closest(".prose")
        && /^(danger|calm|all|staff|whisper|fenced|win a prize|Heading of nobody)$/
        .test(element.textContent.trim())) found.push(told);
  }
  return found;
}
"""


@pytest.fixture(scope="module")
def beacon():
    """A web server that nobody may ever ask for anything: its address, and what it was asked for."""
    asked = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def payloads(beacon):
    return [payload.replace(BEACON, beacon[0]) for payload in (*FOR_BROWSERS, *HOSTILE)]


@pytest.fixture(scope="module")
def names(payloads):
    """Those that a label or a person may be called."""
    return [
        payload
        for payload in payloads
        if len(payload) <= 60 and payload == payload.strip() and not any(map(is_control, payload))
    ]


def is_control(character):
    return unicodedata.category(character)[0] == "C"


@pytest.fixture(scope="module")
def home(payloads, names, tmp_path_factory):
    """A home taken once around the loop, with a payload wherever a person or a file may write something."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    labels = {"fine": picture(names), "rude": directive(names)}
    texts = [*payloads, *(f"{WORDS[place % 2]} comment {place}" for place in range(ORDINARY))]
    rows = [
        {"id": text, "text": text, "author": text, "thread": text, "label": label}
        for text, label in zip(texts, cycle(("fine", "rude", "fine", "rude", "rude")), strict=False)
    ]
    file = written_csv(home.parent / "comments.csv", rows)
    db = connect(home)
    meanings = dict.fromkeys(labels.values(), payloads[13])
    create_dataset(
        db, KIDS, meanings, actor=names[0], title=picture(names), definitions=meanings, votes_needed=9
    )
    import_file(db, file, KIDS, actor=names[0], label_map=labels, file_name=f"{payloads[3]}.csv")
    write_guideline(db, KIDS, "\n".join(text.replace("\0", "") for text in payloads), actor=names[0])
    numbers = list(list_comment_ids(db, KIDS).values())
    for name in names[:3]:
        votes = [Vote(n, name, "label", f"{name}:{n}", labels["rude"], directive(names)) for n in numbers[:9]]
        record_votes(db, KIDS, votes, actor=name)
    db.close()
    for recipe, name in (("baseline", picture(names)), ("baseline-weighted", directive(names))):
        about = ["--as", names[1], "--note", picture(names), "--split-mode", "stratified"]
        taken = workbench(home, "snapshot", "--dataset", KIDS, *about)["snapshot_id"]
        workbench(home, "train", "--snapshot", taken, "--recipe", recipe, "--name", name, "--as", names[2])
    db = connect(home)
    for miss in misses(db, "run-1", limit=2):
        review(
            db,
            run_id="run-1",
            comment_id=miss.comment.comment_id,
            verdict="label wrong",
            label=next(label for label in meanings if label != miss.gold),
            why=payloads[13],
            client_id=f"review:{miss.comment.comment_id}",
            actor=names[2],
        )
    policy = starter_policy(tuple(labels.values()))
    write_policy(db, KIDS, policy, why=payloads[13], actor=names[2])
    for model in ("model-1", "model-2"):
        release = propose(db, model, why=payloads[13], actor=names[0])
        if model == "model-1":
            approve(db, release.release_id, why=payloads[13], actor=names[1])
    db.close()
    return home


def picture(names):
    """A name that would be a picture from the beacon."""
    return next(name for name in names if name.startswith("![picture]"))


def directive(names):
    """A name that would be coloured."""
    return next(name for name in names if name.startswith(":red["))


@pytest.fixture(scope="module")
def address(home):
    with dashboard(home) as where:
        yield where


@pytest.fixture
def inert(beacon):
    """Asserts of a page that no payload made anything in it, and that nothing was asked of the beacon."""

    def check(page):
        assert page.evaluate(OFFENCES, [beacon[0]]) == [], page.url
        assert page.get_by_text("Something went wrong").count() == 0, page.url
        assert beacon[1] == []

    return check


@pytest.mark.parametrize(
    "made",
    [
        "<script>window.hostile = 1</script>",
        '<img src="http://127.0.0.1:9/a.png">',
        '<a href="http://127.0.0.1:9/">x</a>',
        '<a href="javascript:void">x</a>',
        '<b onclick="hostile()">x</b>',
        '<span class="katex">x</span>',
        '<p>now <span style="color: red">danger</span></p>',
    ],
)
def test_the_check_itself_sees_what_a_payload_could_make(chromium, made):
    page = chromium.new_page()
    page.set_content(f"<main>{made}</main>")
    assert len(page.evaluate(OFFENCES, ["http://127.0.0.1:9"])) >= 1
    page.close()


def test_every_page_shows_payloads_as_text_and_asks_nobody_for_anything(visit, address, home, names, inert):
    page = visit(address, person=names[0])
    miss = ask(home, "review", run="run-1", actor="x")["misses"][0]
    links = [
        "",
        f"?dataset={KIDS}",
        "import",
        "clean",
        "label",
        "comments",
        "snapshots",
        "tokens",
        "train",
        "jobs",
        "models",
        "models?model=model-1",
        "evaluate?run=run-1",
        f"evaluate?run=run-1&gold={quote(miss['gold'])}&predicted={quote(miss['predicted'])}",
        f"review?run=run-1&comment={miss['comment']['comment_id']}",
        "review?run=run-1&comment=" + str(reviewed(home)),
        f"try?comment={miss['comment']['comment_id']}",
        "try?ask=Free+text",
        "compare?before=run-1&after=run-3",
        "compare?before=run-1&after=run-3&show=fixed",
        "release?model=model-1",
        "release?model=model-2",
        f"comments?contains={quote('<script>')}&author={quote(names[0])}",
    ]
    for link in links:
        page.goto(f"{address}/{link}")
        settled(page)
        inert(page)
    who = page.get_by_test_id("stSidebar").get_by_test_id("stPopover")
    assert literal(names[0]) in literal(who.inner_text())


def test_the_playground_shows_what_was_tried_as_text(visit, address, payloads, inert):
    page = visit(address, f"try?dataset={KIDS}&model=model-1")
    settled(page)
    box = page.get_by_label("Comment", exact=True)
    for payload in payloads[:6]:
        box.fill(payload)
        box.press("Control+Enter")
        page.get_by_text("Nearest comments that it learned from").wait_for(timeout=PATIENCE_MS)
        settled(page)
        inert(page)
    page.get_by_text("One per line").click()
    box.fill("\n".join(" ".join(payload.split()) for payload in payloads))
    box.press("Control+Enter")
    page.get_by_text("A row opens below").wait_for(timeout=PATIENCE_MS)
    settled(page)
    inert(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Look at it").wait_for(timeout=PATIENCE_MS)
    inert(page)


def reviewed(home):
    """The number of a comment whose miss was reviewed."""
    found = ask(home, "comments", dataset=KIDS, limit=500)
    return next(comment["comment_id"] for comment in found if comment["label_from"] == "adjudicated")


def literal(text):
    """Text as a reader sees it: white space on a page is one space, a word joiner nothing."""
    return re.sub(r"\s+", " ", text.replace("\u2060", "")).strip()


def test_the_pane_and_the_page_of_a_comment_show_its_text_letter_by_letter(
    visit, address, home, payloads, inert
):
    stored = {
        comment["comment_id"]: comment["body"] for comment in ask(home, "comments", dataset=KIDS, limit=500)
    }
    page = visit(address, f"label?dataset={KIDS}", person="somebody new")
    seen = set()
    for _ in range(len(payloads)):
        number = at_hand(page)
        body = desk(page).locator("[data-part=body]").text_content()
        assert plain(body) == plain(stored[number])
        seen.add(number)
        page.keyboard.press("s")
    saved(page)
    inert(page)
    assert len(seen) == len(payloads)
    for number in [n for n, body in stored.items() if body in payloads[10:22]][:6]:
        page.goto(f"{address}/comments?dataset={KIDS}&comment={number}")
        settled(page)
        body = page.get_by_test_id("stMain").get_by_test_id("stText").first
        assert literal(body.inner_text()) == literal(visible(stored[number]))
        inert(page)


def plain(text):
    """Only what can be seen: the pane and the database write the rest out in their own ways."""
    marked = re.sub(r"⟦[^⟧]*⟧|(ZWSP|RLO|LRI|BOM|U\+[0-9A-F]{4})( ×\d+)?", "", text)
    return "".join(c for c in marked if not is_control(c) and not c.isspace() and c not in "\u2028\u2029")


def test_an_import_lists_hostile_rows_as_text_and_its_download_holds_no_formula(
    visit, address, home, payloads, inert
):
    page = visit(address, f"import?dataset={KIDS}")
    ragged = io.StringIO(newline="")
    csv.writer(ragged).writerows(
        [["text", "author"], ["one", "two"], *([p, p, p] for p in payloads if "\0" not in p)]
    )
    name = '=1+1<img src=x onerror="window.hostile=9">![a](http://beacon.invalid).csv'
    upload = {"name": name, "mimeType": "text/csv", "buffer": ragged.getvalue().encode()}
    page.locator("input[type=file]").set_input_files(upload)
    page.get_by_text("Of these first rows").wait_for(timeout=PATIENCE_MS)
    settled(page)
    inert(page)
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("went into").wait_for(timeout=PATIENCE_MS)
    settled(page)
    inert(page)
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download them all as CSV").click()
    rows = list(csv.reader(io.StringIO(coming.value.path().read_text(encoding="utf-8"), newline="")))
    assert len(rows) > 40
    assert [cell for row in rows for cell in row if runs_as_formula(cell)] == []


def runs_as_formula(cell):
    first = next((c for c in cell if not is_control(c) and not c.isspace()), "")
    return bool(first) and unicodedata.normalize("NFKC", first)[0] in "=+-@"


def test_exports_hold_no_formula(address, home, tmp_path):
    table, book = tmp_path / "out.csv", tmp_path / "out.xlsx"
    for path in (table, book):
        assert workbench(home, "export", str(path), "--dataset", KIDS)["rows"] > ORDINARY
    with table.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if runs_as_formula(cell)] == []
    sheet = openpyxl.load_workbook(book).active
    assert [cell.coordinate for row in sheet for cell in row if cell.data_type == "f"] == []
