"""What a model, or the label in force, lets one expect of comments before a person has read them."""

from collections.abc import Sequence

from domain.labels import IMPORTED
from storage.database import Database

# Of several answers of one model to a comment the newest. `numbers` names the comments that are asked about.
_ANSWERED = """
SELECT comment_id, arg_max(label, answered_at) AS label
FROM (
  SELECT p.comment_id, p.label, r.created_at AS answered_at
  FROM predictions p JOIN runs r ON r.run_id = p.run_id
  WHERE r.model_id = $model_id AND r.dataset_id = $dataset_id AND p.comment_id IN $numbers
  UNION ALL
  SELECT s.comment_id, s.label, j.created_at
  FROM comment_scores s JOIN jobs j ON j.job_id = s.job_id
  WHERE s.model_id = $model_id AND s.dataset_id = $dataset_id AND s.comment_id IN $numbers
)
WHERE label IS NOT NULL
GROUP BY comment_id
"""
# What the file said stays what was foreseen, whatever people have said since.
_LABELLED = """
SELECT l.comment_id, coalesce(i.label, l.label) AS label
FROM labels_of($dataset_id, $low, $high) l
LEFT JOIN (
  SELECT comment_id, max(label) AS label
  FROM votes
  WHERE dataset_id = $dataset_id AND comment_id IN $numbers AND annotator = $imported AND kind = 'label'
  GROUP BY comment_id
) i ON i.comment_id = l.comment_id
WHERE l.comment_id IN $numbers AND coalesce(i.label, l.label) IS NOT NULL
"""


def list_foreseen(
    db: Database, dataset_id: str, comment_ids: Sequence[int], *, model_id: str | None
) -> dict[int, str]:
    """The label to be expected of each comment: the model's newest answer; else the file's, or that in force.

    Comments of which nothing is known are left out.
    """
    if not comment_ids:
        return {}
    asked = {"dataset_id": dataset_id, "numbers": list(comment_ids)}
    bounds = {"low": min(comment_ids), "high": max(comment_ids)}
    with db.reading() as cursor:
        if model_id is not None:
            rows = cursor.execute(_ANSWERED, {**asked, "model_id": model_id}).fetchall()
        else:
            rows = cursor.execute(_LABELLED, {**asked, **bounds, "imported": IMPORTED}).fetchall()
    return {int(number): str(label) for number, label in rows}
