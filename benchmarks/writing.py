"""The opponents of a detoxifier on ParaDetox: what needs no training, and what people wrote.

    python -m benchmarks.writing FILE.tsv [--pairs 500]

Judged by classifiers that the train split teaches; measured on the first so many pairs of the test split.
"""

import argparse
import time
from pathlib import Path

from services.generation.layouts import read_pairs
from services.generation.pairs import joined
from services.generation.table import System, report_of
from services.jobs.writers.writing_panel import panel_of

COLUMNS = ("joint", "style", "meaning", "fluency", "chrF2++", "BLEU", "rougeL")


def table_lines(report: dict[str, object]) -> list[str]:
    """The table as Markdown."""
    lines = [f"| writes | {' | '.join(COLUMNS)} |", f"|---|{'--:|' * len(COLUMNS)}"]
    for row in report["systems"]:  # type: ignore[attr-defined]
        cells = []
        for name in COLUMNS:
            found = row["metrics"].get(name)
            digits = 1 if name in ("chrF2++", "BLEU") else 3
            cells.append(
                "–"
                if found is None
                else f"{found['value']:.{digits}f} ({found['low']:.{digits}f}–{found['high']:.{digits}f})"
            )
        lines.append(f"| {row['name']} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Print the table, the signatures and the time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--pairs", type=int, default=500)
    asked = parser.parse_args()
    began = time.monotonic()
    read = read_pairs(asked.file)
    pairs = joined(read.pairs)
    test = [one for one in pairs if one.split == "test"][: asked.pairs]
    panel = panel_of("detoxify", [one for one in pairs if one.split == "train"])
    systems: list[System] = [panel.measured(one, test) for one in panel.opponents(test)]
    sources = [panel.source_of(one) for one in test]
    report = report_of(
        "detoxify", sources, [panel.references_of(one) for one in test], systems,
        signatures=panel.signatures, source_toxicity=panel.judge and panel.judge(sources),
    )  # fmt: skip
    print("\n".join(table_lines(report)))
    for row in report["systems"]:
        told = row["toxicity"]
        before, after = told["before"]["mean"]["value"], told["after"]["mean"]["value"]
        print(f"{row['name']}: mean toxicity {before:.3f} -> {after:.3f}, share of 0.5 and above "
              f"{told['after']['share_half']:.3f}")  # fmt: skip
    for name, signature in report["signatures"].items():
        print(f"{name}: {signature}")
    print(f"{len(read.pairs):,} rows, {len(read.refused)} refused, {len(pairs):,} pairs, "
          f"{len(test)} measured, {len(panel.listed)} words listed, "
          f"{time.monotonic() - began:.0f} s")  # fmt: skip


if __name__ == "__main__":
    main()
