"""A report in the order of a lead's questions, as headings, lines, tables and drawings."""

from collections.abc import Mapping
from typing import Any

from domain.text import shortened
from services.evaluation.confusion import UNPARSED
from services.evaluation.intervals import SMALL_N
from services.evaluation.reports import labels_told, leaks_told, repaired_told, unparsed_told
from services.release.card_sections import OUTCOME_WORDS, WIDENED
from services.release.deciding import URGENCY
from services.release.documents import Drawing, Section, Table, pairs
from services.release.result_tables import (
    averages_table,
    classes_table,
    clauses_table,
    matrix_table,
    shown,
)
from services.reporting.drawings import (
    intervals_drawing,
    precision_recall_drawing,
    reliability_drawing,
    roc_drawing,
)
from storage.imported_scores import BACKEND as IMPORTED

Told = Mapping[str, Any]

_HOURS = "Hours a day, if what is flagged is read first"
_QUOTED = 300  # characters of a comment


def title_of(report: Told) -> str:
    """The report's own heading."""
    return f"Report on {report['model']['name']}, {report['dataset_title']}, {report['judged_on']}"


def sections_of(report: Told) -> tuple[Section, ...]:
    """The report, what decides first."""
    return (
        _first(report),
        _policy(report),
        _data(report),
        _labels(report),
        *map(_scores, report["scores"]),
        _failures(report),
        _production(report),
        _rival(report),
        _method(report),
    )


def _first(report: Told) -> Section:
    verdict, worst = report["verdict"], report["opening"]["worst_slice"]
    numbers = tuple(
        (each["title"], shown(each["number"]), f"{each['n']:,}", _note(each))
        for each in report["opening"]["numbers"]
    )
    if worst is not None:
        words = f"Worst slice of {worst['among']:,}: {_spaced(worst['by'])} {worst['name']}"
        note = f"accuracy; its errors: {worst['errors'] or 'none'}"
        numbers += ((words, shown(worst["accuracy"]), f"{worst['accuracy']['n']:,}", note),)
    if small := report["opening"]["small_slice"]:
        words = f"Small slice: {_spaced(small['by'])} {small['name']}"
        numbers += ((words, f"{small['wrong']:,} wrong", f"{small['n']:,}", small["sentence"]),)
    said = f"{OUTCOME_WORDS[verdict['outcome']]}. {verdict['sentence']}" if verdict else report["unjudged"]
    seen = report["results"]["data"]["seen_in_training"]
    learned = f"The model learned from {seen:,} of these comments: it looks too good." if seen else ""
    marks = report["opening"]["marks"]
    caption = "Dots: what was measured, with 95 % intervals. Upright strokes: what the policy asks for."
    return Section(
        "In short",
        (said,),
        (Table(("", "with 95 % interval", "n", ""), numbers),),
        warning=" ".join(filter(None, (report["opening"]["absent"], learned))),
        drawings=(Drawing(intervals_drawing(marks), caption),) if marks else (),
    )


def _note(number: Told) -> str:
    few = "few" if number["n"] < SMALL_N else ""
    return "; ".join(filter(None, (few, number["note"] or number["outcome"] or "")))


def _policy(report: Told) -> Section:
    verdict = report["verdict"]
    if verdict is None:
        return Section("Does it meet the policy?", (report["unjudged"],))
    version = f"version {verdict['policy_version']}, " if verdict["policy_version"] else ""
    return Section(
        "Does it meet the policy?",
        (
            f"Judged on {verdict['judged_on']} by the policy of {report['dataset_id']} ({version}sha256"
            f" {verdict['policy_sha256']}), on the bounds of 95 % intervals, never on the number alone.",
        ),
        (clauses_table({"clauses": sorted(verdict["clauses"], key=lambda each: URGENCY[each["outcome"]])}),),
    )


def _data(report: Told) -> Section:
    data, n, shared = report["results"]["data"], report["results"]["n"], report["clusters"]
    written = (
        f"guideline version {data['guideline_version']}" if data["guideline_version"] else "no guideline"
    )
    return Section(
        "On what data?",
        (
            f"{report['dataset_title']} ({report['dataset_id']}): {n:,} comments, the {data['split']} split"
            f" of {data['snapshot_id']} ({data['row_count']:,} rows, {data['split_mode']} split, {written}).",
            f"sha256 of the rows {data['sha256']}.",
            labels_told(data["label_from"]),
            *filter(None, (repaired_told(data["repaired"], data["split"]),)),
            leaks_told(data),
            *filter(None, (report["looks"],)),
            *((f"{shared['sentence']} {WIDENED}",) if shared else ()),
        ),
        (_effects(shared),) if shared else (),
    )


