import pytest

from domain.errors import BadInput, NotFound
from services.curation.datasets import create_dataset
from services.evaluation.saved_slices import list_saved_slices, save_slice
from services.evaluation.slices import USUAL_SLICINGS, slice_misses, slices
from services.evaluation.slicing import find_worst_slices, identity_report, slices_told
from storage.slices import SLICE_SQL
from tests.stored_runs import labelled_dataset, relabel, stored_run

HOSTILE = "=cmd|'/c calc'!A1 <b>"


@pytest.fixture
def ids(db):
    """240 comments; every fourth mentions a gay neighbour and every second is in German."""
    pairs = [
        (
            f"{'my gay neighbour' if n % 4 == 0 else 'somebody'} said number {n}",
            ("allow", "disallow")[n % 3 == 0],
        )
        for n in range(240)
    ]
    found = labelled_dataset(db, pairs)
    with db.writing("kids") as cursor:
        cursor.execute(
            """
            UPDATE comments
            SET
              language = CASE WHEN (comment_id - $first) % 2 = 0 THEN 'en' ELSE 'de' END,
              posted_at = CASE WHEN comment_id - $first < 120 THEN '2026-01-15' ELSE '2026-02-15' END
            """,
            {"first": found[0]},
        )
    return found


def gold(n):
    return ("allow", "disallow")[n % 3 == 0]


def run_with(db, ids, wrong, **about):
    """A run that is wrong on the comments of those places, with scores to match its labels."""
    other = {"allow": "disallow", "disallow": "allow"}
    said = {number: other[gold(n)] if wrong(n) else gold(n) for n, number in enumerate(ids)}
    scores = {number: (0.9, 0.1) if label == "allow" else (0.2, 0.8) for number, label in said.items()}
    return stored_run(db, said, scores=scores, **about)


def test_the_worst_slice_is_named_with_the_comments_behind_it(db, ids):
    run = run_with(db, ids, lambda n: n % 2 == 1 and n % 3 == 1)
    found = find_worst_slices(db, run)
    first = found.worse[0]
    assert found.name(first) == "language: de"
    assert (first.inside.successes, first.inside.n, first.outside.successes) == (40, 120, 0)
    assert found.comments(first) == [ids[n] for n in range(240) if n % 2 == 1 and n % 3 == 1]
    assert "Most surely: language: de, 33% of 120, elsewhere 0%." in found.sentence
    assert "parts of 30 or more comments were looked at, smaller ones were not." in found.sentence


def test_among_the_comments_of_one_label_wrong_means_missed(db, ids):
    run = run_with(db, ids, lambda n: n % 3 == 0 and n < 120)
    found = find_worst_slices(db, run, label="disallow")
    assert found.wrong.n == 80
    assert found.name(found.worse[0]) == "month: 2026-01"
    assert (
        "missed “disallow”"
        in find_worst_slices(db, run_with(db, ids, lambda n: False), label="disallow").sentence
    )


def test_a_run_without_a_pattern_raises_no_alarm(db, ids):
    assert find_worst_slices(db, run_with(db, ids, lambda n: n % 7 == 0)).worse == ()


def test_comments_with_a_text_can_be_a_slice(db, ids):
    found = find_worst_slices(db, run_with(db, ids, lambda n: n >= 200), contains="Number 2")
    names = {found.name(each) for each in found.search.found}
    assert "contains: Number 2" in names


def test_authors_of_the_training_split_are_known_and_others_new(db, ids):
    run = run_with(db, ids, lambda n: False)
    with db.writing("kids") as cursor:  # the model learned from comments of the first hundred authors
        cursor.execute(
            "INSERT INTO snapshot_rows SELECT 'snapshot-9', comment_id, 'allow', 'single', 'train'"
            " FROM comments WHERE comment_id <= $last",
            {"last": ids[99]},
        )
        cursor.execute("UPDATE models SET snapshot_id = 'snapshot-9'")
    found = {each.name: each.table.n for each in slices(db, run, ("author",))}
    assert found == {"seen in training": 100, "not seen in training": 140}


def test_agreement_is_that_of_the_votes_at_the_freeze(db, ids):
    relabel(db, {number: gold(n) for n, number in enumerate(ids[:60])}, annotator="ben")
    relabel(db, dict.fromkeys(ids[60:90], "allow"), annotator="ben")
    relabel(db, {number: gold(n) for n, number in enumerate(ids[:90]) if n >= 60}, annotator="eve")
    run = run_with(db, ids, lambda n: False)
    before = {each.name: each.table.n for each in slices(db, run, ("agreement",))}
    assert before == {"all agree": 60 + 20, "not all agree": 10, "one vote": 150}
    relabel(db, dict.fromkeys(ids, "disallow"), annotator="cleo")
    assert {each.name: each.table.n for each in slices(db, run, ("agreement",))} == before


