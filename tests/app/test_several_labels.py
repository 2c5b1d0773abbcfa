"""Every page with a dataset whose comments may have several labels: it works, or says that it cannot."""

import shutil
from pathlib import Path

import pytest
import streamlit as st

from domain.labels import Vote
from services.curation.datasets import get_dataset
from services.homes import home_folder
from services.labelling.desk import record_votes
from services.owner import owner_of
from storage.comments import list_comment_ids
from storage.database import connect
from storage.models import list_runs
from tests.several import SEVERAL, several_model

PAGES = sorted(page.stem for page in (Path(__file__).parents[2] / "pages").glob("*.py"))
ONLY_ONE = "are for one label per comment; here a comment may have several"
REFUSING = {"behaviour": "Tests of behaviour", "release": "The release policy, its gate and its log",
            "studies": "Experiments", "thresholds": "Thresholds"}  # fmt: skip


@pytest.fixture(scope="module")
def several_home(tmp_path_factory):
    """A closed home with two models and the votes of two people who disagree now and then."""
    folder = tmp_path_factory.mktemp("several")
    database = connect(folder / "home")
    several_model(database, folder, recipes=("baseline", "baseline-weighted"))
    ids = list(list_comment_ids(database, SEVERAL).values())[:40]
    for person, labels in (("ben", ("insult", "(none)")), ("cleo", ("insult | spam", "(none)"))):
        votes = [Vote(n, person, "label", f"{person}-{n}-vote", labels[n % 2]) for n in ids]
        record_votes(database, SEVERAL, votes, actor=person)
    database.close()
    return folder / "home"


@pytest.fixture
def db(several_home, tmp_path, monkeypatch):
    shutil.copytree(several_home, tmp_path / "home")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    st.cache_data.clear()
    owner = owner_of(home_folder())
    yield owner.database()
    owner.close()


def words(at):
    shown = [*at.markdown, *at.caption, *at.text, *at.error, *at.metric, *at.info]
    return " ".join(str(each.value) for each in shown)


@pytest.mark.slow
def test_every_page_opens_without_a_trace_and_those_that_cannot_say_so(open_page):
    for name in PAGES:
        at = open_page(name, dataset=SEVERAL)
        assert not at.exception, (name, [each.value for each in at.exception])
        assert at.title[0].value, name
        if name in REFUSING:
            assert f"{REFUSING[name]} {ONLY_ONE}" in words(at)
        else:
            assert [str(error.value) for error in at.error if ONLY_ONE not in str(error.value)] == [], name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "params", "told"),
    [
        ("agreement", {"part": "Annotators", "about": "spam"}, "Nobody replaced a label"),
        ("agreement", {"part": "Disagreements"}, "comments on which people disagree"),
        ("agreement", {"part": "Aggregation"}, f"Aggregations {ONLY_ONE}"),
        ("agreement", {"about": "spam"}, "40 comments with two votes or more"),
        ("review", {"gold": "spam"}, "misses, those first of which the model was surest"),
        ("comments", {"label": "spam"}, "comments. Pick one"),
        ("tokens", {}, f"Examples for hosted models {ONLY_ONE}"),
    ],
)
def test_a_part_of_a_page_works_or_says_that_it_cannot(open_page, page, params, told):
    at = open_page(page, dataset=SEVERAL, **params)
    assert not at.exception
    assert told in words(at)


def test_the_evaluation_shows_the_whole_answer_and_each_label(open_page, db):
    run = list_runs(db, SEVERAL, split="test")[0]
    at = open_page("evaluate", dataset=SEVERAL, run=run.run_id)
    assert not at.exception
    assert [each.label for each in at.metric] == ["Subset accuracy", "Macro-F1", "Hamming loss"]
    tables = [each.value for each in at.dataframe]
    assert list(tables[0]["label"])[:3] == ["insult", "threat", "spam"]
    assert list(tables[1].columns) == ["label", "right and given", "missed", "wrongly given", "neither"]
    assert tables[1].iloc[:, 1:].sum(axis=1).tolist() == [run.row_count] * 3


def test_a_new_dataset_for_several_labels_is_made_on_the_import_page(open_page, db):
    at = open_page("import")
    at.text_input(key="new_dataset_name").set_value("made")
    at.text_input(key="new_dataset_labels").set_value("insult, threat")
    at.checkbox(key="new_dataset_several").check()
    [made] = [button for button in at.button if button.label == "Make it"]
    made.click().run()
    assert get_dataset(db, "made").several
