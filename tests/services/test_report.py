import json
import re
from math import log

import pytest
from scipy.stats import fisher_exact

from domain.errors import BadInput
from services.evaluation.intervals import wilson
from services.evaluation.looks import note_look
from services.evaluation.score_reports import comments_near
from services.evaluation.scored import scored_run
from services.plain import plain
from services.reporting.drawings import intervals_drawing, roc_drawing
from services.reporting.facts import report_facts
from services.reporting.files import report_file
from services.reporting.report import model_report
from services.verbs.evaluation import evaluate_run
from services.verbs.reporting import report
from storage.models import get_run
from tests.documents import poisoned, read_page
from tests.hostile import FOR_BROWSERS, HOSTILE
from tests.released import CLOSE, EASY, GOLD, KIND, RUDE, STRICT, answered, model_of, one_sided, rows, ruled
from tests.stored_runs import labelled_dataset, relabel, stored_run

HARMLESS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "thead", "tbody", "tr", "th",
    "td", "div", "figure", "figcaption", "svg", "text", "line", "circle", "polyline", "polygon",
}  # fmt: skip
DRAWN = {
    "role", "aria-label", "width", "height", "viewbox", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r",
    "points", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "text-anchor",
    "transform",
}  # fmt: skip


@pytest.fixture
def ids(db):
    return rows(db)


@pytest.fixture
def run(db, ids):
    """Answers with scores: 8 of 80 rude ones missed, 4 of 120 kind ones marked, one not parsed."""
    said = answered(ids, missed=8, alarms=4, unparsed=1)
    sure = {"allow": (0.8, 0.2), "disallow": (0.1, 0.9)}
    scores = {number: sure[label] for number, label in said.items() if label}
    return stored_run(db, said, scores=scores)


def facts_of(db, run, **about):
    return report_facts(model_report(db, run, **about))


def test_the_report_says_of_a_run_what_evaluate_says(db, run):
    answer = plain(evaluate_run(db, run=run, actor="ana"))
    results = facts_of(db, run)["results"]
    assert results == {name: answer[name] for name in results}


def test_the_file_shows_the_numbers_of_evaluate(db, run):
    answer = plain(evaluate_run(db, run=run, actor="ana"))
    shown = read_page(report_file(facts_of(db, run), "html")).rows
    for each in answer["classes"]:
        numbers = [
            f"{each[name]['value']:.3f} ({each[name]['low']:.3f} to {each[name]['high']:.3f})"
            for name in ("precision", "recall", "f1")
        ]
        assert [each["label"], str(each["support"]), *numbers] in shown
    for name in ("accuracy", "macro_f1", "balanced_accuracy", "mcc"):
        told = f"{answer[name]['value']:.3f} ({answer[name]['low']:.3f} to {answer[name]['high']:.3f})"
        assert told in [cells[1] for cells in shown]
    assert ["disallow", "8", "71", "1"] in shown, "counts, with the unparsed in a column of their own"
    assert ["disallow", "10.0%", "88.8%", "1.2%"] in shown


def test_the_file_needs_no_network_and_runs_nothing(db, run):
    ruled(db, CLOSE)
    html = report_file(facts_of(db, run), "html")
    assert "default-src 'none'" in html
    assert not re.search(r"https?:|//|<script|<img|<link|<a |<iframe|@import|url\(|href|src=|\bon\w+=", html)
    page = read_page(html)
    assert page.tags.count("svg") == 4, "intervals, precision and recall, ROC, reliability"
    assert set(page.tags) <= HARMLESS


def test_no_name_label_or_comment_becomes_markup_in_a_report(db, ids, run):
    ruled(db, STRICT)
    plain_run = stored_run(db, answered(ids, missed=8), snapshot_id="snapshot-1")
    facts, with_curves = facts_of(db, plain_run), facts_of(db, run)
    cases = [(facts, payload) for payload in (*FOR_BROWSERS, *HOSTILE)]
    for told, payload in [*cases, (with_curves, "\n".join(FOR_BROWSERS))]:
        bad = poisoned(told, payload)
        page = read_page(report_file(bad, "html"))
        assert set(page.tags) <= HARMLESS, payload
        about = {"lang", "charset", "http-equiv", "content", "class"}
        assert set(page.attributes) <= about | DRAWN, payload
        markdown = re.sub(r"^> \*\*", "", report_file(bad, "md"), flags=re.MULTILINE)
        assert not re.search(r"(?<!\\)[<\[]", markdown), payload


