"""Run the benchmarks: `python -m benchmarks [NAME ...] [--rows 1000000]`."""

import argparse
import sys
from collections.abc import Callable, Iterator

from benchmarks import (
    clicking,
    curating,
    estimate,
    evaluating,
    importing,
    labelling,
    labelling_load,
    learning,
    predict,
    reporting,
    searching,
    starting,
    tokens,
    train,
)
from benchmarks.figures import Figure
from benchmarks.workshop import Workshop, workshop

BENCHMARKS: dict[str, Callable[[Workshop], Iterator[Figure]]] = {
    "import": importing.figures,
    "clean": curating.figures,
    "start": starting.figures,
    "click": clicking.figures,
    "label": labelling.figures,
    "search": searching.figures,
    "load": labelling_load.figures,
    "learn": learning.figures,
    "evaluate": evaluating.figures,
    "report": reporting.figures,
    "tokens": tokens.figures,
    "predict": predict.figures,
    "train": train.figures,
    "estimate": estimate.figures,
}


def main() -> int:
    """Print each figure as soon as it is there; 1 where an aim was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all if none")
    parser.add_argument("--rows", type=int, default=1_000_000, help="comments in the large dataset")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no benchmark {min(unknown)}")
    missed = 0
    with workshop(asked.rows) as shop:
        for name in asked.names or BENCHMARKS:
            for figure in BENCHMARKS[name](shop):
                print(figure.line(), flush=True)
                missed += not figure.is_kept
    print(f"{missed} of the aims missed" if missed else "all aims kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
