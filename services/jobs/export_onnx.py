"""Write a model as ONNX and compare the files with it; a process of its own, for torch fills the memory.

    python -m services.jobs.export_onnx MODEL TARGET COMMENTS [--int8]

MODEL is one of our model folders, COMMENTS a snapshot's Parquet file. TARGET, an empty folder, gets the files
and check.json: what they say of validation beside the model. An error of ours goes into TARGET/error.json.
"""

import argparse
import json
import random
import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from domain.errors import WorkbenchError
from services.backends import onnx_encoder
from services.jobs.process.folder import write_whole
from services.plain import plain

MOST_COMPARED = 1_000  # comments of validation; more would take minutes and narrow the interval little


def export_onnx(model: Path, target: Path, comments: Path, *, int8: bool) -> None:
    """The whole export, top to bottom."""
    onnx_encoder.export(model, target, int8=int8)
    rows = pq.read_table(comments, columns=["text", "split"])
    texts = rows.filter(pc.equal(rows["split"], "validation"))["text"].to_pylist()
    if len(texts) > MOST_COMPARED:
        texts = random.Random(0).sample(texts, MOST_COMPARED)
    found = onnx_encoder.check(model, target, texts or ["", "no comment of validation to compare on"])
    write_whole(target / "check.json", json.dumps({"told": str(found), **plain(found)}, indent=2))


def main() -> int:
    """0 when the files are there and were compared."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("model", "target", "comments"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--int8", action="store_true")
    asked = parser.parse_args()
    try:
        export_onnx(asked.model, asked.target, asked.comments, int8=asked.int8)
    except WorkbenchError as error:
        write_whole(asked.target / "error.json", json.dumps(error.as_dict()))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
