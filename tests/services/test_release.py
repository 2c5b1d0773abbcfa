import json
import re

import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.curation.datasets import write_guideline
from services.evaluation.reports import as_dict, evaluate
from services.evaluation.reviews import review
from services.plain import plain
from services.release.card_files import card_file, html_of, markdown_of
from services.release.releases import (
    approve,
    card_of,
    find_champion,
    get_release,
    list_releases,
    propose,
    refusal_to_approve,
    reject,
    roll_back,
)
from services.release.verifying import verify_release
from storage.audit import get_head, list_entries
from storage.thresholds import NewThreshold, add_threshold
from tests.building import asked
from tests.documents import poisoned, read_page
from tests.hostile import FOR_BROWSERS, HOSTILE
from tests.released import CLOSE, EASY, STRICT, answered, model_of, rows, ruled

WHY = "The old model is shut in ten days; Lena takes it on herself."


@pytest.fixture
def ids(db):
    return rows(db)


@pytest.fixture
def model(db, ids):
    """A model that ana trained; the policy passes it."""
    ruled(db, EASY)
    return model_of(db, answered(ids, missed=6, alarms=4))


def verbs(db):
    return [(each.verb, each.object, each.actor) for each in list_entries(db)]


def test_a_proposal_that_somebody_else_approves_is_in_production(db, model):
    release = propose(db, model, why="First one.", actor="ben")
    assert (release.release_id, release.state, find_champion(db, "kids")) == ("release-1", "proposed", None)
    done = approve(db, "release-1", actor="lena")
    assert (done.state, done.decision.created_by, find_champion(db, "kids")) == (
        "approved",
        "lena",
        "release-1",
    )
    assert verbs(db)[-2:] == [("proposed", "release-1", "ben"), ("approved", "release-1", "lena")]


@pytest.mark.parametrize("name", ["ana", "Ana", " ana ", "ＡＮＡ", "ben", "BEN"])
def test_neither_who_trained_the_model_nor_who_proposed_it_approves_it(db, model, name):
    release = propose(db, model, actor="ben")
    with pytest.raises(Conflict, match="somebody else has to approve it"):
        approve(db, release.release_id, why=WHY, actor=name)
    assert refusal_to_approve(db, release, name)
    assert (get_release(db, "release-1").state, find_champion(db, "kids")) == ("proposed", None)
    assert "approved" not in [verb for verb, *_ in verbs(db)]


def test_without_a_pass_it_takes_a_written_reason_that_stands_in_the_card(db, model):
    ruled(db, STRICT)
    release = propose(db, model, why="It is the best we have.", actor="ben")
    assert release.verdict["outcome"] == "fail"
    for empty in ("", "   \n"):
        with pytest.raises(BadInput, match="The gate says 'fail'"):
            approve(db, "release-1", why=empty, actor="lena")
    approve(db, "release-1", why=WHY, actor="lena")
    card, _ = card_of(db, "release-1")
    assert card["approval"]["is_override"]
    assert f"OVERRIDE: released although the gate said “fail”. Reason of lena: {WHY}" in plain_html(card)
    assert "OVERRIDE" in markdown_of(card)
    assert json.loads(list_entries(db)[-1].details)["is_override"]


def test_a_pass_needs_no_reason_and_is_no_override(db, model):
    propose(db, model, actor="ben")
    approve(db, "release-1", actor="lena")
    assert "OVERRIDE" not in html_of(card_of(db, "release-1")[0])


def test_an_approval_is_judged_by_the_policy_of_its_own_day(db, model):
    propose(db, model, actor="ben")
    ruled(db, STRICT)
    with pytest.raises(BadInput, match="The gate says 'fail'"):
        approve(db, "release-1", actor="lena")


