"""Evaluations and comparisons as lines for a terminal; whatever comes from outside is written out."""

from collections.abc import Sequence
from typing import Any

from domain.text import shortened
from services.evaluation.confusion import UNPARSED
from services.evaluation.reports import unparsed_told

Answer = Any

_AVERAGES = {
    "accuracy": "Accuracy",
    "subset_accuracy": "Subset accuracy",
    "hamming_loss": "Hamming loss",
    "macro_f1": "Macro F1",
    "micro_f1": "Micro F1",
    "weighted_f1": "Weighted F1",
}
_CHANGES = ("fixed", "broken", "both_wrong", "both_right")
_NAME = 24  # characters of a label in a table


def evaluation_told(answer: Answer) -> str:
    """The evaluation of a run: what was measured on what, the averages, each label, the confusion matrix."""
    data = answer["data"]
    lines = [
        f"{shortened(answer['model'])} ({answer['model_id']}, {answer['run_id']}) on the {data['split']} "
        f"split of {data['snapshot_id']}, n = {answer['n']:,}."
    ]
    if data["seen_in_training"]:
        lines.append(f"Its model has learned from {data['seen_in_training']:,} of these comments: too good.")
    if answer["unparsed"]:
        lines.append(f"{unparsed_told(answer['unparsed'], answer['withheld'])}.")
    if answer["clusters"]:
        lines.append(answer["clusters"]["sentence"])
    if answer["prompt"] is not None:
        lines.append(shortened(answer["prompt"], 400))
    return "\n".join([*lines, *_numbers(answer)])


def file_evaluation_told(answer: Answer) -> str:
    """The evaluation of a file of predictions, with the rows that could not be used."""
    lines = [f"{shortened(answer['file'])} (sha256 {answer['sha256'][:12]}…), n = {answer['n']:,}."]
    if answer["refused_count"]:
        lines.append(f"{answer['refused_count']:,} rows were refused and are in no number:")
        lines += [f"  line {row['line']}: {shortened(row['reason'], 200)}" for row in answer["refused"]]
    lines += [
        f"Predicted {n:,} times, but no gold label: {shortened(name)}"
        for name, n in answer["unknown_predictions"].items()
    ]
    lines += _numbers(answer)
    if ranking := answer["ranking"]:
        lines.append(
            f"ROC AUC of the scores for {shortened(ranking['label'], _NAME)}: {_value(ranking['roc_auc'])}, "
            f"n = {ranking['n']:,}."
        )
    return "\n".join(lines)


def comparison_told(answer: Answer) -> str:
    """The comparison of two runs, or the comments of one kind of change."""
    if isinstance(answer, list):
        return "\n".join(map(_changed, answer)) or "None."
    counts = ", ".join(f"{change.replace('_', ' ')} {answer[change]:,}" for change in _CHANGES)
    rows = [
        [
            shortened(each["label"], _NAME),
            *(f"{each[name]:,}" for name in ("n", "fixed", "broken")),
            "< 0.001" if each["p_holm"] < 0.001 else f"{each['p_holm']:.3f}",
        ]
        for each in answer["labels"]
    ]
    lines = [
        shortened(answer["sentence"], 1_000),
        f"{counts[0].upper()}{counts[1:]}.",
        "",
        *_table(["label", "n", "fixed", "broken", "p (Holm)"], rows),
    ]
    if any(answer["left_out"].values()):
        out = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in answer["left_out"].items())
        lines += ["", f"Not compared: {out}."]
    for side in ("before", "after"):
        if seen := answer[f"{side}_seen_in_training"]:
            lines.append(f"The model of {answer[side]['run_id']} has learned from {seen:,} of its comments.")
    return "\n".join(lines)


def lineup_told(answer: Answer) -> str:
    """Any number of runs on the same comments, each against the first one named."""
    rows = [
        [shortened(each["model"], _NAME), each["run_id"], _value(each["accuracy"]), _value(each["macro_f1"])]
        + _against(each["against_reference"])
        for each in answer["models"]
    ]
    head = ["model", "run", "accuracy", "macro F1", f"against {answer['reference']}", "p (Holm)", "", ""]
    told = [f"Not worse: at most {answer['margin']:g} less accurate, with the whole 95 % interval."]
    told += [
        f"The model of {each['run_id']} has learned from {each['seen_in_training']:,} of its comments."
        for each in answer["models"]
        if each["seen_in_training"]
    ]
    return "\n".join([shortened(answer["sentence"], 1_000), "", *_table(head, rows), "", *told])


def _against(pair: Answer) -> list[str]:
    """The reference itself has none."""
    if pair is None:
        return ["", "", "reference", ""]
    gap = pair["difference"]
    p_value = "< 0.001" if pair["p_holm"] < 0.001 else f"{pair['p_holm']:.3f}"
    return [
        f"{gap['value']:+.3f} ({gap['low']:+.3f} to {gap['high']:+.3f})",
        p_value,
        pair["verdict"],
        f"not worse: {pair['not_worse']}",
    ]


def _numbers(answer: Answer) -> list[str]:
    """The averages, the table of the labels, and the confusion matrix."""
    averages = [[title, _value(answer[name])] for name, title in _AVERAGES.items() if name in answer]
    rows = [
        [shortened(each["label"], _NAME), f"{each['support']:,}"]
        + [_value(each[name]) for name in ("precision", "recall", "f1")]
        for each in answer["classes"]
    ]
    return [
        *_table(["", "with 95 % interval"], averages),
        "",
        *_table(["label", "support", "precision", "recall", "F1"], rows),
        "",
        *(_tables(answer["tables"]) if "tables" in answer else _matrix(answer["confusion"])),
    ]


def _tables(tables: Answer) -> list[str]:
    """Of several labels the four counts of each."""
    rows = [
        [shortened(label, _NAME), *(f"{n:,}" for n in (both, missed, wrongly, neither))]
        for label, ((neither, wrongly), (missed, both)) in tables.items()
    ]
    return _table(["label", "right and given", "missed", "wrongly given", "neither"], rows)


def _matrix(confusion: Answer) -> list[str]:
    """Counts; a row per gold label and a column per predicted one."""
    names = [UNPARSED if name is None else shortened(name, _NAME) for name in confusion["predicted"]]
    rows = [
        [shortened(gold, _NAME), *(f"{n:,}" for n in counts)]
        for gold, counts in zip(confusion["gold"], confusion["counts"], strict=True)
    ]
    return _table(["gold \\ predicted", *names], rows)


def _changed(change: Answer) -> str:
    before, after = (shortened(change[side] or UNPARSED, _NAME) for side in ("before", "after"))
    comment = change["comment"]
    return (
        f"{comment['comment_id']} [{shortened(change['gold'], _NAME)}] {before} → {after}: "
        f"{shortened(comment['body'], 100)}"
    )


def _value(number: Answer) -> str:
    if number is None:
        return "undefined"
    return f"{number['value']:.3f} ({number['low']:.3f} to {number['high']:.3f})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the first column to the left and every other one to the right."""
    whole = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in whole
    ]
