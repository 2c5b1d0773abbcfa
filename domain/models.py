"""Models, their runs on a split of a snapshot, and the answers they give."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput

ParseStatus = Literal["ok", "refusal", "invalid", "truncated", "filtered", "api_error"]
PARSE_STATUSES: tuple[str, ...] = get_args(ParseStatus)

# What a score is: softmax and logprob are probabilities of one label among all, sigmoid of each label by
# itself, where a comment may have several; "none" means that there are labels alone.
ScoreKind = Literal["softmax", "logprob", "sigmoid", "decision", "vote", "imported", "none"]
SCORE_KINDS: tuple[str, ...] = get_args(ScoreKind)
SIGMOID: ScoreKind = "sigmoid"

# What computes the answers of an encoder on this machine.
Engine = Literal["torch", "onnx", "onnx-int8"]
ENGINES: tuple[str, ...] = get_args(Engine)


@dataclass(frozen=True)
class Answer:
    """What a model said of one text; `label` is None unless `parse_status` is "ok"."""

    label: str | None
    parse_status: ParseStatus = "ok"
    scores: tuple[float, ...] | None = None
    latency_ms: float | None = None
    tokens: int | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, eq=False)
class Answers:
    """A batch of answers as columns, one row per text, in the order of the texts.

    Attributes:
        labels: None where the answer could not be parsed.
        parse_status: One of PARSE_STATUSES each.
        scores: Shape (n, K) in the order of the model's K labels; a row of NaN, or None for the whole
            batch, where the model gives none.
        latency_ms: Milliseconds per text; in a batch, the batch's time shared out evenly.
        tokens: Read and written together, None where nothing is counted.
        cost_usd: At the price of the day, None where nothing is paid.

    Raises:
        BadInput: the columns differ in length, or an answer is marked "ok" without a label.
    """

    labels: Sequence[str | None]
    parse_status: Sequence[str]
    scores: NDArray[np.float32] | None = None
    latency_ms: NDArray[np.float32] | None = None
    tokens: Sequence[int | None] | None = None
    cost_usd: Sequence[float | None] | None = None

    def __post_init__(self) -> None:
        for name in ("parse_status", "scores", "latency_ms", "tokens", "cost_usd"):
            column = getattr(self, name)
            if column is not None and len(column) != len(self.labels):
                raise BadInput(f"{len(self.labels)} answers came with {len(column)} values of {name}.")
        if any(
            (label is None) == (status == "ok")
            for label, status in zip(self.labels, self.parse_status, strict=True)
        ):
            raise BadInput("An answer has a label exactly when its parse status is 'ok'.")

    def __len__(self) -> int:
        return len(self.labels)


def answers_of(rows: Sequence[Answer], *, label_count: int) -> Answers:
    """The columns of answers that came one by one, as hosted models give them.

    Args:
        rows: In the order of the texts.
        label_count: K, the width of the scores.
    """
    scores = None
    if any(row.scores is not None for row in rows):
        without = (float("nan"),) * label_count
        scores = np.array([without if row.scores is None else row.scores for row in rows], dtype=np.float32)
    latency = [np.nan if row.latency_ms is None else row.latency_ms for row in rows]
    return Answers(
        labels=[row.label for row in rows],
        parse_status=[row.parse_status for row in rows],
        scores=scores,
        latency_ms=np.array(latency, dtype=np.float32),
        tokens=[row.tokens for row in rows],
        cost_usd=[row.cost_usd for row in rows],
    )


@dataclass(frozen=True)
class Model:
    """A trained or connected model; its files, if any, lie in the folder of its job."""

    model_id: str
    dataset_id: str
    job_id: str
    snapshot_id: str
    name: str
    backend: str
    labels: tuple[str, ...]
    settings: dict[str, Any]
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class Run:
    """One answer set: a model on one split of one snapshot; `labels` is the order of the scores."""

    run_id: str
    dataset_id: str
    model_id: str
    snapshot_id: str
    split: str
    job_id: str
    score_kind: str
    labels: tuple[str, ...]
    row_count: int
    created_at: datetime
    created_by: str

    @property
    def several(self) -> bool:
        """Whether an answer is a set of labels: those with a score of at least one half."""
        return self.score_kind == SIGMOID