def test_a_rejection_needs_a_reason_and_is_final(db, model):
    propose(db, model, actor="ben")
    with pytest.raises(BadInput, match="needs a reason"):
        reject(db, "release-1", why=" ", actor="lena")
    assert reject(db, "release-1", why="Too many misses.", actor="ben").state == "rejected"
    for again in (approve, reject):
        with pytest.raises(Conflict, match="rejected already"):
            again(db, "release-1", why="Again.", actor="lena")
    with pytest.raises(NotFound, match="was rejected and has no card"):
        card_of(db, "release-1")
    assert propose(db, model, actor="ben").release_id == "release-2"


def test_a_model_that_fails_is_proposed_only_with_a_note(db, model):
    ruled(db, STRICT)
    for note in ("", "  "):
        with pytest.raises(BadInput, match=f"{model} fails the policy"):
            propose(db, model, why=note, actor="ben")
    assert list_releases(db, "kids") == []
    assert propose(db, model, why="The old one is shut.", actor="ben").verdict["outcome"] == "fail"


def test_a_model_waits_for_one_decision_at_a_time(db, model):
    propose(db, model, actor="ben")
    with pytest.raises(Conflict, match="proposed already: release-1"):
        propose(db, model, actor="cleo")
    approve(db, "release-1", actor="lena")
    with pytest.raises(Conflict, match="in production already"):
        propose(db, model, actor="cleo")


def test_two_proposals_cannot_both_replace_the_same_model(db, ids, model, monkeypatch):
    other = model_of(db, answered(ids, missed=2), snapshot_id="snapshot-1")
    for each in (model, other):
        propose(db, each, actor="ben")
    from services.release import releases

    card_facts = releases.card_facts

    def slowly(*given):
        monkeypatch.setattr(releases, "card_facts", card_facts)
        approve(db, "release-2", actor="lena")  # somebody is quicker
        return card_facts(*given)

    monkeypatch.setattr(releases, "card_facts", slowly)
    with pytest.raises(Conflict, match="meanwhile"):
        approve(db, "release-1", actor="lena")
    assert find_champion(db, "kids") == "release-2"


def test_rolling_back_puts_an_earlier_release_into_production_and_says_who_and_why(db, ids, model):
    other = model_of(db, answered(ids, missed=2), snapshot_id="snapshot-1")
    for each in (model, other):
        approve(db, propose(db, each, actor="ben").release_id, actor="lena")
    assert find_champion(db, "kids") == "release-2"
    with pytest.raises(BadInput, match="needs a reason"):
        roll_back(db, "release-1", why="", actor="ana")
    back = roll_back(db, "release-1", why="It removed kind comments.", actor="ana")
    assert find_champion(db, "kids") == "release-1"
    step = back.steps[-1]
    assert (step.step, step.why, step.created_by) == ("rolled back to", "It removed kind comments.", "ana")
    assert '"left":"release-2"' in list_entries(db)[-1].details
    with pytest.raises(Conflict, match="in production already"):
        roll_back(db, "release-1", why="Again.", actor="ana")
    assert [each.release_id for each in list_releases(db, "kids")] == ["release-2", "release-1"]


def test_what_was_never_approved_cannot_be_rolled_back_to(db, model):
    propose(db, model, actor="ben")
    with pytest.raises(Conflict, match="never in production"):
        roll_back(db, "release-1", why="Please.", actor="lena")


