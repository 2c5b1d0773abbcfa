"""Learn from the labels that a queue got so far: what the last ones taught, and what to ask next.

    python -m services.jobs.learn_queue FOLDER

FOLDER holds spec.json, inputs/labelled.parquet (comment_id, text, label, the oldest label first) and
inputs/waiting.parquet (comment_id, text). Baselines that learned with and without the last labels answer the
comments labelled before, each from the other parts; the difference is what the last ones taught. The script
leaves order.parquet, the least sure comments first, and learned.json. No model is kept.

Source: Lewis and Gale (1994), SIGIR, 3-12, for asking what a model is least sure of.
"""

import json
import math
import sys
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.intervals import Estimate
from services.evaluation.objectives import Objective, gain, least_doubt, resampled_means
from services.jobs.process.folder import write_whole
from services.jobs.process.parts import JobPart
from services.jobs.process.worker import RunningJob, run
from services.jobs.train_baseline import fit_baseline
from services.modelling.settings import BaselineSettings

FOLDS = 5
LEAST_OF_A_LABEL = 10  # below, its recall says nothing
NEXT = 200
CONFIG = BaselineSettings(class_weight="balanced", min_df=1, max_features=20_000)


def learn(job: RunningJob) -> None:
    """The whole round, top to bottom."""
    # 1. What was labelled, and how many of it are new.
    labelled = pq.read_table(job.folder.path / "inputs" / "labelled.parquet")
    waiting = pq.read_table(job.folder.path / "inputs" / "waiting.parquet")
    fresh = int(job.spec["settings"]["fresh"])
    counts = Counter(labelled["label"].to_pylist())
    if len(counts) < 2:
        raise BadInput("All labels so far are one and the same.", hint="It learns once there is another.")

    # 2. What the fresh ones taught, by comments that were labelled before them.
    found = taught(job, labelled, fresh, counts)

    # 3. The order of what waits: least sure first.
    part = JobPart(job, shares=(0.8, 0.95), told="Everything")
    model = fit_baseline(part, CONFIG, labelled["text"].to_pylist(), labelled["label"].to_pylist())
    job.progress(0.95, f"Asks {waiting.num_rows:,} comments.")
    leads = lead_of(model.scores(waiting["text"].to_pylist())) if waiting.num_rows else np.zeros(0)
    order = pa.table({"comment_id": waiting["comment_id"], "lead": pa.array(leads, pa.float64())})
    draft = job.folder.path / "order.parquet.tmp"
    pq.write_table(order, draft)
    draft.rename(job.folder.path / "order.parquet")
    write_whole(job.folder.path / "learned.json", json.dumps(found))


def taught(job: RunningJob, labelled: pa.Table, fresh: int, counts: Counter[str]) -> dict[str, Any]:
    """Recall of the rarest label that can be measured, before and after, and what 200 more may bring."""
    known = labelled.num_rows - fresh
    old = Counter(labelled.slice(0, known)["label"].to_pylist())
    measurable = [label for label, n in old.items() if n >= LEAST_OF_A_LABEL]
    found: dict[str, Any] = {"labelled": labelled.num_rows, "fresh": fresh, "label": None}
    if len(measurable) < 2:
        return found
    rarest = min(measurable, key=lambda label: (old[label], label))
    gold = labelled.slice(0, known)["label"].to_pylist()
    answers = {name: answered(job, labelled, known, name) for name in ("half", "before", "after")}
    objective, names = Objective("recall", rarest), sorted(counts)
    drawn = {name: resampled_means(objective, gold, [each], labels=names) for name, each in answers.items()}
    doubt = least_doubt(objective, gold)
    moved = gain(drawn["before"], drawn["after"], doubt=doubt)
    doubled = gain(drawn["half"], drawn["before"], doubt=doubt)
    # Each doubling brings less than the one before: the gain of the last one is the most to expect.
    share = math.log2(1 + NEXT / labelled.num_rows)
    expected = Estimate(*(share * value for value in (doubled.value, doubled.low, doubled.high)))
    return {
        **found, "label": rarest, "n": old[rarest], "before": drawn["before"][0], "after": drawn["after"][0],
        "moved": vars(moved), "next": NEXT, "expected": vars(expected),
    }  # fmt: skip


def answered(job: RunningJob, labelled: pa.Table, known: int, name: str) -> list[str]:
    """What baselines say of the known comments, each part answered by what learned from the others."""
    part_of = np.arange(known) % FOLDS
    answers = np.empty(known, dtype=object)
    begin = {"half": 0.0, "before": 0.25, "after": 0.5}[name]
    for fold in range(FOLDS):
        learned = np.flatnonzero(part_of != fold)
        if name == "half":
            learned = learned[::2]
        if name == "after":
            learned = np.concatenate([learned, np.arange(known, labelled.num_rows)])
        shares = (begin + 0.25 * fold / FOLDS, begin + 0.25 * (fold + 1) / FOLDS)
        part = JobPart(job, shares=shares, told=f"{name.capitalize()}, part {fold + 1} of {FOLDS}")
        rows, asked = labelled.take(learned), np.flatnonzero(part_of == fold)
        labels = rows["label"].to_pylist()
        if len(set(labels)) < 2:
            answers[asked] = labels[0]
            continue
        model = fit_baseline(part, CONFIG, rows["text"].to_pylist(), labels)
        answers[asked] = model.predict(labelled.take(asked)["text"].to_pylist()).labels
    return [str(answer) for answer in answers]


def lead_of(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far the likeliest label is ahead of the next, of each row."""
    highest = np.sort(scores.astype(np.float64), axis=1)[:, -2:]
    return np.asarray(highest[:, 1] - highest[:, 0])


if __name__ == "__main__":
    sys.exit(run(learn, waits=False))
