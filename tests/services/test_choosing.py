import pytest

from domain.errors import BadInput, NotFound
from services.evaluation import choosing
from services.evaluation.reports import evaluate, repaired_told
from services.evaluation.reviews import misses, review
from services.evaluation.score_reports import score_report
from services.evaluation.thresholds import Traffic, flagged, rule_of
from services.reporting.production import in_use, production, unwanted_labels
from storage import predictions
from storage.thresholds import count_looks
from tests.stored_runs import labelled_dataset, relabel, stored_run

GOLD = ["allow", "disallow"] * 20
TRAFFIC = Traffic(0.05, volume=1000, seconds_per_review=6)


def score_at(place):
    """Of "disallow": high for most of it; four of either kind lie on the wrong side."""
    wrong = place % 10 in (0, 1) and place < 40
    return 0.01 * place / 40 + (0.7 if (place % 2 == 1) != wrong else 0.2)


def answered(ids, gold, *, without=()):
    scores = {
        number: (1 - score_at(place), score_at(place))
        for place, number in enumerate(ids)
        if place not in without
    }
    answers = {number: None if place in without else gold[place] for place, number in enumerate(ids)}
    return answers, scores


@pytest.fixture
def runs(db):
    """A validation and a test run of forty comments each; three answers of validation have no scores."""
    half = [(f"validation {place}", label) for place, label in enumerate(GOLD)]
    ids = labelled_dataset(db, half, split="validation")
    with db.writing("kids") as cursor:
        others = [
            cursor.execute(
                "INSERT INTO comments SELECT nextval('comment_ids'), 'kids', 1, $name, $name, NULL, NULL,"
                " NULL, NULL, 'en', NULL, 'test', hash($name), [], NULL, 'test', 'test', NULL"
                " RETURNING comment_id",
                {"name": f"test {place}"},
            ).fetchone()[0]
            for place in range(40)
        ]
    relabel(db, dict(zip(others, GOLD, strict=True)), round_=2)
    answers, scores = answered(ids, GOLD, without=(3, 4, 5))
    validation = stored_run(db, answers, split="validation", scores=scores)
    answers, scores = answered(others, GOLD)
    test = stored_run(db, answers, split="test", scores=scores, snapshot_id="snapshot-1")
    with db.writing("kids") as cursor:  # both answer sets are of one model
        cursor.execute("UPDATE runs SET model_id = 'model-1'")
    return validation, test


@pytest.fixture
def bench(db, runs):
    return choosing.bench_of(db, runs[0], ["disallow"])


def test_a_test_run_is_refused_before_a_label_of_it_is_read(db, runs, monkeypatch):
    read = []
    monkeypatch.setattr(
        "services.evaluation.scored.list_predictions",
        lambda *given: read.append(given) or predictions.list_predictions(*given),
    )
    with pytest.raises(BadInput, match="validation only"):
        choosing.bench_of(db, runs[1], ["disallow"])
    assert read == []
    choosing.bench_of(db, runs[0], ["disallow"])
    assert len(read) == 1


def test_what_a_threshold_does_is_counted_comment_by_comment(bench):
    choice = choosing.choose(bench, rule_of("at=0.5"), TRAFFIC)
    hit = flagged(bench.scores, 0.5)
    positive = bench.scored.gold == 1
    assert choice.tally.removed_positives == (hit & positive).sum()
    assert choice.tally.removed_negatives == (hit & ~positive).sum()
    assert (choice.tally.positives, choice.tally.negatives, choice.tally.unscored) == (20, 20, 3)


def test_answers_without_a_label_are_kept_whatever_the_threshold(bench):
    everything = choosing.choose(bench, rule_of("at=-1"), TRAFFIC).tally
    assert everything.kept_positives + everything.kept_negatives == everything.unscored == 3


@pytest.mark.parametrize("unwanted", [[], ["allow", "disallow"], ["spam"], ["allow", "allow"]])
def test_labels_that_cannot_be_the_unwanted_ones_are_refused(db, runs, unwanted):
    with pytest.raises(BadInput):
        choosing.bench_of(db, runs[0], unwanted)