def test_the_card_holds_what_is_asked_a_year_later(db, ids, model):
    write_guideline(db, "kids", "Be kind.", actor="ana")
    review(db, run_id="run-1", comment_id=ids[121], verdict="model wrong", client_id="r1", actor="eve")
    propose(db, model, why="Ready.", actor="ben")
    head = get_head(db)
    approve(db, "release-1", why="Read and agreed.", actor="lena")
    card, text = card_of(db, "release-1")
    assert json.loads(text) == card
    assert card["log_head"] == {"seq": head.seq, "hash": head.hash}
    assert card["results"] == plain(as_dict(evaluate(db, "run-1")))
    assert card["data"]["sha256"] == asked(db, "SELECT sha256 FROM snapshots")[0][0]
    assert card["guideline"] is None  # the snapshot was taken before there was one
    assert list(card["files"]) == ["model.json"] and len(card["files"]["model.json"]) == 64
    assert (card["proposal"]["by"], card["approval"]["by"], card["model"]["trained_by"]) == (
        "ben",
        "lena",
        "ana",
    )
    assert card["known_failures"]["confusion"][0] == {"gold": "disallow", "predicted": "allow", "comments": 6}
    assert card["known_failures"]["reviewed"]["model wrong"] == 1
    assert (card["comparison"], card["expiry"], card["threshold"]) == (None, None, None)
    assert {"python", "duckdb", "numpy", "moderation-workbench"} <= set(card["versions"])
    assert "0.925 (0.846 to 0.965)" in markdown_of(card).replace("\\", "")


def test_the_frozen_card_does_not_move_when_the_world_does(db, ids, model):
    propose(db, model, actor="ben")
    approve(db, "release-1", actor="lena")
    before = card_of(db, "release-1")
    review(db, run_id="run-1", comment_id=ids[121], verdict="model wrong", client_id="r1", actor="eve")
    ruled(db, STRICT)
    assert card_of(db, "release-1") == before


def test_the_second_card_compares_with_what_was_in_production(db, ids, model):
    approve(db, propose(db, model, actor="ben").release_id, actor="lena")
    better = model_of(db, answered(ids), name="better", snapshot_id="snapshot-1")
    approve(db, propose(db, better, actor="ben").release_id, actor="lena")
    card, _ = card_of(db, "release-2")
    assert card["verdict"]["champion"] == "release-1"
    assert card["comparison"]["verdict"] == "better"
    assert card["comparison"]["sentence"] in plain_html(card)


def test_a_frozen_threshold_stands_in_the_card_and_in_the_log(db, model):
    chosen = NewThreshold(
        dataset_id="kids", model_id=model, snapshot_id="snapshot-1", run_id="run-1", unwanted=("disallow",),
        rule="recall-at-precision=0.9", upper_score=0.625, lower_score=0.25, base_rate=0.01, volume=1e4,
        seconds_per_review=20.0, temperature=1.5, tally={"caught": 7}, why="Agreed in the meeting.",
    )  # fmt: skip
    add_threshold(db, chosen, "eve")
    assert (list_entries(db)[-1].verb, list_entries(db)[-1].object) == ("threshold frozen", "threshold-1")
    approve(db, propose(db, model, actor="ben").release_id, actor="lena")
    told = plain_html(card_of(db, "release-1")[0])
    assert (
        "scores for “disallow” from 0.6250 up, to a human from 0.2500 up, taken at temperature 1.500" in told
    )
    assert "On validation: caught 7." in told and "On test" not in told
    assert "not this threshold" in told


def test_a_released_card_counted_again_gives_the_same_numbers(db, ids, model):
    ruled(db, [*EASY, *CLOSE, {"clause": "macro_f1", "at_least": 0.5}, {"clause": "slices", "at_least": 0.3}])
    write_guideline(db, "kids", "Be kind.", actor="ana")
    model = model_of(db, answered(ids, missed=3))
    approve(db, propose(db, model, actor="ben").release_id, why=WHY, actor="lena")
    ruled(db, STRICT)
    checks = verify_release(db, "release-1")
    assert [each.what for each in checks if not each.ok] == []
    assert len(checks) == 8


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ("UPDATE predictions SET label = 'allow' WHERE comment_id = (SELECT max(comment_id) FROM comments)",
         {"results", "policy"}),
        ("UPDATE snapshot_rows SET label = 'allow' WHERE comment_id = (SELECT max(comment_id) FROM comments)",
         {"results", "policy"}),
        ("UPDATE policies SET clauses = '[{\"clause\":\"accuracy\",\"at_least\":0.1}]'", {"policy"}),
        ("UPDATE release_steps SET card = replace(card, '\"unparsed\": 0', '\"unparsed\": 1')",
         {"results", "log"}),
        ("UPDATE snapshots SET sha256 = repeat('0', 64)", {"results", "snapshot", "training snapshot"}),
    ],
)  # fmt: skip
def test_a_year_later_what_was_changed_is_named(db, model, change, differs):
    approve(db, propose(db, model, actor="ben").release_id, actor="lena")
    with db.writing("kids") as cursor:
        cursor.execute(change)
    checks = verify_release(db, "release-1")
    assert {each.what for each in checks if not each.ok} == differs


