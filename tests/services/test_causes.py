import pytest

from domain.errors import BadInput, NotFound
from services.evaluation import readings
from services.evaluation.causes import (
    as_dict,
    ceiling_told,
    findings,
    list_for_guideline,
    list_read,
    put_in_force,
)
from services.evaluation.readings import Said
from storage.audit import list_entries
from storage.comments import get_comment
from storage.readings import list_causes
from tests.stored_runs import labelled_dataset, stored_run


@pytest.fixture
def ids(db):
    return labelled_dataset(db, [(f"comment {n}", "disallow" if n % 4 == 0 else "allow") for n in range(40)])


@pytest.fixture
def run(db, ids):
    """Wrong on the first eight: four that it flags, two that it lets through, two without an answer."""
    answers = {n: "disallow" if place % 4 == 0 else "allow" for place, n in enumerate(ids)}
    wrong = ["allow", "disallow", None, "disallow", "allow", "disallow", None, "disallow"]
    answers |= dict(zip(ids, wrong, strict=False))
    return stored_run(db, answers)


def say(db, run, comment_id, answer, *, actor="ben", client_id=""):
    reading = readings.find_reading(db, run)
    said = readings.said_as(db, reading, comment_id, answer, client_id or f"{actor}:{comment_id}:{answer}")
    return readings.record(db, run, [said], actor=actor)


def frozen(place):
    return "disallow" if place % 4 == 0 else "allow"


def test_as_many_hits_as_misses_are_drawn_once_in_an_order_that_tells_nothing(db, run, ids):
    drawn = readings.start(db, run, actor="ana")
    assert (drawn.misses, drawn.hits) == (8, 8)
    assert readings.start(db, run, actor="ben", size=3, seed=9) == drawn
    queue = readings.desk_of(db, run, actor="ben", limit=100).queue
    are_misses = [comment.comment_id in ids[:8] for comment in queue]
    assert (len(queue), sum(are_misses)) == (16, 8)
    assert are_misses != sorted(are_misses)
    assert are_misses != sorted(are_misses, reverse=True)
    assert "blind reading drawn" in [entry.verb for entry in list_entries(db)]


def test_what_is_read_leaves_the_queue_of_its_reader_and_waits_for_a_second_one_unseen(db, run, ids):
    readings.start(db, run, actor="ana")
    say(db, run, ids[0], "guideline", actor="ben")
    first = readings.desk_of(db, run, actor="ben", limit=100)
    assert (first.done, first.waiting) == (1, 15)
    assert ids[0] not in [comment.comment_id for comment in first.queue]
    assert readings.desk_of(db, run, actor="ben", second=True).queue == ()
    second = readings.desk_of(db, run, actor="cleo", second=True)
    assert [comment.comment_id for comment in second.queue] == [ids[0]]
    assert (second.done, second.waiting) == (0, 1)


def test_the_cause_follows_from_what_the_blind_reader_said(db, run, ids):
    readings.start(db, run, actor="ana")
    answers = ["disallow", "disallow", "allow", "guideline", "context missing", "cannot be judged"]
    for number, answer in zip(ids, answers, strict=False):
        say(db, run, number, answer)
    found = findings(db, run)
    assert [row.cause for row in found.rows] == [
        "model", "label", "model", "guideline", "context missing", "cannot be judged",
    ]  # fmt: skip
    assert (found.causes["model"].successes, found.causes["model"].n) == (2, 6)
    assert (found.label_or_guideline.successes, found.label_or_guideline.n) == (2, 6)
    assert found.wrong_hits is None
    assert found.figures == ()  # no hit was read: nothing is known of most comments


def test_repairs_are_estimated_from_misses_and_hits_with_their_own_weights(db, run, ids):
    drawn = readings.start(db, run, actor="ana")
    hits = [
        c.comment_id
        for c in readings.desk_of(db, run, actor="ben", limit=100).queue
        if c.comment_id not in ids[:8]
    ]
    for place, number in enumerate(ids[:8]):
        say(db, run, number, "disallow" if place == 1 else frozen(place))
    for number in hits:
        right = frozen(ids.index(number))
        say(db, run, number, right if number != hits[0] else ("allow" if right == "disallow" else "disallow"))
    found = findings(db, run)
    assert (found.misses, found.hits, drawn.hits) == (8, 32, 8)
    accuracy = found.figures[0]
    assert (accuracy.name, accuracy.before.value) == ("accuracy", 32 / 40)
    assert accuracy.after.value == pytest.approx((32 + 1 - 32 / 8) / 40)  # a miss for itself, a hit for four
    assert accuracy.after.low < accuracy.after.value < accuracy.after.high
    assert (found.wrong_hits.successes, found.wrong_hits.n) == (1, 8)


