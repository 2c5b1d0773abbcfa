import pytest

from domain.labels import Vote
from services.labelling import adjudication
from services.labelling.desk import record_votes
from services.labelling.queues import list_queues
from storage.comments import list_comment_ids
from tests.building import KIDS, kids, put_in


@pytest.fixture
def comments(db):
    """Forty comments whose text is hostile."""
    kids(db, votes_needed=2)
    put_in(
        db,
        [{"id": f"c{place:02}", "text": f"<b>*text* {place}", "author": f"a{place}"} for place in range(40)],
    )
    return [number for _, number in sorted(list_comment_ids(db, KIDS).items())]


@pytest.fixture
def voted(db, comments):
    """Ana and b*n label all of them; they disagree on every eighth."""
    for person, shift in (("ana", 0), ("b*n", 1)):
        labels = ["disallow" if (place % 2) != (shift and place % 8 == 0) else "allow" for place in range(40)]
        votes = [
            Vote(number, person, "label", f"{person}:{number}", label, seconds=3.0)
            for number, label in zip(comments, labels, strict=True)
        ]
        record_votes(db, KIDS, votes, actor=person)
    return comments


def words(at):
    return " ".join(str(each.value) for each in [*at.markdown, *at.caption, *at.text, *at.info, *at.success])


def test_without_a_vote_the_page_says_what_to_do(open_page, comments):
    at = open_page("agreement")
    assert not at.exception
    assert "Nobody has labelled anything here yet" in words(at)


def test_with_one_annotator_the_page_asks_for_a_second(open_page, db, comments):
    record_votes(db, KIDS, [Vote(comments[0], "ana", "label", "1", "allow")], actor="ana")
    assert "No comment has the votes of two people yet" in words(open_page("agreement"))


def test_four_coefficients_with_intervals_and_the_sentence(open_page, voted):
    at = open_page("agreement")
    assert not at.exception
    assert [each.label for each in at.metric] == [
        "Krippendorff's alpha, nominal",
        "Raw agreement",
        "Fleiss' kappa",
        "Gwet's AC1",
    ]
    assert at.metric[1].value == "0.875"
    assert "40 comments with two votes or more, 80 votes of 2 people" in words(at)
    assert "the interval crosses a customary line" in words(at)


def test_a_cell_of_the_pair_opens_its_comments_as_text(open_page, voted):
    at = open_page("agreement", said="allow", answered="disallow")
    assert not at.exception
    behind = at.dataframe[-1].value
    assert list(behind["text"]) == [f"<b>*text* {place}" for place in range(0, 40, 8)]
    assert "5 of 5 comments" in words(at)


def test_the_level_is_part_of_the_address(open_page, voted):
    assert open_page("agreement", level="ordinal").metric[0].label == "Krippendorff's alpha, ordinal"


def test_annotators_are_told_with_n(open_page, voted):
    at = open_page("agreement", part="Annotators")
    assert not at.exception
    told = at.dataframe[0].value.set_index("annotator")
    assert list(told.loc["ana", ["labels", "n", "median seconds"]]) == ["40", "40", "3.0"]


def test_who_voted_is_told_to_leave_the_decision_to_others(open_page, voted):
    at = open_page("agreement", part="Disagreements")
    assert not at.exception
    assert "5 comments on which people disagree; 0 you may decide" in words(at)
    assert "You voted on all of these" in words(at)


def test_somebody_else_decides_with_a_reason_and_can_take_it_back(open_page, db, voted):
    at = open_page("agreement", part="Disagreements")
    at.session_state["person"] = "lena"
    at.run()
    assert not at.exception
    first = voted[0]
    decide = next(each for each in at.button if each.label == "Decide")
    at.radio(key=f"adjudicating_label_{first}").set_value("disallow")
    decide.click().run()
    assert "needs a reason" in at.error[0].value
    at.text_input(key=f"adjudicating_why_{first}").set_value("rule 2")
    next(each for each in at.button if each.label == "Decide").click().run()
    assert not at.exception and not at.error
    assert "4 comments on which people disagree" in words(at)
    assert adjudication.count_disputes(db, KIDS, actor="lena").disputed == 4
    at.button(key="adjudicating_undo").click().run()
    assert adjudication.count_disputes(db, KIDS, actor="lena").disputed == 5


def test_an_aggregation_is_run_and_shown_beside_the_labels_in_force(open_page, voted):
    at = open_page("agreement", part="Aggregation")
    at.text_input(key="aggregating_name").set_value("<i>first")
    next(each for each in at.button if each.label == "Aggregate").click().run()
    assert not at.exception and not at.error
    assert "40 comments, of which" in words(at)
    assert list(at.dataframe[-1].value["annotator"]) == ["ana", "b*n"]


def test_suspects_are_listed_and_become_a_queue(db, open_page, voted):
    at = open_page("agreement", part="Suspects")
    assert not at.exception and "Take a snapshot first" in at.info[0].value
    number = list_comment_ids(db, KIDS)["c01"]
    with db.writing(KIDS) as cursor:
        cursor.execute(
            "INSERT INTO jobs (job_id, kind, dataset_id, snapshot_id, spec, state, message, created_at,"
            " created_by, absorbed_at) VALUES ('job-9', 'find_suspects', ?, 'snapshot-1', '{}', 'succeeded',"
            " '', now()::TIMESTAMP, 'ana', now()::TIMESTAMP)",
            [KIDS],
        )
        cursor.execute(
            "INSERT INTO suspects VALUES ('job-9', ?, 1, ?, 'allow', 'disallow', 0.04, 0.96)", [KIDS, number]
        )
    at = open_page("agreement", part="Suspects")
    assert "1 suspects" in words(at)
    assert list(at.dataframe[-1].value["rather"]) == ["disallow"]
    at.button(key="suspects_queue").click().run()
    assert not at.exception and not at.error
    assert [queue.settings.order for queue in list_queues(db, KIDS)] == ["suspected"]
