import json

import pytest

from services.evaluation.clusters import as_dict, clustering_of
from services.evaluation.comparing import compare_runs
from services.evaluation.intervals import wilson
from services.evaluation.lineup import line_up
from services.evaluation.reports import evaluate
from services.release.card import results
from services.release.card_files import card_file
from services.release.gate import judge
from services.release.policy import policy_of
from services.release.releases import approve, card_of, propose
from services.release.verifying import verify_release
from services.reporting.facts import report_facts
from services.reporting.files import report_file
from services.reporting.report import model_report
from services.verbs.evaluation import evaluate_run
from storage.database import connect
from tests.released import answered, model_of, rows, ruled
from tests.stored_runs import stored_run

NEAR = [{"clause": "recall", "label": "disallow", "at_least": 0.8}]


@pytest.fixture
def db(tmp_path):
    database = connect(tmp_path / "home")
    yield database
    database.close()


@pytest.fixture
def ids(db):
    return rows(db)


def written_by(db, authors, column="author"):
    """From now on each comment is by the author, or in the thread, that is named."""
    with db.writing("kids") as cursor:
        for number, author in authors.items():
            cursor.execute(f"UPDATE comments SET {column} = ? WHERE comment_id = ?", [author, number])


def few_authors(ids):
    """Ten comments by each author, in their order: the misses come from one of them."""
    return {number: f"author {place // 10}" for place, number in enumerate(ids)}


def test_where_no_author_repeats_nothing_is_said(db, ids):
    run = stored_run(db, answered(ids, missed=5))
    assert clustering_of(db, run) is None
    assert as_dict(None) is None
    assert evaluate_run(db, run=run, actor="ana")["clusters"] is None


def test_authors_who_repeat_make_a_number_less_certain(db, ids):
    written_by(db, few_authors(ids))
    found = clustering_of(db, stored_run(db, answered(ids, missed=8)))
    assert (found.kind, found.n, found.clusters, found.largest) == ("author", 200, 20, 10)
    assert found.effects["recall", "disallow"] > 4
    assert "by 20 authors, up to 10 by one" in found.sentence
    assert "With so few authors even that is too narrow" in found.sentence


def test_threads_count_where_they_matter_more_and_comments_without_one_stand_alone(db, ids):
    written_by(db, dict(zip(ids, ["one", "one"] + [None] * 198, strict=True)))
    written_by(db, {number: f"thread {place // 8}" for place, number in enumerate(ids)}, column="thread")
    found = clustering_of(db, stored_run(db, answered(ids, missed=8)))
    assert (found.kind, found.clusters) == ("thread", 25)
    written_by(db, dict.fromkeys(ids), column="thread")
    found = clustering_of(db, stored_run(db, answered(ids, missed=8)))
    assert (found.kind, found.clusters) == ("author", 199)
    assert "no number noticeably less certain" in found.sentence


def test_the_gate_is_not_fooled_by_many_comments_of_few_authors(db, ids):
    model = model_of(db, answered(ids, missed=7))
    policy = policy_of(NEAR)
    assert judge(db, model, policy).outcome == "pass"
    written_by(db, few_authors(ids))
    found = next(each.finding for each in judge(db, model, policy).clauses if each.clause)
    assert found.outcome == "not decidable"
    assert "allows for authors with several comments (design effect" in found.why
    assert found.more_labels
    assert judge(db, model, policy, clusters=False).outcome == "pass"


def test_a_card_says_so_and_counted_again_is_the_same(db, ids):
    written_by(db, few_authors(ids))
    model = model_of(db, answered(ids, missed=7))
    ruled(db, NEAR)
    release = propose(db, model, actor="mia").release_id
    approve(db, release, why="for a week", actor="lena")
    checks = verify_release(db, release)
    assert all(each.ok for each in checks), checks
    card, _ = card_of(db, release)
    assert (card["format"], card["clusters"]["clusters"]) == (4, 20)
    assert "by 20 authors" in card_file(db, release, "md")


def test_the_report_tells_it_on_the_page_and_in_its_file(db, ids):
    written_by(db, few_authors(ids))
    run = stored_run(db, answered(ids, missed=8))
    facts = report_facts(model_report(db, run))
    assert facts["clusters"]["by"] == "author"
    text = report_file(facts, "md")
    assert "by 20 authors" in text and "design effect" in text
    told = evaluate_run(db, run=run, actor="ana")
    assert told["clusters"] == facts["clusters"]


def test_a_card_of_an_earlier_format_is_counted_again_as_it_was(db, ids):
    model = model_of(db, answered(ids, missed=7))
    ruled(db, NEAR)
    release = propose(db, model, actor="mia").release_id
    approve(db, release, why="for a week", actor="lena")
    written_by(db, few_authors(ids))
    assert {each.what for each in verify_release(db, release) if not each.ok} == {"policy", "results"}
    older, _ = card_of(db, release)
    older["format"] = 2
    older.pop("clusters")
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE release_steps SET card = ? WHERE step = 'approved'", [json.dumps(older)])
    assert {each.what for each in verify_release(db, release) if not each.ok} == {"log"}
    assert "by 20 authors" not in card_file(db, release, "md")


def test_one_number_has_one_interval_wherever_it_is_told(db, ids):
    written_by(db, few_authors(ids))
    run = stored_run(db, answered(ids, missed=8))
    other = stored_run(db, answered(ids, missed=12), snapshot_id="snapshot-1")
    ruled(db, NEAR)
    found = evaluate(db, run)
    recall = next(each.recall for each in found.report.classes if each.label == "disallow")
    assert recall.low < wilson(recall.successes, recall.n)[0]
    facts = report_facts(model_report(db, run))
    clause = next(each for each in facts["verdict"]["clauses"] if each["clause"])
    day, boxed = facts["production"]["outlook"]["recall"], facts["opening"]["numbers"][0]["number"]
    for told in (clause, day, boxed, facts["results"]["classes"][1]["recall"]):
        assert (told["low"], told["high"]) == (recall.low, recall.high)
    accuracy = found.report.accuracy
    assert compare_runs(db, other, run).counts.accuracy_after == accuracy
    [entry] = [each for each in line_up(db, [other, run]).entries if each.run.run_id == run]
    assert (entry.accuracy, entry.macro_f1) == (accuracy, found.report.macro_f1)
    assert evaluate(db, run, clusters=False).report.accuracy.low > accuracy.low


def test_a_card_of_format_three_is_counted_again_with_its_plain_tables(db, ids):
    written_by(db, few_authors(ids))
    model = model_of(db, answered(ids, missed=7))
    ruled(db, NEAR)
    release = propose(db, model, actor="mia").release_id
    approve(db, release, why="for a week", actor="lena")
    card, _ = card_of(db, release)
    card["format"] = 3
    card["results"] = results(evaluate(db, card["verdict"]["run_id"], clusters=False))
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE release_steps SET card = ? WHERE step = 'approved'", [json.dumps(card)])
    assert {each.what for each in verify_release(db, release) if not each.ok} == {"log"}
    assert "take comments one by one" in card_file(db, release, "md")