def test_the_json_file_is_the_answer_of_the_verb(db, run, tmp_path):
    answer = plain(report(db, actor="ana", run=run))
    told = plain(report(db, actor="ana", run=run, out=str(tmp_path / "report.json")))
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == answer
    assert told["path"] == str(tmp_path / "report.json")


def test_a_report_is_written_in_three_formats_and_no_other(db, run, tmp_path):
    report(db, actor="ana", run=run, out=str(tmp_path / "report.md"))
    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith("# Report on baseline")
    with pytest.raises(BadInput, match="not written as '.pdf'"):
        report(db, actor="ana", run=run, out=str(tmp_path / "report.pdf"))
    assert not (tmp_path / "report.pdf").exists()


def test_without_a_policy_the_usual_numbers_come_first_and_nothing_is_judged(db, run):
    first = model_report(db, run).opening
    assert [each.title for each in first.numbers] == ["Accuracy", "Macro-F1", "Weakest recall"]
    assert (first.verdict, first.deciding) == (None, ())
    assert "no release policy" in first.unjudged
    assert [each.gold for each in first.marks] == ["disallow", "allow"], "the weakest recall first"


def test_answers_to_another_split_are_not_judged(db):
    ids = rows(db, split="validation")
    ruled(db, EASY)
    first = model_report(db, stored_run(db, answered(ids), split="validation")).opening
    assert first.verdict is None
    assert "answers to the validation split" in first.unjudged


def test_the_numbers_that_the_policy_names_come_first_the_failed_ones_before_the_others(db, run):
    ruled(db, [*EASY, {"clause": "unparsed", "at_most": 0.5}, *STRICT])
    first = model_report(db, run).opening
    assert [each.title for each in first.numbers] == [
        "Recall of disallow", "Accuracy", "Answers without a label",
    ]  # fmt: skip
    recall = first.numbers[0]
    assert (recall.outcome, recall.note, recall.n) == ("fail", "policy: at least 0.99", RUDE)
    assert [each.clause["clause"] for each in first.deciding] == ["recall"]


def test_an_interval_across_the_line_is_not_decidable_and_says_how_many_labels_would_decide(db, run):
    ruled(db, CLOSE)
    first = model_report(db, run).opening
    [number] = [each for each in first.numbers if each.title == "Recall of disallow"]
    share, z = 71 / RUDE, 1.959963984540054
    needed = z**2 * 0.9 * 0.1 / (share - 0.9) ** 2 - RUDE  # where Wilson's interval no longer holds 0.9
    told = int(re.search(r"about ([\d,]+) more", number.note).group(1).replace(",", ""))
    assert first.verdict.outcome == number.outcome == "not decidable"
    assert needed <= told < needed + 1
    assert number.note.endswith("would decide; as it stands it would fail")


def test_an_undecided_clause_says_the_direction_it_points_to(db, run):
    lines = {0.85: "pass", 0.9: "fail"}  # 71 of 80 are found
    ruled(db, [{"clause": "recall", "label": "disallow", "at_least": line} for line in lines])
    clauses = model_report(db, run).opening.verdict.clauses[1:]
    for each, would in zip(clauses, lines.values(), strict=True):
        assert each.finding.outcome == "not decidable"
        assert each.finding.why.endswith(f"would decide; as it stands it would {would}.")


def test_each_mark_of_the_chart_leads_to_the_misses_behind_it(db, run):
    flags = {"clause": "false_positive_rate", "label": "disallow", "at_most": 0.01}
    ruled(db, [*STRICT, flags, *EASY])
    marks = {each.title: each for each in model_report(db, run).opening.marks}
    assert (marks["Recall of disallow"].gold, marks["Recall of disallow"].predicted) == ("disallow", "")
    wrong = marks["False positives as disallow"]
    assert (wrong.gold, wrong.predicted, wrong.line, wrong.value) == ("", "disallow", 0.01, 4 / KIND)
    assert (marks["Accuracy"].gold, marks["Accuracy"].predicted) == ("", "")


