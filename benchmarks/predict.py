"""predict: 10,000 unseen comments by each engine, against `pipeline("text-classification")` as it comes."""

import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as for every job of ours; here for both sides

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.figures import Figure
from benchmarks.labelled import labelled_rows
from benchmarks.workshop import Workshop
from domain.models import Engine
from services.jobs.process.folder import JobFolder, write_whole
from services.jobs.process.worker import RunningJob

_LEARNED = 1_600  # comments that the model is trained on; the others it has never seen
_ASKED = 10_000
_ROUNDS = 20  # each side answers the next part of the comments, by turns: a busy moment hits all
_LABELS_LIMIT = 0.003
_AIMS: dict[Engine, float] = {"torch": 1.0, "onnx": 1.0, "onnx-int8": 4.0}

Side = Callable[[Sequence[str]], list[str]]


def figures(_shop: Workshop) -> Iterator[Figure]:
    """Time of each engine as a share of the pipeline's, and the comments that get another label."""
    rows = labelled_rows()
    with TemporaryDirectory() as folder:
        model = _train(Path(folder) / "job-1", rows[:_LEARNED])
        yield from measure(model, [text for text, _ in rows[_LEARNED:]], asked=_ASKED)


def measure(model: Path, unseen: Sequence[str], *, asked: int) -> Iterator[Figure]:
    """The figures of one trained model on these comments; fewer than `asked` are drawn again in part."""
    from transformers import pipeline

    draw = random.Random(0)
    texts = [*unseen, *(_varied(draw, draw.choice(unseen)) for _ in range(asked - len(unseen)))][:asked]
    bare = pipeline("text-classification", model=str(model / "hf"))
    sides: dict[str, Side] = {"pipeline": lambda given: [one["label"] for one in bare(list(given))]}
    with TemporaryDirectory() as folder:
        sides |= {engine: _side(model, Path(folder), engine) for engine in _AIMS}
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        work: dict[str, list[float]] = {name: [] for name in sides}
        labels: dict[str, list[str]] = {name: [] for name in sides}
        part = -(-asked // _ROUNDS)
        for start in range(0, asked, part):
            for name, answer in sides.items():
                began, worked = time.perf_counter(), time.process_time()
                labels[name] += answer(texts[start : start + part])
                seconds[name].append(time.perf_counter() - began)
                work[name].append(time.process_time() - worked)
    for engine, aim in _AIMS.items():
        ratios = [theirs / ours for theirs, ours in zip(seconds["pipeline"], seconds[engine], strict=True)]
        ratio = median(ratios)
        less = median(theirs / ours for theirs, ours in zip(work["pipeline"], work[engine], strict=True))
        other = sum(a != b for a, b in zip(labels[engine], labels["pipeline"], strict=True)) / asked
        yield Figure(
            f"predict {asked:,} comments, {engine}", sum(seconds["pipeline"]) / ratio, "s",
            limit=sum(seconds["pipeline"]) / aim, aim=f"{aim:g} times faster", rival=sum(seconds["pipeline"]),
            rival_name="pipeline", parts=f"median of {len(ratios)} turns: {ratio:.1f} times faster "
            f"({min(ratios):.1f} to {max(ratios):.1f}); {asked / sum(seconds[engine]):,.0f} a second; "
            f"{less:.1f} times less work of the processor",
        )  # fmt: skip
        yield Figure(
            f"predict, {engine}: other labels", 100 * other, "%", limit=100 * _LABELS_LIMIT,
            aim=f"at most {_LABELS_LIMIT:.1%}",
        )  # fmt: skip


def _side(model: Path, folder: Path, engine: Engine) -> Side:
    from services.backends import huggingface, onnx_encoder

    if engine == "torch":
        classifier = huggingface.load(model)
        return lambda given: [str(label) for label in classifier.predict(given).labels]
    files = folder / engine
    files.mkdir()
    onnx_encoder.export(model, files, int8=engine == "onnx-int8")
    copy = onnx_encoder.load(model, files, engine)
    return lambda given: [str(label) for label in copy.predict(given).labels]


def _train(folder: Path, rows: Sequence[tuple[str, str]]) -> Path:
    """The folder of a MiniLM that went once over the rows; nothing is cut, for the pipeline cuts nothing."""
    from services.jobs.train_encoder import train

    (folder / "inputs").mkdir(parents=True)
    splits = ["validation" if place % 10 == 0 else "train" for place in range(len(rows))]
    texts, labels = ([str(row[column]) for row in rows] for column in (0, 1))
    ids = pa.array(range(len(rows)), pa.int64())
    table = pa.table({"comment_id": ids, "text": texts, "label": labels, "split": splits})
    pq.write_table(table, folder / "inputs" / "comments.parquet")
    settings = {"epochs": 2, "batch_size": 16, "learning_rate": 3e-4, "max_length": 256}
    spec = {"kind": "train_encoder", "snapshot_id": "snapshot-1", "snapshot_sha256": "", "settings": settings}
    write_whole(folder / "spec.json", json.dumps({**spec, "splits": ["validation"]}))
    train(RunningJob(JobFolder(folder)))
    return folder / "model"


def _varied(draw: random.Random, text: str) -> str:
    """The comment with its words in another order: as long, and not the same text twice."""
    words = text.split()
    draw.shuffle(words)
    return " ".join(words)
