"""Look for labels that may be wrong, by confident learning.

    python -m services.jobs.find_suspects FOLDER

FOLDER holds spec.json and inputs/comments.parquet. Each comment of the snapshot is answered by a baseline
that learned from the others; where it confidently says something else, the label is a suspect. The script
leaves suspects.parquet, and makes no model.

Source: Northcutt, Jiang and Chuang (2021), Journal of Artificial Intelligence Research 70, 1373-1411.
"""

import sys

import numpy as np
import pyarrow as pa
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray

from domain.splits import SPLITS
from services.jobs.cross_validate import parts, refuse_too_few
from services.jobs.files.suspects_file import write_suspects
from services.jobs.process.parts import JobPart
from services.jobs.process.worker import RunningJob, run
from services.jobs.rows.first_look import check_training_rows
from services.jobs.rows.groups import groups_of
from services.jobs.train_baseline import fit_baseline
from services.modelling.settings import BaselineSettings


def find_suspects(job: RunningJob) -> None:
    """The whole search, top to bottom."""
    # 1. Every comment of the snapshot: a wrong label in the test split is as wrong, and no model is kept.
    settings = job.spec["settings"]
    folds, seed = int(settings["folds"]), int(settings["seed"])
    rows = job.comments(SPLITS)
    labels = rows["label"].to_pylist()
    check_training_rows(labels)
    groups = groups_of(job, rows, settings["group_by"])
    refuse_too_few(rows, groups, folds)

    # 2. What a model says of each that learned from none of its group.
    names = sorted(set(labels))
    scores = np.zeros((rows.num_rows, len(names)))
    for number, (learned, asked) in enumerate(parts(rows, groups, folds, seed=seed), start=1):
        part = JobPart(job, shares=((number - 1) / folds, number / folds), told=f"Part {number} of {folds}")
        scores[asked] = answered(part, rows.take(learned), rows.take(asked), names)

    # 3. Which labels that contradicts.
    found = suspects_of(rows, np.array([names.index(label) for label in labels]), scores, names)
    write_suspects(job.folder.path, found)
    share = found.num_rows / rows.num_rows
    job.folder.add_event(
        "suspects",
        message=f"{found.num_rows:,} of {rows.num_rows:,} labels ({share:.1%}) are suspects. {groups.told}"
        " A suspect is a label to look at, not a wrong one.",
    )


def answered(part: JobPart, learned: pa.Table, asked: pa.Table, names: list[str]) -> NDArray[np.float64]:
    """Probabilities of shape (asked, names); 0 for a label that was not among those learned."""
    classifier = fit_baseline(
        part, BaselineSettings(), learned["text"].to_pylist(), learned["label"].to_pylist()
    )
    table = np.zeros((asked.num_rows, len(names)))
    table[:, [names.index(label) for label in classifier.labels]] = classifier.scores(
        asked["text"].to_pylist()
    )
    return table


def suspects_of(
    rows: pa.Table, labels: NDArray[np.int64], scores: NDArray[np.float64], names: list[str]
) -> pa.Table:
    """The rows whose label is a suspect, the least likely label first.

    Args:
        rows: comment_id, of n comments.
        labels: The place of each one's label in `names`, shape (n,).
        scores: Probabilities by models that did not learn from the comment, shape (n, K).
        names: The K labels.
    """
    places = find_label_issues(labels, scores, return_indices_ranked_by="self_confidence", n_jobs=1)
    chosen = np.asarray(places, dtype=np.int64)
    others = scores[chosen].copy()
    others[np.arange(len(chosen)), labels[chosen]] = -1.0
    likelier = others.argmax(axis=1)
    return pa.table(
        {
            "comment_id": rows["comment_id"].take(pa.array(chosen)),
            "label": pa.array([names[place] for place in labels[chosen]], pa.string()),
            "likelier": pa.array([names[place] for place in likelier], pa.string()),
            "self_confidence": pa.array(scores[chosen, labels[chosen]], pa.float64()),
            "likelier_score": pa.array(others.max(axis=1), pa.float64()),
        }
    )


if __name__ == "__main__":
    sys.exit(run(find_suspects))
