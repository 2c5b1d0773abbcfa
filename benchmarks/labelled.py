"""Labelled comments to train on: of a public file where one is named, else of the demo, by its votes."""

import csv
import os
import random
from collections import Counter, defaultdict
from pathlib import Path

from services.curation.importing import guess_columns

FILE_VARIABLE = "WORKBENCH_LABELLED_CSV"  # a CSV with a column of text and one of labels
_NO_LABEL = ("", "skip", "unsure")
_SAMPLES = Path(__file__).resolve().parents[1] / "samples"


def labelled_rows() -> list[tuple[str, str]]:
    """Each text once with its label, in a seeded order.

    The demo's labels are what most of its annotators said: its truth.csv is for measuring, not for training.
    """
    named = os.environ.get(FILE_VARIABLE)
    rows = sorted((_demo() if named is None else _file(Path(named))).items())
    random.Random(0).shuffle(rows)
    return rows


def _file(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns = guess_columns(tuple(reader.fieldnames or ()))
        return {row[columns["text"]]: row[columns["label"]] for row in reader}


def _demo() -> dict[str, str]:
    votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in _read("votes.csv"):
        if row["label"] not in _NO_LABEL:
            votes[row["comment_id"]][row["label"]] += 1
    texts = {row["id"]: row["text"] for row in _read("comments.csv")}
    return {
        texts[number]: said.most_common(1)[0][0] for number, said in sorted(votes.items()) if number in texts
    }


def _read(name: str) -> list[dict[str, str]]:
    with open(_SAMPLES / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