def _effects(shared: Told) -> Table:
    """The numbers that are less certain than single comments would make them; empty where none is."""
    rows = tuple(
        (_spaced(each["number"]), each["label"], f"{each['design_effect']:.2f}")
        for each in shared["design_effects"]
        if each["design_effect"] > 1
    )
    return Table((f"less certain, as {shared['by']}s repeat", "label", "design effect"), rows)


def _labels(report: Told) -> Section:
    found = report["results"]
    unparsed = unparsed_told(found["unparsed"], report["withheld"])
    return Section(
        "How does each label fare?",
        (
            f"“few”: fewer than {SMALL_N} comments say little. The table of counts comes first, then"
            " shares of each row.",
            *((f"{unparsed}.",) if unparsed else ()),
        ),
        (
            averages_table(found),
            classes_table(found),
            matrix_table(found),
            matrix_table(found, as_shares=True),
        ),
    )


def _scores(found: Told) -> Section:
    calibration = found["calibration"]
    unscored = f" {found['unscored']:,} have no score: they are found last." if found["unscored"] else ""
    drawings = [
        Drawing(
            precision_recall_drawing(found), "Precision over recall. Dashed: the share of the label here."
        ),
        Drawing(roc_drawing(found), "ROC. Dashed: chance. Bands: 95 % at each threshold by itself."),
    ]
    rows = [
        ("Average precision", shown(found["average_precision"])),
        ("ROC AUC", shown(found["roc_auc"])),
    ]
    lines = [f"{found['positives']:,} comments of the label, {found['negatives']:,} others.{unscored}"]
    if calibration is None:
        lines.append(found["not_calibrated"])
    else:
        error = calibration["error"]
        rows.append(("Brier score", shown(calibration["brier"])))
        rows.append(("Brier score of the base rate", f"{calibration['brier_of_base_rate']:.3f}"))
        lines.append(
            f"Expected calibration error {error['value']:.3f}; perfect calibration shows up to"
            f" {error['null_high']:.3f} 19 times in 20 (p = {error['p_value']:.3f})."
        )
        drawings.append(
            Drawing(
                reliability_drawing(calibration), "Reliability. Grey: perfect calibration. Hollow: under 10."
            )
        )
    repairs = tuple(
        (
            each["name"],
            shown(each["brier"]),
            f"{each['error']['value']:.3f}",
            f"{each['error']['p_value']:.3f}",
        )
        for each in found["repairs"]
    )
    return Section(
        f"What do its scores for “{found['label']}” say?",
        tuple(lines),
        (
            pairs("with 95 % interval", rows),
            Table(("scores, repaired on validation", "Brier", "calibration error", "p"), repairs),
        ),
        drawings=tuple(drawings),
    )


def _failures(report: Told) -> Section:
    slices = sorted(report["slices"], key=lambda each: each["accuracy"]["value"])
    few = frozenset(place for place, each in enumerate(slices) if each["accuracy"]["n"] < SMALL_N)
    parts = tuple(
        (
            _spaced(each["by"]),
            each["name"],
            shown(each["accuracy"]),
            f"{each['accuracy']['n']:,}",
            each["errors"],
        )
        for each in slices
    )
    quoted = tuple(
        (
            str(each["comment_id"]),
            each["gold"],
            each["predicted"] or UNPARSED,
            "" if each["score"] is None else f"{each['score']:.3f}",
            shortened(each["body"], _QUOTED),
        )
        for each in report["surest_misses"]
    )
    search, small = report["slice_search"], report["opening"]["small_slice"]
    worse = tuple(
        (each["name"], shown(each["wrong"]), shown(each["elsewhere"]), f"{each['p_holm']:.3f}")
        for each in (search or {"worse": ()})["worse"]
    )
    read = ", ".join(f"{n:,} {name}" for name, n in report["misses"]["reviewed"].items() if n)
    return Section(
        "Where does it fail?",
        (
            f"{report['misses']['count']:,} misses; of those read one by one: {read or 'none yet'}.",
            report["misses"]["ceiling"],
            *filter(None, (report["people_told"],)),
            search["sentence"] if search else "Too many comments: `slices --run` looks for the worst.",
            *((f"Too small for that search, and named at the top: {small['sentence']}.",) if small else ()),
            "The slice with the lowest accuracy of many is low by chance too: look at its interval.",
        ),
        (
            Table(("worse than chance explains", "wrong", "elsewhere", "p after Holm"), worse),
            Table(("slice by", "slice", "accuracy", "n", "most of its errors"), parts, few),
            Table(("comment", "label", "was taken for", "score", "text"), quoted),
        ),
    )