def test_a_run_without_scores_says_why_it_has_no_threshold(db, runs):
    ids = [number for number in range(1, 41)]
    bare = stored_run(db, dict(zip(ids, GOLD, strict=True)), split="validation", snapshot_id="snapshot-1")
    with pytest.raises(BadInput, match="labels and no scores"):
        choosing.bench_of(db, bare, ["disallow"])


def test_five_comments_on_either_side_of_the_line_are_shown_nearest_to_it(db, bench):
    found = choosing.crossing(db, bench, 0.5)
    assert [each.is_flagged for each in found] == [True] * 5 + [False] * 5
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert (
        min(each.score for each in found if each.is_flagged) == bench.scores[flagged(bench.scores, 0.5)].min()
    )
    assert {each.body: each.gold for each in found}.items() <= {
        f"validation {place}": gold for place, gold in enumerate(GOLD)
    }.items()
    for threshold, sides in ((-1.0, {True}), (2.0, {False})):
        assert {each.is_flagged for each in choosing.crossing(db, bench, threshold)} == sides


def test_a_frozen_threshold_is_kept_as_it_was_with_who_and_why(db, bench):
    rule = rule_of("recall-at-precision=0.2")
    frozen = choosing.freeze(db, bench, rule, TRAFFIC, why="  the pilot asks for it ", actor="ana")
    choice = choosing.choose(bench, rule, TRAFFIC)
    [kept] = choosing.list_frozen(db, "kids")
    assert kept.threshold == frozen == choosing.get_frozen(db, "threshold-1").threshold
    assert (frozen.why, frozen.created_by, frozen.rule) == ("the pilot asks for it", "ana", str(rule))
    assert frozen.upper_score == choice.cut.upper
    assert kept.validation == choice
    assert (kept.test, kept.look, kept.looks) == (None, None, {})


@pytest.mark.parametrize("why", ["", "  ", "x" * 2001])
def test_no_threshold_is_frozen_without_a_reason(db, bench, why):
    with pytest.raises(BadInput, match="reason"):
        choosing.freeze(db, bench, rule_of("at=0.5"), TRAFFIC, why=why, actor="ana")
    assert choosing.list_frozen(db) == []


def test_the_test_split_is_told_once_and_the_look_is_counted(db, runs, bench):
    choosing.freeze(db, bench, rule_of("at=0.5"), TRAFFIC, why="pilot", actor="ana")
    first = choosing.report_on_test(db, "threshold-1", actor="ana")
    assert first.look.run_id == runs[1]
    assert (first.test.tally.positives, first.test.tally.unscored) == (20, 0)
    with db.writing("kids") as cursor:  # were test read again, this would show
        cursor.execute("UPDATE predictions SET scores = [1, 0]")
    again = choosing.report_on_test(db, "threshold-1", actor="ben")
    assert again == first
    assert again.looks == {"ana": 1}


def test_each_threshold_that_is_reported_is_one_more_look_at_that_test_split(db, bench):
    for place, who in enumerate(("ana", "ben", "ana")):
        choosing.freeze(db, bench, rule_of(f"at=0.{place + 2}"), TRAFFIC, why="pilot", actor=who)
        choosing.report_on_test(db, f"threshold-{place + 1}", actor=who)
    assert count_looks(db, ["snapshot-1"]) == {"ana": 2, "ben": 1}
    assert count_looks(db, ["snapshot-2"]) == {}


def test_a_model_that_has_not_answered_test_has_nothing_to_report(db, runs, bench):
    choosing.freeze(db, bench, rule_of("at=0.5"), TRAFFIC, why="pilot", actor="ana")
    with db.writing("kids") as cursor:
        cursor.execute("DELETE FROM runs WHERE run_id = $run_id", {"run_id": runs[1]})
    with pytest.raises(NotFound, match="has not answered the test split"):
        choosing.report_on_test(db, "threshold-1", actor="ana")
    with pytest.raises(NotFound, match="threshold-9"):
        choosing.report_on_test(db, "threshold-9", actor="ana")


