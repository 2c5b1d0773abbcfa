import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.curation.cleaning import FIRST_RULES, apply_rule, list_cleanings, preview, undo
from services.curation.datasets import create_dataset
from tests.building import KIDS, kids, numbers, put_in, texts


@pytest.fixture
def comments(db):
    kids(db)
    put_in(db, texts("", "hello", "hello", " ", "hello"))
    return numbers(db)


def test_a_preview_shows_each_comment_beside_the_one_it_repeats_and_changes_nothing(db, comments):
    shown = preview(db, KIDS, "exact duplicate", limit=1)
    assert (shown.count, len(shown.examples)) == (2, 1)
    comment, repeats = shown.examples[0]
    assert (comment.comment_id, repeats) == (comments[2], comments[1])
    assert list_cleanings(db, KIDS) == []


@pytest.mark.parametrize("rule", FIRST_RULES)
def test_a_rule_excludes_what_its_preview_counted(db, comments, rule):
    counted = preview(db, KIDS, rule).count
    assert apply_rule(db, KIDS, rule, actor="dana").excluded == counted == 2
    assert preview(db, KIDS, rule).count == 0


def test_a_rule_that_finds_nothing_says_so_instead_of_recording_it(db, comments):
    apply_rule(db, KIDS, "empty", actor="dana")
    with pytest.raises(BadInput, match="finds no comment"):
        apply_rule(db, KIDS, "empty", actor="dana")
    assert len(list_cleanings(db, KIDS)) == 1


def test_a_cleaning_is_undone_by_somebody_with_a_name(db, comments):
    cleaning = apply_rule(db, KIDS, "empty", actor="dana")
    with pytest.raises(BadInput, match="Nobody is named"):
        undo(db, cleaning.cleaning_id, dataset_id=KIDS, actor=" ")
    assert undo(db, cleaning.cleaning_id, dataset_id=KIDS, actor=" ana ").undone_by == "ana"


def test_an_unknown_dataset_is_not_found_rather_than_clean(db):
    with pytest.raises(NotFound, match="no dataset 'other'"):
        preview(db, "other", "empty")
    with pytest.raises(NotFound, match="no dataset 'other'"):
        apply_rule(db, "other", "empty", actor="dana")


def test_a_cleaning_is_undone_only_in_its_own_dataset(db, comments):
    create_dataset(db, "other", ("allow", "disallow"), actor="ana")
    cleaning = apply_rule(db, KIDS, "empty", actor="dana")
    with pytest.raises(Conflict, match=f"of the dataset '{KIDS}', not 'other'"):
        undo(db, cleaning.cleaning_id, dataset_id="other", actor="ana")
    assert [each.undone_at for each in list_cleanings(db, KIDS)] == [None]
    with pytest.raises(NotFound, match="no cleaning 99"):
        undo(db, 99, dataset_id=KIDS, actor="ana")