def test_readers_who_differ_settle_nothing_and_are_counted(db, run, ids):
    readings.start(db, run, actor="ana")
    for number in ids[:2]:
        say(db, run, number, "disallow", actor="ben")
    say(db, run, ids[0], "disallow", actor="cleo")
    say(db, run, ids[1], "allow", actor="cleo")
    found = findings(db, run)
    assert [(row.cause, row.readers) for row in found.rows] == [
        ("model", ("ben", "cleo")), ("readers disagree", ("ben", "cleo")),
    ]  # fmt: skip
    assert (found.agreed.successes, found.agreed.n) == (1, 2)


def test_an_answer_is_appended_counted_once_and_can_be_taken_back_by_its_reader_only(db, run, ids):
    reading = readings.start(db, run, actor="ana")
    for _ in range(2):
        say(db, run, ids[0], "allow", client_id="one")
    say(db, run, ids[0], "guideline", client_id="two")
    assert [each.kind for each in list_causes(db, reading.reading_id)] == ["guideline"]
    with pytest.raises(BadInput, match="not yours"):
        readings.record(db, run, [Said(ids[0], "undo", "three", undoes="two")], actor="cleo")
    readings.record(db, run, [Said(ids[0], "undo", "three", undoes="two")], actor="ben")
    assert [each.label for each in list_causes(db, reading.reading_id)] == ["allow"]


def test_wrong_labels_go_into_force_for_misses_and_hits_alike_with_their_readers(db, run, ids):
    readings.start(db, run, actor="ana")
    hit = next(
        c.comment_id
        for c in readings.desk_of(db, run, actor="ben", limit=99).queue
        if c.comment_id not in ids[:8]
    )
    other = "allow" if frozen(ids.index(hit)) == "disallow" else "disallow"
    say(db, run, ids[1], "disallow")
    say(db, run, hit, other)
    say(db, run, ids[3], "guideline")
    assert sorted(put_in_force(db, run, actor="lena")) == sorted([ids[1], hit])
    assert put_in_force(db, run, actor="lena") == []
    comment = get_comment(db, hit)
    assert (comment.label, comment.label_from) == (other, "adjudicated")
    assert "by ben" in list_entries(db)[-1].details
    assert [c.comment_id for c in list_for_guideline(db, "kids")] == [ids[3]]
    assert [row.comment_id for row, _ in list_read(db, findings(db, run), "guideline")] == [ids[3]]


@pytest.mark.parametrize("answer", ["spam", "model", ""])
def test_an_answer_that_is_none_is_refused(db, run, ids, answer):
    readings.start(db, run, actor="ana")
    with pytest.raises(BadInput, match="no answer"):
        say(db, run, ids[0], answer)


def test_a_comment_that_was_not_drawn_is_refused_and_so_is_a_reading_that_was_not_started(db, run, ids):
    with pytest.raises(NotFound, match="Nothing of run-1"):
        findings(db, run)
    readings.start(db, run, actor="ana")
    with pytest.raises(BadInput, match="not in the reading"):
        readings.record(db, run, [Said(999, "guideline", "x")], actor="ben")
    with pytest.raises(BadInput, match="cannot be the right label"):
        readings.record(db, run, [Said(ids[0], "label", "x", "spam")], actor="ben")


def test_a_run_without_a_miss_has_nothing_to_read(db, ids):
    perfect = stored_run(db, {number: frozen(place) for place, number in enumerate(ids)})
    with pytest.raises(BadInput, match="no miss"):
        readings.start(db, perfect, actor="ana")
    with pytest.raises(BadInput, match="cannot be drawn"):
        readings.start(db, perfect, actor="ana", size=0)


def test_the_findings_can_be_told_as_json(db, run, ids):
    readings.start(db, run, actor="ana")
    say(db, run, ids[1], "disallow")
    told = as_dict(findings(db, run))
    assert (told["read_misses"], told["read_hits"], told["figures"]) == (1, 0, [])
    assert told["rows"][0]["right"] == "disallow"


def test_the_ceiling_is_told_as_far_as_it_is_known(db, run, ids):
    assert "Nobody has read the misses blind" in ceiling_told(db, run)
    readings.start(db, run, actor="ana")
    assert "no miss of it read yet" in ceiling_told(db, run)
    say(db, run, ids[1], "disallow")
    told = ceiling_told(db, run)
    assert told.startswith("Of 1 misses that were read blind, 1 are the fault of the label or the guideline")
    assert "labels repaired" not in told
    queue = readings.desk_of(db, run, actor="ben", limit=100).queue
    hit = next(each.comment_id for each in queue if each.comment_id not in ids[:8])
    say(db, run, hit, frozen(ids.index(hit)))
    after = findings(db, run).figures[0].after
    assert f"the accuracy would be {after.value:.3f}" in ceiling_told(db, run)
    assert "instead of 0.800" in ceiling_told(db, run)