def test_the_temperature_that_validation_asks_for_is_frozen_and_used_on_test(db, runs):
    bench = choosing.bench_of(db, runs[0], ["disallow"], repaired=True)
    plain = choosing.bench_of(db, runs[0], ["disallow"])
    assert bench.temperature is not None
    cut = choosing.choose(bench, rule_of("recall-at-fpr=0.3"), TRAFFIC).cut
    assert cut.upper != choosing.choose(plain, rule_of("recall-at-fpr=0.3"), TRAFFIC).cut.upper
    frozen = choosing.freeze(db, bench, rule_of("recall-at-fpr=0.3"), TRAFFIC, why="pilot", actor="ana")
    assert frozen.temperature == bench.temperature
    assert choosing.report_on_test(db, "threshold-1", actor="ana").test.tally.removed_positives > 0


def test_comments_that_the_model_learned_from_are_counted(db, runs, bench):
    assert bench.seen_in_training == 0
    with db.writing("kids") as cursor:
        cursor.execute("INSERT INTO snapshot_rows SELECT 'snapshot-1', 1, 'allow', 'single', 'train'")
    assert choosing.bench_of(db, runs[0], ["disallow"]).seen_in_training == 1


def test_the_scores_of_a_test_run_are_reported_with_repairs_from_validation(db, runs):
    on_test, on_validation = (score_report(db, run_id, "disallow") for run_id in reversed(runs))
    assert [each.name for each in on_test.repairs] == ["as they are", "temperature", "isotonic"]
    assert on_validation.repairs == ()
    assert on_validation.unscored == 3
    assert on_validation.calibration.n == 37


def test_scores_that_claim_no_probability_have_curves_and_a_sentence(db, runs):
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE runs SET score_kind = 'decision'")
    found = score_report(db, runs[0], "disallow")
    assert found.calibration is None
    assert "claim to be no probabilities" in found.not_calibrated
    assert 0.5 < found.area.auc.value <= 1


def test_evaluate_counts_its_day_at_the_threshold_that_is_frozen(db, runs, bench):
    validation, test = runs
    found = evaluate(db, test)
    by_label = production(found, unwanted_labels(found.table.labels, None), base_rate=0.05)
    assert by_label.threshold is None and "whatever is given “disallow”" in by_label.rule
    assert "20" not in by_label.warning  # somebody stated the share
    assert in_use(db, test) is None
    frozen = choosing.freeze(db, bench, rule_of("at=0.75"), TRAFFIC, why="for a week", actor="ana")
    held = in_use(db, test)
    day = production(found, ("allow",), held=held, base_rate=0.05, volume=1000, seconds=6)
    told = choosing.report_on_test(db, frozen.threshold_id, actor="ana").test
    assert (day.threshold, day.unwanted) == (frozen.threshold_id, ("disallow",))
    assert (day.tally, day.outlook, day.sentence) == (told.tally, told.outlook, told.sentence)
    assert f"at the frozen {frozen.threshold_id}" in day.rule
    assert "40 comments of the test split of snapshot-1" in day.rule
    assert production(found, ("disallow",)).warning.startswith("Nobody stated the share")
    assert "of the test split" in production(found, ("disallow",)).warning


def test_labels_that_a_review_changed_before_the_freeze_are_told(db, runs):
    validation, _ = runs
    [missed] = [each for each in misses(db, validation, limit=5) if each.predicted is None][:1] or [None]
    review(
        db, run_id=validation, comment_id=missed.comment.comment_id, verdict="label wrong",
        label="allow" if missed.gold == "disallow" else "disallow", why="read again", client_id="r1",
        actor="ana",
    )  # fmt: skip
    assert evaluate(db, validation).data.repaired == 0  # the frozen label is what it was
    answers = {each.comment.comment_id: "allow" for each in misses(db, validation, limit=5)}
    again = stored_run(db, answers, split="validation")
    assert evaluate(db, again).data.repaired == 1
    assert "changed by somebody who had read a model's misses" in repaired_told(1, "validation")
    assert repaired_told(0, "validation") == ""
