"""Every station of the loop as a verb with plain arguments and a plain answer, for the command line."""

import inspect
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.comments import CommentFilter
from domain.errors import BadInput, NotFound, WorkbenchError
from services.curation import cleaning, comments, datasets, importing, snapshots
from services.demo import load_demo
from services.evaluation import comparing, files, reports, reviews
from services.jobs import launch
from services.jobs.absorb import absorb
from services.labelling import desk
from services.modelling import models, prediction, training
from services.plain import plain
from services.standing import list_standings
from services.token_verbs import check_examples, count_tokens, export_rows, text_of
from storage.database import Database
from storage.snapshots import get_snapshot, list_snapshots

_log = logging.getLogger("workbench")

Progress = Callable[[str, float], None]


def run_verb(db: Database, verb: str, arguments: dict[str, Any], progress: Progress) -> Any:
    """Carry out a verb and return its answer as JSON can carry it. Finished jobs are taken in first.

    Raises:
        NotFound: there is no such verb.
        BadInput: an argument is missing or unknown.
        WorkbenchError: what the verb's service raises.
    """
    if verb not in VERBS:
        raise NotFound(f"There is no verb '{verb}'.", hint=f"Verbs: {', '.join(VERBS)}.")
    work = VERBS[verb]
    given = (
        {**arguments, "progress": progress} if "progress" in inspect.signature(work).parameters else arguments
    )
    try:
        inspect.signature(work).bind(db, **given)
    except TypeError as error:
        raise BadInput(f"'{verb}' cannot be called so: {error}.") from error
    absorb(db)
    try:
        return plain(work(db, **given))
    except (
        WorkbenchError,
        ConnectionError,
    ):  # ours; or the caller at the door left, and nobody is to be told
        raise
    except OSError as error:
        named = f" {error.filename}" if error.filename else ""
        raise BadInput(f"{error.strerror or error}:{named}", hint="Look at the file and the disk.") from error
    except Exception as error:  # noqa: BLE001 - the one place for bugs behind the door: the log has all of it
        _log.exception("A bug in the verb '%s'", verb)
        raise WorkbenchError(
            f"'{verb}' went wrong in a way it should not: {type(error).__name__}.",
            hint="The log of the process that carried it out has the whole of it.",
        ) from error


def _look(_db: Database, *, path: str) -> Any:
    look = importing.preview(Path(path))
    return {"look": look, "columns": importing.guess_columns(look.columns)}


def _import(
    db: Database,
    *,
    path: str,
    dataset: str,
    actor: str,
    columns: dict[str, str] | None = None,
    label_map: dict[str, str] | None = None,
    labels: list[str] | None = None,
    group_by: str = "author",
    votes_needed: int = 1,
    progress: Progress,
) -> Any:
    done = importing.import_file(
        db,
        Path(path),
        dataset,
        actor=actor,
        columns=columns,
        label_map=label_map,
        labels=tuple(labels or ()),
        group_by=group_by,
        votes_needed=votes_needed,
        progress=progress,
    )
    return {"import": done, "sentence": importing.counts_sentence(done)}


def _findings(db: Database, *, import_id: int, limit: int | None = None) -> Any:
    return importing.findings(db, import_id, limit=limit)


def _clean(
    db: Database, *, dataset: str, actor: str, rule: str | None = None, undo: int | None = None
) -> Any:
    if undo is not None:
        return cleaning.undo(db, undo, dataset_id=_known(db, dataset), actor=actor)
    if rule is not None:
        return cleaning.apply_rule(db, dataset, rule, actor=actor)
    return [cleaning.preview(db, dataset, rule, limit=10) for rule in cleaning.RULES]


def _label(
    db: Database,
    *,
    dataset: str,
    actor: str,
    comment: int | None = None,
    label: str | None = None,
    wanted: int = 5,
) -> Any:
    if comment is None:
        return desk.next_comments(db, dataset, actor=actor, wanted=wanted)
    if label is None:
        raise BadInput(f"Which label for comment {comment}?", hint="Give --label NAME, or skip or unsure.")
    vote = desk.label_comment(db, dataset, comment, actor=actor, label=label)
    return {"comment_id": comment, "annotator": actor, "kind": vote.kind, "label": vote.label}


def _snapshot(
    db: Database,
    *,
    dataset: str | None = None,
    actor: str | None = None,
    split_mode: str = "group",
    seed: int = 0,
    note: str = "",
    verify: str | None = None,
    show_all: bool = False,
) -> Any:
    if verify is not None:
        return snapshots.verify_snapshot(db, verify)
    if dataset is None:
        raise BadInput("Of which dataset?", hint="Give --dataset NAME.")
    if show_all:
        return list_snapshots(db, _known(db, dataset))
    return snapshots.take_snapshot(
        db, dataset, actor=actor or "", split_mode=split_mode, seed=seed, note=note
    )


def _train(
    db: Database,
    *,
    snapshot: str,
    actor: str,
    recipe: str = "baseline",
    name: str | None = None,
    settings: dict[str, Any] | None = None,
) -> Any:
    return training.train(db, snapshot_id=snapshot, recipe=recipe, settings=settings, name=name, actor=actor)


def _predict(db: Database, *, model: str, snapshot: str, split: str, actor: str) -> Any:
    return prediction.predict(db, model_id=model, snapshot_id=snapshot, split=split, actor=actor)