def test_the_worst_slice_is_the_lowest_of_those_that_are_large_enough(db):
    long = ["a word " * 40] * 40
    texts = [*long, *["short"] * 60, *["of middling length, by far more than forty letters"] * 5]
    labels = ["allow", *["disallow"] * 104]
    ids = labelled_dataset(db, [(f"{text} {n}", labels[n]) for n, text in enumerate(texts)])
    said = dict(zip(ids, labels, strict=True)) | dict.fromkeys([*ids[1:11], *ids[100:]])
    worst = model_report(db, stored_run(db, said)).opening.worst
    assert (worst.by, worst.accuracy.successes, worst.accuracy.n) == ("length", 30, 40)


def german(db, wrong, of):
    """A run that is right but on so many of the first comments, which are German."""
    ids = rows(db)
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE comments SET language = 'de' WHERE comment_id <= ?", [ids[of - 1]])
    return stored_run(db, answered(ids, alarms=wrong, missed=8))


def test_a_small_slice_that_chance_hardly_explains_is_named_beside_the_worst_of_the_large_ones(db):
    facts = facts_of(db, german(db, wrong=6, of=8))
    found, worst = facts["opening"]["small_slice"], facts["opening"]["worst_slice"]
    assert worst["accuracy"]["n"] >= 30
    assert (found["by"], found["name"], found["wrong"], found["n"]) == ("language", "de", 6, 8)
    table = [[6, 2], [8, 184]]  # wrong and right, German and not: 14 of 200 wrong in all
    assert found["p_value"] == pytest.approx(fisher_exact(table, alternative="greater").pvalue)
    told = (
        "language de: 6 of 8 wrong (missed 6 “allow”), too few to judge (exact test alone p < 0.0001,"
        " not corrected"
    )
    assert found["sentence"].startswith(told)
    for format in ("html", "md"):
        file = report_file(facts, format).replace("\\", "").replace("&lt;", "<")
        assert told in file
        assert f"Too small for that search, and named at the top: {told}" in file


def test_a_small_slice_that_chance_explains_is_not_named(db):
    assert facts_of(db, german(db, wrong=1, of=8))["opening"]["small_slice"] is None


def test_a_label_without_a_comment_comes_before_all_else(db):
    ids = one_sided(db)
    ruled(db, EASY)
    facts = facts_of(db, stored_run(db, dict.fromkeys(ids, "allow") | dict.fromkeys(ids[:5], "disallow")))
    told = "Not one “disallow” comment is in the test split: nothing is known about it."
    assert facts["verdict"]["outcome"] == "not decidable"
    [first] = re.findall(r"## In short\n\n(.*)", report_file(facts, "md"))
    assert told in first.replace("\\", "")
    assert f'<h2>In short</h2>\n<p class="warning">{told}' in report_file(facts, "html")
    rude = ["disallow", "0", "undefined", "undefined", "undefined", "few"]
    assert rude in read_page(report_file(facts, "html")).rows


def test_a_label_of_which_another_system_answered_no_comment_is_said_to_be_unanswered(db, ids):
    facts = facts_of(db, stored_run(db, dict.fromkeys(ids[:KIND], "allow")))
    assert facts["opening"]["absent"].startswith("Not one “disallow” comment was answered of the test split")


