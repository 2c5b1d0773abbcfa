"""The tables of a report on written texts: the same on the page, in the terminal and in a file."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.text import shortened
from services.generation.table import TITLES
from services.release.documents import Table

Told = Mapping[str, Any]

_PERCENT = ("chrf", "BLEU", "chrF2++")  # from 0 to 100, with one digit
_TOXICITY = "toxicity, mean"
_NAME = 60  # characters of a system's name
CHANGE_NOTE = (
    "Points are differences of the numbers as they stand, with a 95 % bootstrap interval; relative is the "
    "difference as a share of the number before; p is of a paired permutation test, text by text. Less "
    "toxicity is better, and more of everything else."
)


def models_table(report: Told) -> Table:
    """Number by number every model, in the order of training, and what the last has more than the first."""
    models = [row for row in report["systems"] if row["kind"] == "model"]
    names = [name for name in _names(models) if all(name in row["metrics"] for row in models)]
    ends = {one["metric"]: one for one in _between(report, models[0]["name"], models[-1]["name"])}
    head = ["", *(shortened(row["name"], _NAME) for row in models)]
    rows = [
        [TITLES.get(name, name), *(_number(name, row["metrics"][name]) for row in models)] for name in names
    ]
    if all("toxicity" in row for row in models):
        rows += _toxicity_rows(models)
    if ends:
        head += ["points", "relative", "there is"]
        keys = {TITLES.get(name, name): name for name in names} | {_TOXICITY: "toxicity"}
        rows = [[*row, *change_told(ends.get(keys.get(row[0], "")))] for row in rows]
    return Table(tuple(head), tuple(map(tuple, rows)))


def systems_table(report: Told) -> Table:
    """Every system with its numbers: what people wrote, what needs no training, and the models."""
    names = [*_names(report["systems"])]
    rows = [
        (
            shortened(row["name"], _NAME),
            *(_number(name, row["metrics"].get(name)) for name in names),
        )
        for row in report["systems"]
    ]
    return Table(("writes", *(TITLES.get(name, name) for name in names)), tuple(rows))


def steps_table(report: Told) -> Table | None:
    """Each training by itself, where there was more than one: before, after, and the change."""
    models = [row["name"] for row in report["systems"] if row["kind"] == "model"]
    if len(models) < 3:
        return None
    rows: list[tuple[str, ...]] = []
    for before, after in zip(models, models[1:], strict=False):
        for one in _between(report, before, after):
            rows.append(
                (
                    f"{shortened(before, _NAME)} → {shortened(after, _NAME)}",
                    str(TITLES.get(one["metric"], one["metric"])),
                    f"{one['before']:.3f}",
                    f"{one['after']:.3f}",
                    *change_told(one),
                )
            )
    return Table(("training", "number", "before", "after", "points", "relative", "there is"), tuple(rows))


def lowered_told(row: Told) -> str:
    """How far a model lowered the toxicity of its sources, in one sentence; empty without a judge."""
    if "toxicity" not in row:
        return ""
    found = row["toxicity"]
    before, after, gap = (
        found["before"]["mean"]["value"],
        found["after"]["mean"]["value"],
        found["difference"],
    )
    share = "" if found["relative"] is None else f", {found['relative']:+.0%} relative"
    return (
        f"{shortened(row['name'], _NAME)}: mean toxicity of the sources {before:.3f}, of what it wrote "
        f"{after:.3f} ({gap['value']:+.3f} points{share}, 95 % interval {gap['low']:+.3f} to "
        f"{gap['high']:+.3f}, p = {found['p_value']:.4f})."
    )


def change_told(one: Told | None) -> tuple[str, str, str]:
    """Points with interval, relative change, and whether there is more or less; empty for None."""
    if one is None:
        return "", "", ""
    gap, digits = one["difference"], 1 if one["metric"] in _PERCENT else 3
    there_is = "more" if gap["value"] > 0 else "less"
    verdict = "undecided" if one["verdict"] == "not decidable" else there_is
    return (
        f"{gap['value']:+.{digits}f} ({gap['low']:+.{digits}f} to {gap['high']:+.{digits}f})",
        "–" if one["relative"] is None else f"{one['relative']:+.1%}",
        f"{verdict}, p = {one['p_value']:.4f}",
    )


def _names(rows: Sequence[Told]) -> list[str]:
    known = dict.fromkeys(("joint", *TITLES, "BLEU", "chrF2++"))
    return [name for name in known if any(name in row["metrics"] for row in rows)]


def _between(report: Told, before: str, after: str) -> list[Told]:
    """The comparisons of two systems, by name."""
    if before == after:
        return []
    return [
        one
        for one in report["comparisons"]
        if (one.get("before_name", before), one.get("after_name", after)) == (before, after)
    ]


def _number(name: str, found: Told | None) -> str:
    if found is None:
        return "–"
    digits = 1 if name in _PERCENT else 3
    return f"{found['value']:.{digits}f} ({found['low']:.{digits}f}–{found['high']:.{digits}f})"


def _toxicity_rows(models: Sequence[Told]) -> list[list[str]]:
    spread = [row["toxicity"]["after"] for row in models]
    return [
        [_TOXICITY, *(_number("toxicity", one["mean"]) for one in spread)],
        ["· deviation", *(f"{one['deviation']:.3f}" for one in spread)],
        ["· median", *(f"{one['median']:.3f}" for one in spread)],
        ["· 95th percentile", *(f"{one['p95']:.3f}" for one in spread)],
        ["· 0.5 and above", *(f"{one['share_half']:.1%}" for one in spread)],
    ]
