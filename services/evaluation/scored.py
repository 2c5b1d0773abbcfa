"""A run as arrays: what each comment is, and how strongly the model said so."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from domain.errors import BadInput
from domain.models import Run
from services.several import refuse_several
from storage.database import Database
from storage.models import get_run
from storage.predictions import list_predictions

Values = NDArray[np.float64]

PROBABILITIES = ("softmax", "logprob")  # score kinds that claim to be probabilities


@dataclass(frozen=True, eq=False)
class Scored:
    """The answers of a run, in the order of comment_id; arrays are read-only.

    Attributes:
        comment_ids: Shape (n,).
        gold: Shape (n,): the place of the frozen label among `run.labels`, -1 where the model has none such.
        scores: Shape (n, K) in the order of `run.labels`; a row of NaN where the answer named no label or
            came without scores, which never flags the comment.
    """

    run: Run
    comment_ids: NDArray[np.int64]
    gold: NDArray[np.int64]
    scores: Values

    def __post_init__(self) -> None:
        for array in (self.comment_ids, self.gold, self.scores):
            array.setflags(write=False)

    @property
    def unanswered(self) -> int:
        """Comments without a score."""
        return int(np.isnan(self.scores[:, 0]).sum())


def scored_run(db: Database, run_id: str) -> Scored:
    """The scores and frozen labels of a run.

    Raises:
        NotFound: there is no such run.
        BadInput: the model gives no scores.
    """
    run = get_run(db, run_id)
    refuse_several(run, "Curves, calibration and thresholds")
    if run.score_kind == "none":
        raise BadInput(
            f"{run_id} has labels and no scores, so that it can have no curve and no threshold.",
            hint="Take a run of a model that gives scores, such as the baseline.",
        )
    answers = list_predictions(db, run_id)
    return Scored(
        run=run,
        comment_ids=answers["comment_id"].to_numpy().copy(),
        gold=_places(answers["gold"], run.labels),
        scores=_matrix(answers, len(run.labels)),
    )


def score_of(scored: Scored, labels: Sequence[str]) -> tuple[Values, NDArray[np.bool_]]:
    """The sum of the scores of some labels, and whether the frozen label is among them; both of shape (n,).

    Raises:
        BadInput: no label is named, one is named twice or unknown to the model, all are named, or scores
            that are no probabilities would be summed.
    """
    known = scored.run.labels
    for label in labels:
        if label not in known:
            raise BadInput(
                f"The model of {scored.run.run_id} has no label '{label[:60]}'.",
                hint=f"Its labels: {', '.join(known)}.",
            )
    if not 0 < len(set(labels)) == len(labels) < len(known):
        raise BadInput(
            f"{len(labels)} of the {len(known)} labels of {scored.run.run_id} cannot be the unwanted ones.",
            hint="Name at least one, each once, and leave at least one that is wanted.",
        )
    if len(labels) > 1 and scored.run.score_kind not in (*PROBABILITIES, "vote"):
        raise BadInput(
            f"Scores of the kind '{scored.run.score_kind}' are no probabilities and cannot be summed.",
            hint="Choose one unwanted label.",
        )
    places = [known.index(label) for label in labels]
    return scored.scores[:, places].sum(axis=1), np.isin(scored.gold, places)


def _places(column: pa.ChunkedArray, labels: tuple[str, ...]) -> NDArray[np.int64]:
    found = pc.fill_null(pc.index_in(column, pa.array(labels, pa.string())), -1)
    places: NDArray[np.int64] = found.to_numpy().astype(np.int64)
    return places


def _matrix(answers: pa.Table, width: int) -> Values:
    """Scores with NaN rows where there are none, not one per label, or no label was named."""
    lists = answers["scores"].combine_chunks()
    whole = pc.and_(pc.equal(pc.list_value_length(lists), width), pc.is_valid(answers["label"]))
    kept = pc.fill_null(whole, False).to_numpy(zero_copy_only=False)
    matrix = np.full((len(lists), width), np.nan)
    matrix[kept] = lists.filter(pa.array(kept)).flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
    matrix[~np.isfinite(matrix).all(axis=1)] = np.nan
    return matrix
