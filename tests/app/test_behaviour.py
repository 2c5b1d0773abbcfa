import pytest

from services.curation.snapshots import take_snapshot
from services.evaluation.behaving import list_behaviours, start_functional
from services.jobs.managing.launch import list_jobs
from services.modelling.training import train
from services.release.policy import policy_of, write_policy
from tests.stored_jobs import ready_to_train
from tests.waiting import done

pytestmark = pytest.mark.slow

HOSTILE = "![x](http://attacker.example/b.png) <script>alert(1)</script>"
SUITE = (
    f'text,expected,functionality,must_pass\n"{HOSTILE}",bad,"**bold** [f](http://a.example)",yes\n'
    + "".join(f"you are sweet number {n},bad,irony,no\n" for n in range(35))
    + "".join(f"you are awful number {n},bad,insults,no\n" for n in range(35))
).encode()


@pytest.fixture
def trained(db):
    ready_to_train(db)
    snapshot = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    done(db, train(db, snapshot_id=snapshot.snapshot_id, name="words", actor="ana"))
    return db


@pytest.fixture
def tested(trained):
    mapping = {"bad": "disallow"}
    given = {"suite": SUITE, "name": "mine.csv", "mapping": mapping, "actor": "ana"}
    done(trained, start_functional(trained, model_id="model-1", **given))
    write_policy(trained, "kids", policy_of([{"clause": "functionality", "at_least": 0.8}]), actor="lena")
    return trained


def test_without_a_model_the_page_says_what_to_do(db, open_page):
    ready_to_train(db)
    at = open_page("behaviour")
    assert not at.exception
    assert "There is no model yet" in at.markdown[0].value


def test_the_verdict_the_reason_and_the_worst_texts_stand_on_the_first_screen(tested, open_page):
    at = open_page("behaviour")
    assert not at.exception
    assert "Fail" in at.markdown[0].value and "36 of 71" in at.markdown[0].value
    assert "“irony”, 0\\.0% of 35" in at.markdown[1].value
    groups, failing = (table.value for table in at.dataframe)
    assert list(groups["n"]) == [35, 1, 35]  # of two that failed throughout, the larger first
    assert list(groups["right"]) == [0, 0, 100]
    assert set(failing["said"]) == {"allow"}


def test_hostile_texts_stay_text(tested, open_page):
    name = "**bold** [f](http://a.example)"
    at = open_page("behaviour", group=name)
    assert not at.exception
    assert list(at.dataframe[1].value["text"]) == [HOSTILE]
    assert not any("](http" in each.value for each in at.markdown)
    assert not any("<script>" in each.value for each in at.markdown)


def test_a_suite_is_mapped_and_started_from_the_page(trained, open_page):
    at = open_page("behaviour")
    at.file_uploader[0].upload("mine.csv", SUITE, "text/csv").run()
    assert not at.exception
    assert "71 cases of 3 functionalities" in " ".join(each.value for each in at.caption)
    start = next(each for each in at.button if each.key == "behaviour_start")
    assert start.disabled  # nobody has said yet what “bad” is
    chosen = next(each for each in at.selectbox if "bad" in each.label)
    chosen.select("disallow").run()
    next(each for each in at.button if each.key == "behaviour_start").click().run()
    assert not at.exception
    [job] = [each for each in list_jobs(trained) if each.kind == "behave"]
    done(trained, job)
    assert list_behaviours(trained)[0].found.mapping == {"bad": "disallow"}


def test_injections_are_started_from_the_page(trained, open_page):
    at = open_page("behaviour")
    kind = next(each for each in at.button_group if each.key == "behaviour_kind")
    kind.set_value("injection").run()
    assert not at.exception
    next(each for each in at.button if each.key == "behaviour_start").click().run()
    assert not at.exception
    [job] = [each for each in list_jobs(trained) if each.kind == "behave"]
    done(trained, job)
    assert list_behaviours(trained)[0].found.overall.n == 240
