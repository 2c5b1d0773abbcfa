"""The verbs of pairs, prompts and written texts, with plain arguments and plain answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from services.generation import pairs as kept_pairs
from services.generation import prompts as written_prompts
from services.generation.scoring import score_file
from services.verbs.tokens import text_of
from storage.database import Database
from storage.datasets import get_dataset

Progress = Callable[[str, float], None]


def keep_or_show_pairs(
    db: Database,
    *,
    actor: str | None = None,
    pairs: str | None = None,
    dataset: str | None = None,
    add: str | None = None,
    task: str | None = None,
    name: str = "",
    columns: dict[str, str] | None = None,
    limit: int = 20,
) -> Any:
    """Keep the pairs of a file; or one set with its first pairs and refused rows; or the sets there are."""
    if add is not None:
        if dataset is None or task is None:
            raise BadInput(
                "Under which dataset, and for which task?", hint="Give --dataset NAME and --task detoxify."
            )
        return kept_pairs.keep_pairs(
            db, dataset, Path(add), task=task, actor=actor or "", name=name, columns=columns
        )
    if pairs is not None:
        return {
            "pairs": kept_pairs.get_pair_set(db, pairs),
            "refused": [{"row": row, "reason": why} for row, why in kept_pairs.refusals_of(db, pairs)],
            "rows": kept_pairs.pairs_of(db, pairs)[:limit],
        }
    return kept_pairs.list_pair_sets(db, dataset and get_dataset(db, dataset).dataset_id)


def write_or_show_prompts(
    db: Database, *, dataset: str, task: str, path: str | None = None, actor: str | None = None
) -> Any:
    """Add a version of what models are told for a task; or show all versions, newest first."""
    if path is not None:
        return written_prompts.write_prompt(db, dataset, task, text_of(path).rstrip("\n"), actor=actor or "")
    return written_prompts.list_prompts(db, get_dataset(db, dataset).dataset_id, task)


def score_texts(
    db: Database,
    *,
    path: str,
    task: str = "summarise",
    columns: dict[str, str] | None = None,
    model: str | None = None,
    unwanted: str | None = None,
    progress: Progress,
) -> Any:
    """Every number of a file of texts and references, with signatures and intervals."""
    return score_file(
        db, Path(path), task=task, columns=columns, model_id=model, unwanted=unwanted, progress=progress
    )


VERBS: dict[str, Callable[..., Any]] = {
    "pairs": keep_or_show_pairs,
    "prompt": write_or_show_prompts,
    "score": score_texts,
}
