"""The verbs of pairs, prompts and written texts, with plain arguments and plain answers."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from services.generation import pairs as kept_pairs
from services.generation import prompts as written_prompts
from services.generation import ratings, written
from services.generation import training as writer_training
from services.generation.lengths import pair_lengths
from services.generation.report_pages import written_file, written_report
from services.generation.scoring import score_file
from services.generation.settings import WriterSettings
from services.jobs.managing.launch import get_job
from services.modelling.settings import read_settings
from services.modelling.tokens.length_counts import bins_of, lengths_told
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
    base: str | None = None,
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
            "lengths": None if base is None else estimate_on_pairs(db, pairs=pairs, base=base),
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


def train_on_pairs(
    db: Database,
    *,
    pairs: str,
    task: str | None,
    by: str,
    base: str | None,
    name: str | None,
    settings: dict[str, Any] | None,
    actor: str,
    prompt: int | None = None,
) -> Any:
    """The job that trains a model to write; `base` is the setting of that name, `prompt` a version."""
    given = {**(settings or {}), **({"base_model": base} if base else {}), **_worded(db, pairs, prompt)}
    return writer_training.train_writer(
        db, pair_set_id=pairs, by=by, task=task, settings=given, name=name, actor=actor
    )


def estimate_on_pairs(
    db: Database,
    *,
    pairs: str,
    base: str | None = None,
    prompt: int | None = None,
    settings: dict[str, Any] | None = None,
) -> Any:
    """How long pairs are in a base model's tokens, how many would be cut, and the steps of a training."""
    given = {**(settings or {}), **({"base_model": base} if base else {}), **_worded(db, pairs, prompt)}
    config = read_settings(WriterSettings, given)
    found = pair_lengths(
        db, pairs, base=config.base_model, revision=config.base_revision, prompt=config.prompt,
        clean=config.clean,
    )  # fmt: skip
    steps = config.epochs * math.ceil(found.targets.count / config.batch_size)
    told = lengths_told(found, max_source=config.max_source, max_target=config.max_target)
    return {
        "pairs": pairs,
        "base": config.base_model,
        "steps": steps,
        **{
            name: {
                "texts": lengths.count,
                **{f"p{share}": lengths.percentile(share) for share in (50, 95, 99, 100)},
                "cut": lengths.truncated(limit),
                "limit": limit,
                "histogram": bins_of(lengths),
            }
            for name, lengths, limit in (
                ("sources", found.sources, config.max_source), ("targets", found.targets, config.max_target),
            )
        },
        "sentence": f"{steps:,} steps. {told}",
    }  # fmt: skip


def _worded(db: Database, pairs: str, prompt: int | None) -> dict[str, str]:
    """The setting of that version of the prompt; none without one."""
    if prompt is None:
        return {}
    kept = kept_pairs.get_pair_set(db, pairs)
    return {"prompt": written_prompts.get_prompt(db, kept.dataset_id, kept.task, prompt).body}


def write_texts(
    db: Database,
    *,
    actor: str,
    pairs: str,
    model: str | None = None,
    base: str | None = None,
    shots: int = 0,
    prompt: int | None = None,
    settings: dict[str, Any] | None = None,
) -> Any:
    """The job that lets a model write the test split of pairs; `prompt` is a version of the prompt."""
    given: dict[str, Any] = {**(settings or {}), "shots": shots}
    given |= {"model": model} if model else {}
    given |= {"base_model": base} if base else {}
    given |= _worded(db, pairs, prompt)
    return writer_training.write(db, pair_set_id=pairs, settings=given, actor=actor)


def show_written(
    db: Database,
    *,
    job: str,
    system: str | None = None,
    order: str = "",
    limit: int = 10,
    out: str | None = None,
) -> Any:
    """The report of a job that wrote, with people's ratings; for a system, texts side by side too.

    With a path, the whole report is written there, in the format that its ending names.
    """
    if out is not None:
        ending = Path(out).suffix.removeprefix(".")
        Path(out).write_text(written_file(written_report(db, job, shown=limit), ending), encoding="utf-8")
    report = written.get_report(db, job)
    said = ratings.list_ratings(db, pair_set_id=writer_training.pairs_of_job(db, job), job_id=job)
    if order and order not in written.orders_of(report["task"]):
        known = ", ".join(written.orders_of(report["task"]))
        raise BadInput(f"Texts to {report['task']} have no order {order[:40]!r}.", hint=f"Orders: {known}.")
    texts = written.ordered(written.side_by_side(db, job), system, order)[:limit] if system else []
    return {
        "job": get_job(db, job),
        "report": report,
        "people": ratings.rated_systems(said),
        "agreement": ratings.agreement_of(said),
        "texts": texts,
        "path": out,
    }


def rate_text(
    db: Database,
    *,
    actor: str,
    job: str,
    pair: int,
    system: str,
    relevance: int,
    fluency: int,
    same_meaning: bool,
    toxic: bool,
) -> Any:
    """Keep what a person says of one text."""
    said = ratings.Rating(pair, system, relevance, fluency, same_meaning, toxic)
    return {"rated": ratings.rate(db, job, [said], actor=actor), "job": job, "by": actor}


VERBS: dict[str, Callable[..., Any]] = {
    "pairs": keep_or_show_pairs,
    "prompt": write_or_show_prompts,
    "score": score_texts,
    "generate": write_texts,
    "written": show_written,
    "rate": rate_text,
}
