"""What the verbs of pairs and written texts answer, as lines for a terminal."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened
from services.generation.report_pages import marked
from services.generation.report_tables import change_told
from services.generation.table import TITLES

Answer = Any
_REFUSED = 20  # rows that are told one by one
_PERCENT = ("chrf", "BLEU", "chrF2++")  # numbers from 0 to 100, with one digit


def pairs_told(answer: Answer) -> str:
    """A list of sets, one that was kept, or one with its first pairs and refused rows."""
    if isinstance(answer, list):
        return "\n".join(map(_set, answer)) or "No pairs were kept yet."
    if "rows" not in answer:
        return _set(answer)
    refused = [f"row {one['row']:,} refused: {shortened(one['reason'], 200)}" for one in answer["refused"]]
    rows = [
        f"{one['pair_id']} [{one['split']}] {shortened(one['source'], 100)} → "
        + " | ".join(shortened(text, 100) for text in one["references"])
        for one in answer["rows"]
    ]
    lengths = [answer["lengths"]["sentence"]] if answer.get("lengths") else []
    return "\n".join([*refused, *rows, _set(answer["pairs"]), *lengths])


def prompts_told(answer: Answer) -> str:
    """The versions of a prompt, or the one that was written."""
    versions = answer if isinstance(answer, list) else [answer]
    return "\n".join(
        f"{one['task']} {one['version']} by {shortened(one['created_by'] or 'the workbench')}: "
        f"{shortened(one['body'], 300)}"
        for one in versions
    )


def report_told(answer: Answer) -> str:
    """The table of a report, what changed, the verdicts and the signatures."""
    lines = []
    for row in answer["systems"]:
        numbers = ", ".join(_number(name, found) for name, found in row["metrics"].items())
        lines.append(f"{shortened(row['name'])}: {numbers}")
        if "toxicity" in row:
            lines.append(f"  {toxicity_told(row['toxicity'])}")
    told: tuple[str, str] | None = None
    for one in answer["comparisons"]:
        between = (one.get("before_name", "before"), one.get("after_name", "after"))
        if between != told:
            lines.append(f"From {shortened(between[0])} to {shortened(between[1])}:")
            told = between
        points, relative, there_is = change_told(one)
        title, digits = TITLES.get(one["metric"], one["metric"]), 1 if one["metric"] in _PERCENT else 3
        lines.append(
            f"  {title}: {one['before']:.{digits}f} → {one['after']:.{digits}f}, in points {points}, "
            f"relative {relative}, {there_is}"
        )
    lines += [shortened(said, 400) for said in answer["verdicts"]]
    lines += [f"{name}: {signature}" for name, signature in answer["signatures"].items()]
    return "\n".join([*lines, f"n = {answer['n']:,}"])


def score_told(answer: Answer) -> str:
    """The report of a file, after the rows that could not be used."""
    refused = [f"row {row:,} refused: {shortened(why, 200)}" for row, why in answer["refused"][:_REFUSED]]
    if len(answer["refused"]) > _REFUSED:
        refused.append(f"{len(answer['refused']):,} rows were refused in all.")
    return "\n".join([*refused, report_told(answer)])


def written_told(answer: Answer) -> str:
    """The report of a job that wrote, what people said, and texts side by side."""
    lines = [report_told(answer["report"])]
    for one in answer["people"]:
        shares = ", ".join(
            f"{name.replace('_', ' ')} {one[name]['successes'] / one[name]['n']:.0%}"
            for name in ("same_meaning", "toxic")
            if one[name] is not None
        )
        lines.append(
            f"People of {shortened(one['system'])}: relevance {one['relevance']:.1f}, fluency "
            f"{one['fluency']:.1f}, {shares}, {one['texts']:,} texts"
        )
    for found in answer["texts"]:
        lines.append(f"{found['pair']['pair_id']}: {shortened(found['pair']['source'], 200)}")
        lines += [
            f"  {shortened(one['system'], 40)}: {marked(found['pair']['clean_source'], one['text'])}"
            for one in found["texts"]
        ]
    if answer.get("path"):
        lines.append(f"Written: {shortened(answer['path'], 300)}")
    return "\n".join(lines)


def toxicity_told(found: Answer) -> str:
    """Toxicity before and after in one sentence."""
    before, after, gap = found["before"], found["after"], found["difference"]
    share = "" if found["relative"] is None else f" or {found['relative']:+.0%}"
    return (
        f"toxicity {before['mean']['value']:.3f} → {after['mean']['value']:.3f} ({gap['value']:+.3f}{share}, "
        f"95 % interval {gap['low']:+.3f} to {gap['high']:+.3f}); deviation {after['deviation']:.3f}, median "
        f"{after['median']:.3f}, p95 {after['p95']:.3f}, share of 0.5 and above {after['share_half']:.3f}"
    )


def _number(name: str, found: Answer) -> str:
    digits = 1 if name in _PERCENT else 3
    return (
        f"{TITLES.get(name, name)} {found['value']:.{digits}f} ({found['low']:.{digits}f} to "
        f"{found['high']:.{digits}f})"
    )


def _set(kept: Answer) -> str:
    counts = kept["counts"]
    references = ", ".join(f"{times:,} with {n}" for n, times in counts["references"].items())
    return (
        f"{kept['pair_set_id']}: {shortened(kept['name'])}, to {kept['task']}, {counts['layout']}: "
        f"{counts['train']:,} to train on, {counts['validation']:,} of validation, "
        f"{counts['test']:,} of test; references: {references}; {counts['refused']:,} rows refused; "
        f"sha256 {kept['sha256'][:12]}…"
    )


TELLERS: dict[str, Callable[[Answer], str]] = {
    "pairs": pairs_told,
    "prompt": prompts_told,
    "score": score_told,
    "written": written_told,
}
