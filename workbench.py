"""The workbench from the command line: every station of the loop, the same services as the pages."""

import getpass
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.errors import BadInput, WorkbenchError
from services.homes import home_folder

ROOT = Path(__file__).resolve().parent

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=__doc__,
    rich_markup_mode=None,
)

Home = Annotated[Path | None, typer.Option("--home", help="Folder of the data; else WORKBENCH_HOME.")]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
As = Annotated[
    str, typer.Option("--as", envvar="WORKBENCH_AS", help="Who does it. Attribution, not security.")
]
Dataset = Annotated[str, typer.Option("--dataset", help="Name of the dataset.")]
Whose = Annotated[str | None, typer.Option("--dataset", help="Only of this dataset.")]
Pairs = Annotated[list[str] | None, typer.Option(help="NAME=VALUE; may be repeated.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, resolve_path=True)]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Return while the job goes on.")]

ME = getpass.getuser()
_FOLLOW_EVERY_S = 0.2


@app.command("import")
def import_(
    file: File,
    dataset: Dataset,
    column: Pairs = None,
    label_map: Pairs = None,
    labels: Annotated[str, typer.Option(help="Label set of a new dataset: allow,disallow")] = "",
    group_by: Annotated[str, typer.Option(help="author, thread or none, for a new dataset.")] = "author",
    votes_needed: Annotated[int, typer.Option(help="Votes a comment needs, for a new dataset.")] = 1,
    look: Annotated[bool, typer.Option("--look", help="Show how the file is read; import nothing.")] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Bring a CSV, JSONL or Parquet file in: --column text=tweet --label-map 0=hate."""
    if look:
        return _do("look", {"path": str(file)}, home, as_json)
    given = {
        "path": str(file),
        "dataset": dataset,
        "actor": actor,
        "columns": _pairs(column) or None,
        "label_map": _pairs(label_map) or None,
        "labels": [name for name in labels.split(",") if name],
        "group_by": group_by,
        "votes_needed": votes_needed,
    }
    return _do("import", given, home, as_json)


@app.command()
def findings(import_id: int, limit: int | None = None, home: Home = None, as_json: Json = False) -> None:
    """List the rows of an import that were refused, in conflict, or in with a note."""
    _do("findings", {"import_id": import_id, "limit": limit}, home, as_json)


@app.command()
def clean(
    dataset: Dataset,
    rule: Annotated[
        str | None, typer.Option(help="'empty' or 'exact duplicate'; else a preview of each.")
    ] = None,
    undo: Annotated[int | None, typer.Option(help="Take this cleaning back.")] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show what could be excluded, exclude it, or undo that."""
    _do("clean", {"dataset": dataset, "actor": actor, "rule": rule, "undo": undo}, home, as_json)


@app.command()
def label(
    dataset: Dataset,
    comment: Annotated[
        int | None, typer.Option(help="Its number; else the next ones that wait are shown.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="A label, or skip, or unsure.")] = None,
    wanted: Annotated[int, typer.Option(min=1, max=200, help="How many to show.")] = 5,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Vote on a comment, or see which ones wait for you."""
    given = {"dataset": dataset, "actor": actor, "comment": comment, "label": label, "wanted": wanted}
    _do("label", given, home, as_json)


@app.command()
def snapshot(
    dataset: Whose = None,
    split_mode: Annotated[str, typer.Option(help="group, stratified or imported.")] = "group",
    seed: Annotated[int, typer.Option(help="For stratified splits.")] = 0,
    note: str = "",
    verify: Annotated[str | None, typer.Option(help="Hash this snapshot's file again instead.")] = None,
    show_all: Annotated[bool, typer.Option("--list", help="List the snapshots instead.")] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Freeze the labels in force."""
    given = {"dataset": dataset, "actor": actor, "split_mode": split_mode, "seed": seed, "note": note}
    _do("snapshot", {**given, "verify": verify, "show_all": show_all}, home, as_json)


@app.command()
def train(
    snapshot: Annotated[str, typer.Option("--snapshot")],
    recipe: Annotated[str, typer.Option(help="baseline or baseline-weighted.")] = "baseline",
    name: Annotated[str | None, typer.Option(help="Of the model.")] = None,
    setting: Pairs = None,
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Train a model on a snapshot and let it predict the validation and test splits."""
    settings = {key: _number_or_text(value) for key, value in _pairs(setting).items()}
    given = {
        "snapshot": snapshot,
        "recipe": recipe,
        "name": name,
        "settings": settings or None,
        "actor": actor,
    }
    _do_job("train", given, home, as_json, wait=not no_wait)


@app.command()
def predict(
    model: Annotated[str, typer.Option("--model")],
    snapshot: Annotated[str, typer.Option("--snapshot")],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Let a model predict one split of a snapshot."""
    given = {"model": model, "snapshot": snapshot, "split": split, "actor": actor}
    _do_job("predict", given, home, as_json, wait=not no_wait)


@app.command()
def evaluate(
    run: str | None = None,
    model: str | None = None,
    snapshot: str | None = None,
    split: str = "test",
    predictions: Annotated[Path | None, typer.Option(help="A CSV that any other system made.")] = None,
    gold: Annotated[str, typer.Option(help="Its column with the true label.")] = "label",
    predicted: Annotated[str, typer.Option(help="Its column with the predicted label.")] = "prediction",
    score: Annotated[str | None, typer.Option(help="Its column with a score.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Every number of a run, or of a file of predictions, with its interval."""
    if predictions is not None:
        given = {"path": str(predictions.resolve()), "gold": gold, "predicted": predicted, "score": score}
        return _do("evaluate-file", given, home, as_json)
    return _do("evaluate", {"run": run, "model": model, "snapshot": snapshot, "split": split}, home, as_json)


@app.command()
def review(
    run: Annotated[str, typer.Option("--run")],
    comment: Annotated[int | None, typer.Option(help="Its number; else the misses not reviewed yet.")] = None,
    verdict: Annotated[
        str | None, typer.Option(help="model wrong, label wrong, guideline unclear, cannot be judged.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="The right label, where the label was wrong.")] = None,
    why: Annotated[str, typer.Option(help="Why.")] = "",
    gold: Annotated[str | None, typer.Option(help="Only misses under this label.")] = None,
    predicted: Annotated[str | None, typer.Option(help="Only misses predicted as this label.")] = None,
    limit: int = 20,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Read the misses of a run, or say what one of them means."""
    given = {"run": run, "comment": comment, "verdict": verdict, "label": label, "why": why, "actor": actor}
    _do("review", {**given, "gold": gold, "predicted": predicted, "limit": limit}, home, as_json)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(help="A run.")],
    after: Annotated[str, typer.Argument(help="A run on the same comments.")],
    show: Annotated[str | None, typer.Option(help="List: fixed, broken, both_wrong or both_right.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Two runs on the same comments: what was gained and lost, and whether that can be told from noise."""
    _do("compare", {"before": before, "after": after, "show": show}, home, as_json)


@app.command()
def jobs(
    job: Annotated[str | None, typer.Argument(help="One job, with its log.")] = None,
    dataset: Whose = None,
    cancel: Annotated[bool, typer.Option("--cancel")] = False,
    restart: Annotated[bool, typer.Option("--restart")] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List jobs, look at one, cancel it or start it again."""
    given = {"job": job, "dataset": dataset, "cancel": cancel, "restart": restart, "actor": actor}
    _do("jobs", given, home, as_json)


@app.command()
def models(
    model: Annotated[str | None, typer.Argument(help="One model, with its runs.")] = None,
    dataset: Whose = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List models, or look at one and its runs."""
    _do("models", {"model": model, "dataset": dataset}, home, as_json)


@app.command()
def datasets(home: Home = None, as_json: Json = False) -> None:
    """Where each dataset stands in the loop."""
    _do("datasets", {}, home, as_json)


@app.command()
def create(
    dataset: Dataset,
    labels: Annotated[str, typer.Option(help="allow,disallow")],
    group_by: Annotated[str, typer.Option(help="author, thread or none.")] = "author",
    votes_needed: int = 1,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make an empty dataset."""
    given = {
        "dataset": dataset,
        "labels": labels.split(","),
        "group_by": group_by,
        "votes_needed": votes_needed,
    }
    _do("create", {**given, "actor": actor}, home, as_json)


@app.command()
def guideline(
    dataset: Dataset,
    file: Annotated[
        Path | None, typer.Option(exists=True, resolve_path=True, help="The next version.")
    ] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the guideline, or write its next version."""
    _do("guideline", {"dataset": dataset, "path": str(file) if file else None, "actor": actor}, home, as_json)


@app.command()
def comments(
    dataset: Dataset,
    contains: str = "",
    label: str | None = None,
    limit: int = 20,
    offset: int = 0,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find comments."""
    given = {"dataset": dataset, "contains": contains, "label": label, "limit": limit, "offset": offset}
    _do("comments", given, home, as_json)


@app.command()
def comment(number: int, home: Home = None, as_json: Json = False) -> None:
    """All that is known of one comment."""
    _do("comment", {"comment": number}, home, as_json)


@app.command()
def export(
    dataset: Dataset,
    file: Annotated[Path, typer.Argument(resolve_path=True, help="Ends in .csv, .jsonl, .xlsx or .parquet.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write every comment with its label to a file."""
    _do("export", {"dataset": dataset, "path": str(file)}, home, as_json)


@app.command()
def demo(actor: As = ME, home: Home = None, as_json: Json = False) -> None:
    """Make the demo dataset and take it once around the loop."""
    _do("demo", {"actor": actor}, home, as_json)


@app.command("serve-ui")
def serve_ui(
    port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = False,
    home: Home = None,
) -> None:
    """Start the dashboard on 127.0.0.1; it owns the database until it stops."""
    folder = home_folder(home)
    environment = {**os.environ, "WORKBENCH_HOME": str(folder), "WORKBENCH_PROCESS": "The dashboard"}
    command = [sys.executable, "-m", "streamlit", "run", "server.py", "--server.port", str(port)]
    if browser:
        command += ["--server.headless", "false"]
    typer.echo(f"The dashboard on {folder}: http://127.0.0.1:{port}", err=True)
    raise typer.Exit(subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode)


def _do(verb: str, arguments: dict[str, Any], home: Path | None, as_json: bool) -> None:
    _print(verb, _carry_out(verb, arguments, home_folder(home)), as_json)


def _do_job(verb: str, arguments: dict[str, Any], home: Path | None, as_json: bool, *, wait: bool) -> None:
    """Start a job and follow its folder, without holding the database meanwhile."""
    folder = home_folder(home)
    job = _carry_out(verb, arguments, folder)
    if wait:
        _follow(folder, job["job_id"])
        told = _carry_out("jobs", {"job": job["job_id"]}, folder)["job"]
        runs = [run for run in _runs(folder, told) if run["job_id"] == job["job_id"]]
        job = {**told, "runs": runs, "model_id": runs[0]["model_id"] if runs else None}
    _print(verb, job, as_json)
    if wait and job["state"]["name"] != "succeeded":
        raise typer.Exit(1)


def _runs(folder: Path, job: dict[str, Any]) -> list[dict[str, Any]]:
    made = _carry_out("models", {"dataset": job["dataset_id"]}, folder)
    names = [job["spec"]["model_id"]] if job["spec"]["model_id"] else [
        model["model_id"] for model in made if model["job_id"] == job["job_id"]
    ]  # fmt: skip
    return [run for name in names for run in _carry_out("models", {"model": name}, folder)["runs"]]


def _follow(folder: Path, job_id: str) -> None:
    from services.jobs.folder import JobFolder

    told = ""
    while not (state := JobFolder(folder / "jobs" / job_id).state()).is_over:
        line = f"{job_id} {state.share:4.0%} {state.message}"
        if line != told:
            told = line
            typer.echo(line, err=True)
        time.sleep(_FOLLOW_EVERY_S)


def _carry_out(verb: str, arguments: dict[str, Any], folder: Path) -> Any:
    from services.door import call
    from services.verbs import run_verb

    os.environ.setdefault("WORKBENCH_PROCESS", f"workbench.py {verb}")
    try:
        return call(folder, verb, arguments, run=run_verb, progress=_tell)
    except WorkbenchError as error:
        _fail(error)


def _tell(what: str, share: float) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r\033[K{share:4.0%} {what}", err=True, nl=False)


def _fail(error: WorkbenchError) -> None:
    if "--json" in sys.argv:
        typer.echo(json.dumps(error.as_dict(), ensure_ascii=False))
    else:
        typer.echo(f"{error} {error.hint}".strip(), err=True)
    raise typer.Exit(1)


def _print(verb: str, answer: Any, as_json: bool) -> None:
    if sys.stderr.isatty():
        typer.echo("\r\033[K", err=True, nl=False)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    from services.telling import told

    typer.echo(told(verb, answer))


def _pairs(given: list[str] | None) -> dict[str, str]:
    pairs = {}
    for pair in given or []:
        name, equals, value = pair.partition("=")
        if not equals:
            _fail(BadInput(f"'{pair}' is not NAME=VALUE.", hint="For instance --column text=tweet."))
        pairs[name] = value
    return pairs


def _number_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


if __name__ == "__main__":
    app()