def _evaluate(
    db: Database,
    *,
    run: str | None = None,
    model: str | None = None,
    snapshot: str | None = None,
    split: str = "test",
) -> Any:
    if run is None:
        run = _run_of(db, model, snapshot, split)
    return reports.as_dict(reports.evaluate(db, run))


def _evaluate_file(_db: Database, *, path: str, gold: str, predicted: str, score: str | None = None) -> Any:
    return files.as_dict(files.evaluate_file(Path(path), gold=gold, predicted=predicted, score=score))


def _review(
    db: Database,
    *,
    run: str,
    actor: str,
    comment: int | None = None,
    verdict: str | None = None,
    label: str | None = None,
    why: str = "",
    gold: str | None = None,
    predicted: str | None = None,
    limit: int = 20,
) -> Any:
    if comment is None:
        return {
            "progress": reviews.progress(db, run),
            "misses": reviews.misses(db, run, gold=gold, predicted=predicted, reviewed=False, limit=limit),
        }
    if verdict is None:
        raise BadInput(
            f"What is the verdict on comment {comment}?", hint=f"One of {', '.join(reviews.VERDICTS)}."
        )
    client_id = f"command:{uuid4()}"
    reviews.review(
        db,
        run_id=run,
        comment_id=comment,
        verdict=verdict,
        label=label,
        why=why,
        client_id=client_id,
        actor=actor,
    )
    return {"run_id": run, "comment_id": comment, "verdict": verdict, "label": label}


def _compare(db: Database, *, before: str, after: str, show: str | None = None) -> Any:
    if show is not None:
        return comparing.changed(db, before, after, show)
    return comparing.as_dict(comparing.compare_runs(db, before, after))


def _jobs(
    db: Database,
    *,
    actor: str | None = None,
    dataset: str | None = None,
    job: str | None = None,
    cancel: bool = False,
    restart: bool = False,
) -> Any:
    if job is None and (cancel or restart):
        raise BadInput(
            f"{'Cancel' if cancel else 'Restart'} which job?", hint="Name it: jobs JOB. The list shows them."
        )
    if job is None:
        return launch.list_jobs(db, dataset and _known(db, dataset))
    if cancel:
        return launch.cancel(db, job, actor or "")
    if restart:
        return launch.restart(db, job, actor or "")
    return {"job": launch.get_job(db, job), "log": launch.folder_of(db, job).log_tail()}


def _models(db: Database, *, dataset: str | None = None, model: str | None = None) -> Any:
    if model is None:
        return models.list_models(db, dataset and _known(db, dataset))
    return {"model": models.get_model(db, model), "runs": models.list_runs(db, model_id=model)}


def _datasets(db: Database) -> Any:
    return list_standings(db)


def _create(
    db: Database,
    *,
    dataset: str,
    labels: list[str],
    actor: str,
    group_by: str = "author",
    votes_needed: int = 1,
) -> Any:
    return datasets.create_dataset(
        db, dataset, labels, actor=actor, group_by=group_by, votes_needed=votes_needed
    )


def _guideline(db: Database, *, dataset: str, actor: str, path: str | None = None) -> Any:
    if path is not None:
        datasets.write_guideline(db, dataset, text_of(path), actor=actor)
    return datasets.find_guideline(db, _known(db, dataset))


def _comments(
    db: Database,
    *,
    dataset: str,
    contains: str = "",
    label: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> Any:
    wanted = CommentFilter(_known(db, dataset), contains=contains, label=label, limit=limit, offset=offset)
    return comments.list_comments(db, wanted)


def _comment(db: Database, *, comment: int) -> Any:
    return comments.history(db, comment)


def _show_snapshot(db: Database, *, snapshot: str) -> Any:
    return get_snapshot(db, snapshot)


def _demo(db: Database, *, actor: str, progress: Progress) -> Any:
    return load_demo(db, actor=actor, progress=progress)


def _known(db: Database, dataset: str) -> str:
    """The name again: a list of nothing must not hide that it was misspelt."""
    return datasets.get_dataset(db, dataset).dataset_id


def _run_of(db: Database, model: str | None, snapshot: str | None, split: str) -> str:
    if model is None:
        raise BadInput(
            "Evaluate what?", hint="Give --run RUN, or --model MODEL [--snapshot S] [--split test]."
        )
    runs = models.list_runs(db, model_id=model, snapshot_id=snapshot, split=split)
    if not runs:
        raise NotFound(
            f"{model} has not predicted the {split} split of {snapshot or 'any snapshot'}.",
            hint="Let it: predict --model MODEL --snapshot SNAPSHOT --split SPLIT.",
        )
    return runs[0].run_id


VERBS: dict[str, Callable[..., Any]] = {
    "look": _look,
    "import": _import,
    "findings": _findings,
    "clean": _clean,
    "label": _label,
    "snapshot": _snapshot,
    "show-snapshot": _show_snapshot,
    "train": _train,
    "predict": _predict,
    "evaluate": _evaluate,
    "evaluate-file": _evaluate_file,
    "review": _review,
    "compare": _compare,
    "jobs": _jobs,
    "models": _models,
    "datasets": _datasets,
    "create": _create,
    "guideline": _guideline,
    "comments": _comments,
    "comment": _comment,
    "tokens": count_tokens,
    "check": check_examples,
    "export": export_rows,
    "demo": _demo,
}
