"""A verb carried out for a terminal: at the door of the database, with progress, then its answer."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import typer

from domain.errors import BadInput, WorkbenchError
from domain.text import with_hint
from services.homes import home_folder

_FOLLOW_EVERY_S = 0.2


def do(verb: str, arguments: dict[str, Any], home: Path | None, as_json: bool) -> Any:
    """Carry the verb out, print its answer, and return it; an error of ours ends the program with 1."""
    answer = _carry_out(verb, arguments, home_folder(home))
    _print(verb, answer, as_json)
    return answer


def do_job(verb: str, arguments: dict[str, Any], home: Path | None, as_json: bool, *, wait: bool) -> None:
    """Start a job and follow its folder, without holding the database meanwhile."""
    folder = home_folder(home)
    job = _carry_out(verb, arguments, folder)
    if wait:
        _follow(folder, job["job_id"])
        told = _carry_out("jobs", {"job": job["job_id"]}, folder)["job"]
        runs = [run for run in _runs(folder, told) if run["job_id"] == job["job_id"]]
        job = {**told, "runs": runs, "model_id": next(iter(_models(folder, told)), None)}
    _print(verb, job, as_json)
    if wait and job["state"]["name"] != "succeeded":
        raise typer.Exit(1)


def do_study(
    verb: str, arguments: dict[str, Any], home: Path | None, as_json: bool, *, wait: bool,
    reads: tuple[str, str] = ("studies", "study"), more: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Start a study and follow its folder; the answer is what it found.

    Args:
        reads: The verb that tells what it found, and its argument that names the job.
        more: Its other arguments.
    """
    folder = home_folder(home)
    job = _carry_out(verb, arguments, folder)
    if not wait:
        return _print(verb, job, as_json)
    _follow(folder, job["job_id"])
    study = _carry_out(reads[0], {reads[1]: job["job_id"], **(more or {})}, folder)
    _print(reads[0], study, as_json)
    if study["job"]["state"]["name"] != "succeeded":
        raise typer.Exit(1)
    return None


def _runs(folder: Path, job: dict[str, Any]) -> list[dict[str, Any]]:
    names = _models(folder, job)
    return [run for name in names for run in _carry_out("models", {"model": name}, folder)["runs"]]


def _models(folder: Path, job: dict[str, Any]) -> list[str]:
    """The model that the job asked, or made."""
    if job["spec"]["model_id"]:
        return [job["spec"]["model_id"]]
    made = _carry_out("models", {"dataset": job["dataset_id"]}, folder)
    return [model["model_id"] for model in made if model["job_id"] == job["job_id"]]


def _follow(folder: Path, job_id: str) -> None:
    from services.jobs.managing.waiting import state_in_line
    from services.jobs.process.folder import JobFolder

    told = ""
    while not (state := state_in_line(JobFolder(folder / "jobs" / job_id))).is_over:
        line = f"{job_id} {state.share:4.0%} {state.message}"
        if line != told:
            told = line
            typer.echo(line, err=True)
        time.sleep(_FOLLOW_EVERY_S)


def _carry_out(verb: str, arguments: dict[str, Any], folder: Path) -> Any:
    from services.door import call
    from services.verbs.running import run_verb

    os.environ.setdefault("WORKBENCH_PROCESS", f"workbench.py {verb}")
    try:
        return call(folder, verb, arguments, run=run_verb, progress=_tell)
    except WorkbenchError as error:
        _fail(error)


def _tell(what: str, share: float) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r\033[K{share:4.0%} {what}", err=True, nl=False)


def tell(line: str) -> None:
    """Say at once what is being done, where the answer is not."""
    typer.echo(line, err=True)


def _fail(error: WorkbenchError) -> NoReturn:
    if "--json" in sys.argv:
        typer.echo(json.dumps(error.as_dict(), ensure_ascii=False))
    else:
        typer.echo(with_hint(str(error), error.hint), err=True)
    raise typer.Exit(1)


def _print(verb: str, answer: Any, as_json: bool) -> None:
    if sys.stderr.isatty():
        typer.echo("\r\033[K", err=True, nl=False)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    from services.telling.told import told

    typer.echo(told(verb, answer))


def pairs_of(given: list[str] | None) -> dict[str, str]:
    """What NAME=VALUE options say; one without an equals sign ends the program with 1."""
    pairs = {}
    for pair in given or []:
        name, equals, value = pair.partition("=")
        if not equals:
            _fail(BadInput(f"'{pair}' is not NAME=VALUE.", hint="For instance --column text=tweet."))
        pairs[name] = value
    return pairs


def number_or_text(value: str) -> Any:
    """The value as JSON where it is JSON, such as a number, else as it stands."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def path_text(given: Path | None) -> str | None:
    """The path as a verb takes it."""
    return None if given is None else str(given)
