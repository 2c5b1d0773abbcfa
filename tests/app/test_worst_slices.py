import pytest

from services.release.releases import approve, propose
from tests.released import EASY, answered, model_of, rows, ruled
from tests.stored_runs import labelled_dataset, stored_run

HOSTILE = "**de** [x](http://127.0.0.1:9/)"


@pytest.fixture
def run(db):
    """Wrong on half of the comments of one language, whose name came with a file, and right elsewhere."""
    pairs = [(f"my gay neighbour said number {n}", ("allow", "disallow")[n % 3 == 0]) for n in range(200)]
    ids = labelled_dataset(db, pairs)
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE comments SET language = $name WHERE comment_id % 2 = 0", {"name": HOSTILE})
    other = {"allow": "disallow", "disallow": "allow"}
    said = {number: other[label] if number % 4 == 0 else label
            for number, (_, label) in zip(ids, pairs, strict=True)}  # fmt: skip
    scores = {number: (0.9, 0.1) if label == "allow" else (0.2, 0.8) for number, label in said.items()}
    return stored_run(db, said, scores=scores)


def words(at):
    return " ".join(str(each.value) for each in [*at.markdown, *at.caption])


def parts(at):
    return next(each.value for each in at.dataframe if "p after Holm" in each.value.columns)


def test_the_worst_part_stands_first_with_its_share_and_what_is_left_elsewhere(open_page, run):
    at = open_page("evaluate")
    assert not at.exception
    table = parts(at)
    assert table["part"][0] == f"language: {HOSTILE}"
    assert (table["wrong"][0], table["elsewhere"][0], table["worse"][0]) == ("50 of 100", "0.0%", "worse")
    assert "\\*\\*de\\*\\*" in words(at) and "have more errors than chance explains" in words(at)


def test_one_label_can_be_looked_at_alone_and_the_link_says_so(open_page, run):
    at = open_page("evaluate", among="disallow")
    assert not at.exception
    assert "missed" in words(at)
    at.selectbox(key="among_picked").set_value("").run()
    assert "among" not in at.query_params


def test_mentions_of_identity_are_told_with_the_date_of_the_terms(open_page, run):
    at = open_page("evaluate")
    table = next(each.value for each in at.dataframe if "BPSN" in each.value.columns)
    assert list(table["term"]) == ["gay"]
    assert "Terms of 2026\\-11\\-21" in words(at)


def test_after_the_release_the_page_tells_drift_canary_and_gives_figures(open_page, db):
    ids = rows(db)
    ruled(db, EASY)
    model = model_of(db, answered(ids, missed=6))
    assert "After the release" not in " ".join(each.label for each in open_page("release").expander)
    approve(db, propose(db, model, actor="ben").release_id, actor="lena")
    at = open_page("release")
    assert not at.exception
    assert any("After the release" in each.label for each in at.expander)