def _production(report: Told) -> Section:
    found, costs = report["production"], report["costs"]
    lines = ["Only one kind of comment occurs here: nothing can be said of a day of traffic."]
    rows: list[tuple[str, str]] = []
    if found is not None:
        day = found["outlook"]
        lines = [f"{found['rule']}: {found['sentence']}"]
        rows = [
            (f"Precision where {found['traffic']['base_rate']:.2%} are unwanted", shown(day["precision"])),
            ("Recall", shown(day["recall"])),
            ("False-positive rate", shown(day["false_positive_rate"])),
            ("Flagged a day", _whole(day["removed"])),
            ("Kind ones flagged a day", _whole(day["kind_removed"])),
            ("Abusive ones caught a day", _whole(day["abusive_caught"])),
            ("Abusive ones missed a day", _whole(day["abusive_missed"])),
            (
                _HOURS
                if found["tally"]["queued_positives"] + found["tally"]["queued_negatives"] == 0
                else "Hours of reading a day",
                _tenths(day["hours"]),
            ),
        ]
    if costs["timed"]:
        times = ", ".join(f"{share} % within {costs[f'p{share}_ms']:,.1f} ms" for share in (50, 95, 99))
        rows.append((f"Time to answer, n = {costs['timed']:,}", times))
    if costs["usd_per_1000"] is not None:
        rows.append((f"USD for 1,000 comments, n = {costs['priced']:,}", shown(costs["usd_per_1000"])))
    table = pairs("with 95 % interval", rows)
    warning = found["warning"] if found else ""
    return Section("What will it do in production?", tuple(lines), (table,), warning=warning)


def _rival(report: Told) -> Section:
    found, title = report["rival"], "Is it better than what we have?"
    if found is None:
        return Section(title, ("No other model has answered any of these comments.",))
    newest = "is the newest other model; no other is in production"
    known = "is in production" if found["is_champion"] else newest
    rows = tuple(
        (
            each["label"],
            f"{each['n']:,}",
            f"{each['fixed']:,}",
            f"{each['broken']:,}",
            "< 0.001" if each["p_holm"] < 0.001 else f"{each['p_holm']:.3f}",
        )
        for each in found["labels"]
    )
    lines = (f"{found['before']['model']} ({found['before']['run_id']}) {known}.", found["sentence"])
    columns = ("label", "comments", "fixed", "newly broken", "p after Holm")
    return Section(title, lines, (Table(columns, rows),))


def _method(report: Told) -> Section:
    model = report["model"]
    origin = f"trained on {model['trained_on']}"
    if model["backend"] == IMPORTED:
        origin = "made elsewhere: what it learned from is not known"
    return Section(
        "How it was measured",
        (
            "Intervals hold 95 %: Wilson for shares, the wider of Wilson and bootstrap for F1 and averages,"
            " bootstrap for Matthews' correlation, DeLong for areas. Where authors or threads have several"
            " comments, all but those of slices, differences and curves are widened by what redrawing whole"
            " authors or threads (cluster bootstrap) adds to the variance.",
            f"{report['run_id']}: answers of {model['model_id']} ({model['backend']}), {origin}."
            f" `evaluate --run {report['run_id']} --json` gives the same numbers.",
        ),
    )


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _whole(number: Told) -> str:
    return f"{number['value']:,.0f} ({number['low']:,.0f} to {number['high']:,.0f})"


def _tenths(number: Told) -> str:
    return f"{number['value']:,.1f} ({number['low']:,.1f} to {number['high']:,.1f})"