def test_links_to_training_are_told_of_how_many_and_with_what_follows(db, run):
    assert "training comment: none of 200." in report_file(facts_of(db, run), "html")
    with db.writing("kids") as cursor:
        cursor.execute(
            "UPDATE snapshots SET manifest = json_merge_patch(manifest,"
            ' \'{"leaks_by_split": {"test": {"same_author": 7}}}\')'
        )
    html = report_file(facts_of(db, run), "html")
    assert "Comments of the test split that share something with a training comment: 7 of 200 same" in html
    assert "The numbers may flatter the model." in html
    with db.writing("kids") as cursor:  # as it was frozen before the splits were counted apart
        cursor.execute(
            "UPDATE snapshots SET manifest = json_merge_patch(manifest, '"
            '{"leaks_by_split": null, "leaks": {"same_author": 9},'
            ' "counts": {"validation": {"allow": 50}}}\')'
        )
    html = report_file(facts_of(db, run), "html")
    assert "validation and test together, that share something with a training comment: 9 of 250 same" in html


def test_of_another_system_the_report_does_not_say_what_it_learned_from(db, run):
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE models SET backend = 'imported'")
    html = report_file(facts_of(db, run), "html")
    assert "made elsewhere: what it learned from is not known" in html
    assert "trained on snapshot" not in html


def test_production_counts_by_the_labels_that_the_model_names(db, run):
    found = facts_of(db, run, base_rate=0.01, volume=10_000, seconds=36)["production"]
    recall, wrong = 71 / RUDE, 4 / KIND
    removed = 10_000 * (0.01 * recall + 0.99 * wrong)
    assert found["outlook"]["precision"]["value"] == pytest.approx(0.01 * recall / (removed / 10_000))
    assert found["outlook"]["removed"]["value"] == pytest.approx(removed)
    assert found["outlook"]["hours"]["value"] == pytest.approx(removed / 100)
    assert found["outlook"]["abusive_missed"]["value"] == pytest.approx(100 * 9 / RUDE)
    assert found["is_stated"]


def test_a_base_rate_that_nobody_stated_is_told_as_such(db, run):
    facts = facts_of(db, run)
    assert facts["production"]["traffic"]["base_rate"] == RUDE / (RUDE + KIND)
    assert "Nobody stated the share in real traffic" in report_file(facts, "html")
    assert "Nobody stated" not in report_file(facts_of(db, run, base_rate=0.01), "html")


def test_labels_that_cannot_be_the_unwanted_ones_are_refused(db, run):
    for unwanted in (["spam"], ["allow", "disallow"]):
        with pytest.raises(BadInput, match="cannot be the unwanted ones"):
            model_report(db, run, unwanted=unwanted)


def test_the_rival_is_the_newest_other_model_while_nothing_is_in_production(db, ids, run):
    snapshot = get_run(db, run).snapshot_id
    assert model_report(db, run).rival is None
    other = stored_run(db, answered(ids, missed=30), snapshot_id=snapshot, name="other")
    found = model_report(db, run).rival
    assert (found.is_champion, found.comparison.before.run_id) == (False, other)
    # 22 of the 30 rude ones are caught now; of the others four alarms and one answer without a label are new.
    assert (found.comparison.counts.fixed, found.comparison.counts.broken) == (22, 5)


def test_a_rival_may_have_answered_the_same_comments_in_another_snapshot(db, ids, run):
    other = stored_run(db, answered(ids, missed=30), name="other")
    assert get_run(db, other).snapshot_id != get_run(db, run).snapshot_id
    assert model_report(db, run).rival.comparison.before.run_id == other


def test_a_run_without_scores_has_no_curves_and_is_reported_all_the_same(db, ids):
    facts = facts_of(db, stored_run(db, answered(ids, missed=3)))
    assert facts["scores"] == []
    assert read_page(report_file(facts, "html")).tags.count("svg") == 1


def test_a_run_on_one_kind_of_comment_says_that_production_cannot_be_told(db, ids):
    facts = facts_of(db, stored_run(db, dict.fromkeys(ids[:KIND], "allow")))
    assert facts["production"] is None
    assert "nothing can be said of a day" in report_file(facts, "html")


def test_labels_with_few_comments_are_marked_in_words_too(db):
    labelled = [(f"c {n}", "allow" if n < 40 else "disallow") for n in range(45)]
    ids = labelled_dataset(db, labelled)
    facts = facts_of(db, stored_run(db, dict.fromkeys(ids, "allow")))
    html = report_file(facts, "html")
    assert '<tr class="few"><td>disallow</td><td>5</td><td>undefined</td>' in html
    assert "<tr><td>allow</td><td>40</td>" in html
    assert {(row[0], row[-1]) for row in read_page(html).rows} >= {("disallow", "few"), ("allow", "")}
    assert re.search(r"^\| disallow \| 5 .*\| few \|$", report_file(facts, "md"), flags=re.MULTILINE)