def test_a_card_from_before_more_was_counted_or_better_worded_is_still_as_released(db, model):
    approve(db, propose(db, model, actor="ben").release_id, actor="lena")
    older, _ = card_of(db, "release-1")
    older["results"]["data"].pop("held_out")
    older["verdict"]["clauses"][1]["why"] = "In other words."
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE release_steps SET card = ? WHERE step = 'approved'", [json.dumps(older)])
    assert {each.what for each in verify_release(db, "release-1") if not each.ok} == {"log"}
    older["results"]["n"] += 1
    older["verdict"]["clauses"][1]["outcome"] = "fail"
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE release_steps SET card = ? WHERE step = 'approved'", [json.dumps(older)])
    differ = {each.what for each in verify_release(db, "release-1") if not each.ok}
    assert differ == {"results", "policy", "log"}, "the log keeps the hash of the card"


def test_a_changed_or_missing_file_of_the_model_is_named(db, model):
    approve(db, propose(db, model, actor="ben").release_id, actor="lena")
    file = db.home / "jobs" / "job-1" / "model" / "model.json"
    file.write_text("{}", encoding="utf-8")
    (file.parent / "more.bin").write_bytes(b"\0")
    [check] = [each for each in verify_release(db, "release-1") if not each.ok]
    assert (check.what, check.told) == ("model files", "Not as released: model.json, more.bin.")


def test_only_a_released_card_can_be_verified(db, model):
    propose(db, model, actor="ben")
    with pytest.raises(Conflict, match="no frozen card"):
        verify_release(db, "release-1")
    card, _ = card_of(db, "release-1")
    assert card["approval"] is None
    assert "Not released: this is a proposal." in plain_html(card)


def plain_html(card):
    return "".join(read_page(html_of(card)).words)


def test_no_name_note_or_reason_becomes_markup_in_a_card(db, model):
    ruled(db, STRICT)
    propose(db, model, why="Why not?", actor="ben")
    approve(db, "release-1", why=WHY, actor="lena")
    card, _ = card_of(db, "release-1")
    harmless = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "thead", "tbody",
                "tr", "th", "td"}  # fmt: skip
    for payload in (*FOR_BROWSERS, *HOSTILE):
        bad = poisoned(card, payload)
        page = read_page(html_of(bad))
        assert set(page.tags) <= harmless, payload
        assert set(page.attributes) <= {"lang", "charset", "http-equiv", "content", "class"}, payload
        text = re.sub(r"^> \*\*", "", markdown_of(bad), flags=re.MULTILINE)
        assert not re.search(r"(?<!\\)[<\[]", text), payload


def test_a_card_loads_nothing_from_anywhere(db, model):
    propose(db, model, actor="ben")
    html = card_file(db, "release-1", "html")
    assert "default-src 'none'" in html
    assert not re.search(r"https?://|<script|<img|<link|@import|url\(", html)


def test_a_card_is_written_in_three_formats_and_no_other(db, model):
    propose(db, model, actor="ben")
    assert card_file(db, "release-1", "md").startswith("# Release card release")
    assert json.loads(card_file(db, "release-1", "json"))["release_id"] == "release-1"
    with pytest.raises(BadInput, match="not written as 'pdf'"):
        card_file(db, "release-1", "pdf")