def test_every_comment_is_in_one_slice_of_each_kind(db, ids):
    run = run_with(db, ids, lambda n: n % 5 == 0)
    # Where a policy names none it means what it meant before there were more.
    assert {each.by for each in slices(db, run)} == set(USUAL_SLICINGS)
    found = slices(db, run, tuple(SLICE_SQL))
    assert {
        kind: sum(each.table.n for each in found if each.by == kind) for kind in SLICE_SQL
    } == dict.fromkeys(SLICE_SQL, 240)


def test_a_name_from_a_file_stays_text(db, ids):
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE comments SET language = $name WHERE language = 'de'", {"name": HOSTILE})
    told = slices_told(db, run_with(db, ids, lambda n: n % 2 == 1))
    assert told["worst"][0]["name"] == f"language: {HOSTILE}"


def test_mentions_are_judged_by_the_label_until_a_threshold_is_frozen(db, ids):
    run = run_with(db, ids, lambda n: n % 4 == 0 and n % 3 != 0)
    found = identity_report(db, run)
    assert (found.unwanted, found.at) == (("disallow",), "the label that the model names")
    [term] = found.bias.terms
    assert (term.term, term.positives, term.negatives, term.bpsn) == ("gay", 20, 40, None)
    assert (term.false_positives.successes, term.gap.value) == (40, 1.0)


def test_the_answer_travels_as_json_and_says_why_there_is_no_bias(db, ids):
    said = {number: gold(n) for n, number in enumerate(ids)}
    told = slices_told(db, stored_run(db, said))
    assert told["identity"] is None and "no scores" in told["identity_why_not"]
    assert told["wrong"]["n"] == 240 and told["looked_at"] > 5


def test_what_is_not_there_is_named(db, ids):
    run = run_with(db, ids, lambda n: False)
    with pytest.raises(BadInput, match="no label 'spam'"):
        find_worst_slices(db, run, label="spam")
    with pytest.raises(NotFound, match="run-99"):
        find_worst_slices(db, "run-99")


def test_a_saved_slice_is_looked_at_in_every_search_until_it_is_taken_away(db, ids):
    run = run_with(db, ids, lambda n: 40 <= n < 80)
    save_slice(db, "kids", "winter %_", {"since": "2026-01-01", "before": "2026-02-01"}, actor="ana")
    save_slice(
        db,
        "kids",
        "winter %_",
        {"since": "2026-01-01", "before": "2026-02-01", "contains": "SAID"},
        actor="ben",
    )
    found = find_worst_slices(db, run)
    [saved] = [each for each in found.search.found if found.name(each) == "saved: winter %_"]
    assert (saved.inside.successes, saved.inside.n) == (40, 120)
    assert [each.created_by for each in list_saved_slices(db, "kids")] == ["ben"]
    save_slice(db, "kids", "winter %_", {}, actor="ana")
    assert list_saved_slices(db, "kids") == []
    found = find_worst_slices(db, run)
    assert not any("saved" in found.name(each) for each in found.search.found)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("", {"language": "de"}),
        ("x", {"colour": "red"}),
        ("x", {"since": "yesterday"}),
        ("x", {"import": "1 OR 1=1"}),
        ("x", {"contains": " "}),
        ("nobody", {}),
    ],
)
def test_a_slice_that_cannot_be_saved_is_refused(db, name, wanted):
    create_dataset(db, "kids", ("allow", "disallow"), actor="ana")
    with pytest.raises(BadInput):
        save_slice(db, "kids", name, wanted, actor="ana")


def test_the_errors_of_a_slice_are_its_own_the_surest_first(db, ids):
    run = run_with(db, ids, lambda n: n % 5 == 0)
    german = [ids[n] for n in range(240) if n % 2 == 1 and n % 5 == 0]
    found = slice_misses(db, run, "language", "de")
    assert sorted(found) == german
    flagged = {ids[n]: gold(n) == "disallow" for n in range(240)}
    assert [flagged[number] for number in found] == sorted((flagged[each] for each in german), reverse=True)
    assert slice_misses(db, run, "language", "de", limit=3) == found[:3]
    for each in slices(db, run, tuple(SLICE_SQL)):
        assert len(slice_misses(db, run, each.by, each.name, limit=240)) == each.table.n - each.table.correct
    with pytest.raises(NotFound, match="not divided by 'colour'"):
        slice_misses(db, run, "colour", "red")