def test_as_many_misses_are_quoted_as_asked_the_surest_first(db, run):
    assert facts_of(db, run, comments=0)["surest_misses"] == []
    quoted = facts_of(db, run, comments=3)["surest_misses"]
    assert [each["score"] for each in quoted] == pytest.approx([0.9] * 3)


def test_a_mark_is_drawn_where_its_numbers_are():
    mark = {"title": "x", "value": 0.5, "low": 0.25, "high": 1.0, "line": 0.75, "outcome": "fail"}
    svg = intervals_drawing([mark])
    left, width = 220, 340
    assert f'cx="{left + width / 2:.1f}"' in svg
    ends = f'x1="{left + width / 4:.1f}" y1="23.0" x2="{left + width:.1f}"'
    assert ends in svg
    assert f'x1="{left + 0.75 * width:.1f}"' in svg


def test_the_roc_is_drawn_on_a_logarithmic_axis_that_begins_at_a_thousandth():
    curve = {"x": [0.0, 0.001, 0.1, 1.0], "y": [0.0, 0.5, 1.0, 1.0], "low": [0.0] * 4, "high": [1.0] * 4}
    line = re.findall(r'<polyline points="([^"]+)"', roc_drawing({"roc": curve}))[-1]
    at = [tuple(map(float, point.split(","))) for point in line.split()]
    assert at[0] == (46.0, 260.0)
    assert at[1] == (46.0, 135.0)
    assert at[2][0] == pytest.approx(46 + 250 * (1 - log(0.1) / log(0.001)), abs=0.1)
    assert at[3] == (296.0, 10.0)


def test_the_intervals_of_the_first_screen_are_those_of_wilson(db, run):
    ruled(db, CLOSE)
    mark = model_report(db, run).opening.marks[0]
    assert (mark.low, mark.high) == wilson(71, RUDE)


def test_the_model_of_the_release_is_the_one_that_is_reported(db, ids):
    ruled(db, EASY)
    model = model_of(db, answered(ids, missed=6, alarms=4))
    found = report(db, actor="ana", model=model)
    assert (found["model"]["model_id"], found["verdict"]["outcome"]) == (model, "pass")
    assert len(GOLD) == found["results"]["n"]


def test_the_comments_next_to_a_threshold_are_those_on_either_side_of_it(db, ids):
    said = answered(ids)
    scores = {number: (1 - place / 200, place / 200) for place, number in enumerate(ids)}
    scored = scored_run(db, stored_run(db, said, scores=scores))
    at = scored.scores[100, 1]
    near = comments_near(scored, "disallow", at, at, most=4)
    assert near == [ids[101], ids[100], ids[99], ids[98]], "two flagged by it, and the next two"
    assert comments_near(scored, "disallow", scored.scores[10, 1], scored.scores[12, 1]) == ids[12:9:-1]


def test_it_names_the_dataset_the_looks_and_what_people_reach(db, ids, run):
    note_look(db, run, station="review", actor="ana")
    relabel(db, dict.fromkeys(ids[:40], "allow"), annotator="ben")
    facts = facts_of(db, run)
    assert facts["dataset_title"] and facts["dataset_title"] in report_file(facts, "md")
    assert "was looked at once so far (review 1; by ana)" in facts["looks"]
    assert facts["people"]["n"] == 80 and facts["people_told"].startswith("People meet the label that the")
    text = report_file(facts, "md")
    assert "was looked at once" in text and "People meet the label" in text


def test_the_worst_slice_says_which_errors_it_has(db, run):
    facts = facts_of(db, run)
    worst = facts["opening"]["worst_slice"]
    assert "“disallow” taken for “allow”" in worst["errors"]
    assert worst["errors"] in report_file(facts, "json").replace('\\"', '"')
