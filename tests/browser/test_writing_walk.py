"""The three tasks of writing in a browser: a summary, a reply, a polite comment, from a file to a rating."""

import json
import re

import pytest
from playwright.sync_api import expect

from services.generation.report_pages import models_of
from tests.browser.driving import PATIENCE_MS, ask, choose, dashboard, fill, settled
from tests.waiting import until
from tests.writer.conftest import detox_pairs, dialogue_pairs, tiny_t5  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PROMPT = "polite : {source}"
LEARNS = {"Learning rate": "0.003", "Batch size": "32", "Max target": "12", "Judged": "40"}
REWARDED = {"Steps": "25", "Batch size": "8", "Learning rate": "0.0005", "Judged": "40", "Fluency": "0",
            "Length": "0"}  # fmt: skip


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def address(home):
    with dashboard(home) as where:
        ask(home, "create", dataset="labs", labels=["allow", "disallow"], actor="ana")
        yield where


def unfold(page, title, inside):
    """Open the part of that title; what is in it may still be on its way, so that a click would close it."""
    box = page.get_by_label(inside, exact=True)

    def is_open():
        if not box.is_visible():
            page.get_by_text(title, exact=True).click()
            settled(page)
            page.wait_for_timeout(500)
        return box.is_visible()

    until(is_open, f"{inside} under {title}")


def keep_pairs(page, task, source, target, pairs):
    """Upload a file on the page; the set of pairs is open afterwards."""
    unfold(page, "Add pairs", "Name of the pairs")
    lines = [json.dumps({source: one.source, target: one.references[0], "split": one.split}) for one in pairs]
    upload = {"name": f"{target}.jsonl", "mimeType": "text/plain", "buffer": "\n".join(lines).encode()}
    page.locator("input[type=file]").set_input_files(upload)
    settled(page)
    choose(page, "Task", task)
    page.get_by_role("button", name="Keep the pairs").click()
    shown = page.get_by_text(re.compile(rf"^pairs-\d+ · .* from {target}\.jsonl"))
    shown.wait_for(timeout=PATIENCE_MS)
    settled(page)


def write_a_prompt(page):
    page.get_by_role("button", name="Write", exact=True).click()
    page.get_by_label("Version 1", exact=True).fill(PROMPT)
    page.get_by_label("Version 1", exact=True).press("Control+Enter")
    page.locator(f"input[value='version 1: {PROMPT}']").wait_for(timeout=PATIENCE_MS)
    settled(page)


def start(page, way, **settings):
    """Choose what to do and its settings, and start it; the number of the job."""
    page.get_by_text(way, exact=True).click()
    settled(page)
    if "base" in settings:
        fill(page, "Base model", settings.pop("base"))
    unfold(page, "Settings", "Judged")
    for label, value in settings["given"].items():
        fill(page, label, value)
    before = page.url
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(lambda url: url != before and "job=" in url)
    expect(page.get_by_test_id("stProgress")).to_be_visible(timeout=PATIENCE_MS)
    return re.search(r"job=(job-\d+)", page.url)[1]


def open_job(page, address, pairs, job):
    """The page on that job, once it is taken over; its report, as the command line reads it."""
    until(lambda: ask(page.home, "jobs", job=job)["job"]["absorbed_at"], f"the end of {job}")
    page.goto(f"{address}/generation?dataset=labs&pairs={pairs}&job={job}")
    settled(page)
    expect(page.get_by_text("What the training changed")).to_be_visible(timeout=PATIENCE_MS)
    return ask(page.home, "written", job=job)["report"]


def change(report, metric):
    return [one for one in report["comparisons"] if one["metric"] == metric][-1]


def meaning_of(report, name):
    [row] = [one for one in report["systems"] if one["name"] == name]
    return row["metrics"]["meaning"]["value"]


def test_the_three_tasks_from_a_file_of_pairs_to_a_rating(visit, address, home, tiny_t5):  # noqa: F811
    page = visit(address, "generation?dataset=labs")
    page.home = home
    base = str(tiny_t5)

    # All three learn, one after the other, while the next file is brought in.
    keep_pairs(page, "Make a comment polite", "source", "target", detox_pairs(kept=0.4))
    write_a_prompt(page)
    polite = start(page, "Learn from the pairs", base=base, given={**LEARNS, "Epochs": "12"})
    keep_pairs(page, "Summarise a dialogue", "dialogue", "summary", dialogue_pairs())
    write_a_prompt(page)
    summary = start(page, "Learn from the pairs", base=base, given={**LEARNS, "Epochs": "24"})
    keep_pairs(page, "Reply to a dialogue", "dialogue", "reply", dialogue_pairs(reply=True))
    write_a_prompt(page)
    reply = start(page, "Learn from the pairs", base=base, given={**LEARNS, "Epochs": "8"})

    # The polite one is rewarded, while the other two are read.
    open_job(page, address, "pairs-1", polite)
    page.get_by_text("Write or train", exact=True).click()
    settled(page)
    rewarded = start(page, "Learn by rewards", given=REWARDED)
    report = open_job(page, address, "pairs-2", summary)
    for metric in ("rouge1", "rouge2", "rougeL", "rougeLsum"):
        assert change(report, metric)["verdict"] == "better"
    assert report["systems"][-1]["metrics"]["BLEU"]["value"] > 50
    expect(page.get_by_text("The trained model beats “the first sentences”")).to_be_visible()
    report = open_job(page, address, "pairs-3", reply)
    assert change(report, "relevance")["verdict"] == change(report, "reward")["verdict"] == "better"

    report = open_job(page, address, "pairs-1", rewarded)
    assert models_of(report) == ["the base model", "the trained model", "the rewarded model"]
    assert report["signatures"]["toxicity"].endswith("(letters), 'toxic'")
    assert report["signatures"]["reward"].endswith("(words), 'toxic'")
    assert change(report, "toxicity")["relative"] <= -0.4
    assert meaning_of(report, "the rewarded model") >= 0.8 * meaning_of(report, "copy the input")
    read_and_rate(page)
    [said] = ask(home, "written", job=rewarded)["people"][:1]
    assert said["texts"] == 1


def read_and_rate(page):
    """Texts side by side, the worst first, with what changed marked; then one pair rated blind."""
    page.get_by_text("worst", exact=True).click()
    settled(page)
    expect(page.get_by_text(re.compile(r"^Pair \d+$")).first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("stMarkdownContainer").locator("del").first).to_be_attached()
    page.get_by_role("tab", name="Rate").click()
    keep = page.get_by_role("button", name="Keep and go on")
    expect(keep).to_be_disabled()
    questions = page.get_by_test_id("stButtonGroup").filter(
        has_text=re.compile("Relevance|Fluency|Same meaning|Toxic")
    )
    for place in range(questions.count()):
        questions.nth(place).get_by_role("radio").last.click()
        settled(page)
    keep.click()
    expect(page.get_by_text(re.compile(r"^1 of \d+ pairs rated by you"))).to_be_visible(timeout=PATIENCE_MS)
