"""The workbench from the command line: every station of the loop, the same services as the pages."""

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from services.homes import home_folder
from services.terminal import do, do_job, number_or_text, pairs_of

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
Of = Annotated[str | None, typer.Option("--snapshot", help="Its examples.")]
Split = Annotated[str, typer.Option(help="train, validation or test.")]
Most = Annotated[int, typer.Option(min=1, help="How many to show.")]
Prompt = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, resolve_path=True, help="Else the guideline.")
]
Keep = Annotated[list[str] | None, typer.Option(help="LABEL=SHARE of its comments; may be repeated.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Return while the job goes on.")]


def _user() -> str:
    """The name of this account; a container may have none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


ME = _user()


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
        return do("look", {"path": str(file)}, home, as_json)
    given = {
        "path": str(file),
        "dataset": dataset,
        "actor": actor,
        "columns": pairs_of(column) or None,
        "label_map": pairs_of(label_map) or None,
        "labels": [name for name in labels.split(",") if name],
        "group_by": group_by,
        "votes_needed": votes_needed,
    }
    return do("import", given, home, as_json)


@app.command()
def findings(
    import_id: int,
    limit: Annotated[int | None, typer.Option(min=1, help="How many to show; else all.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List the rows of an import that were refused, in conflict, or in with a note."""
    do("findings", {"import_id": import_id, "limit": limit}, home, as_json)


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
    do("clean", {"dataset": dataset, "actor": actor, "rule": rule, "undo": undo}, home, as_json)


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
    do("label", given, home, as_json)


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
    do("snapshot", {**given, "verify": verify, "show_all": show_all}, home, as_json)


@app.command()
def train(
    snapshot: Annotated[str, typer.Option("--snapshot")],
    recipe: Annotated[
        str, typer.Option(help="baseline, baseline-weighted, quick-look, solid, best or classic.")
    ] = "baseline",
    name: Annotated[str | None, typer.Option(help="Of the model.")] = None,
    setting: Pairs = None,
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Train a model on a snapshot and let it predict the validation and test splits."""
    settings = {key: number_or_text(value) for key, value in pairs_of(setting).items()}
    given = {
        "snapshot": snapshot,
        "recipe": recipe,
        "name": name,
        "settings": settings or None,
        "actor": actor,
    }
    do_job("train", given, home, as_json, wait=not no_wait)


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
    do_job("predict", given, home, as_json, wait=not no_wait)


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
        return do("evaluate-file", given, home, as_json)
    return do("evaluate", {"run": run, "model": model, "snapshot": snapshot, "split": split}, home, as_json)


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
    limit: Most = 20,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Read the misses of a run, or say what one of them means."""
    given = {"run": run, "comment": comment, "verdict": verdict, "label": label, "why": why, "actor": actor}
    do("review", {**given, "gold": gold, "predicted": predicted, "limit": limit}, home, as_json)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(help="A run.")],
    after: Annotated[str, typer.Argument(help="A run on the same comments.")],
    show: Annotated[str | None, typer.Option(help="List: fixed, broken, both_wrong or both_right.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Two runs on the same comments: what was gained and lost, and whether that can be told from noise."""
    do("compare", {"before": before, "after": after, "show": show}, home, as_json)


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
    do("jobs", given, home, as_json)


@app.command()
def models(
    model: Annotated[str | None, typer.Argument(help="One model, with its runs.")] = None,
    dataset: Whose = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List models, or look at one and its runs."""
    do("models", {"model": model, "dataset": dataset}, home, as_json)


@app.command()
def datasets(home: Home = None, as_json: Json = False) -> None:
    """Where each dataset stands in the loop."""
    do("datasets", {}, home, as_json)


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
    do("create", {**given, "actor": actor}, home, as_json)


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
    do("guideline", {"dataset": dataset, "path": str(file) if file else None, "actor": actor}, home, as_json)


@app.command()
def comments(
    dataset: Dataset,
    contains: str = "",
    label: str | None = None,
    limit: Most = 20,
    offset: Annotated[int, typer.Option(min=0, help="How many to pass over first.")] = 0,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find comments."""
    given = {"dataset": dataset, "contains": contains, "label": label, "limit": limit, "offset": offset}
    do("comments", given, home, as_json)


@app.command()
def comment(number: int, home: Home = None, as_json: Json = False) -> None:
    """All that is known of one comment."""
    do("comment", {"comment": number}, home, as_json)


@app.command()
def tokens(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, resolve_path=True, help="Of examples.")
    ] = None,
    snapshot: Of = None,
    split: Split = "train",
    model: Annotated[str | None, typer.Option(help="A hosted model: its encoding and limit.")] = None,
    encoding: Annotated[str | None, typer.Option(help="o200k_base (unless told) or cl100k_base.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Tokens that an example may have.")] = None,
    system_prompt: Prompt = None,
    keep: Keep = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """What a file of fine-tuning examples, or a snapshot, comes to in tokens, epochs and money."""
    given = {"path": file and str(file), "snapshot": snapshot, "split": split, "model": model}
    given |= {"encoding": encoding, "limit": limit, **_prompt_and_shares(system_prompt, keep)}
    do("tokens", given, home, as_json)


@app.command()
def check(
    file: File,
    validation: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, resolve_path=True, help="Held out of it.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Every fault of a file of fine-tuning examples, row by row; exits with 1 if no host would take it."""
    found = do("check", {"path": str(file), "validation": validation and str(validation)}, home, as_json)
    if not found["ok_to_upload"]:
        raise typer.Exit(1)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(resolve_path=True, help="Ends in .csv, .jsonl, .xlsx or .parquet.")],
    dataset: Whose = None,
    format: Annotated[str, typer.Option(help="table, or chat: fine-tuning examples as .jsonl.")] = "table",
    snapshot: Of = None,
    split: Split = "train",
    system_prompt: Prompt = None,
    keep: Keep = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write every comment with its label to a file, or --format chat --snapshot S as examples."""
    given = {"path": str(file), "dataset": dataset, "format": format, "snapshot": snapshot, "split": split}
    do("export", {**given, **_prompt_and_shares(system_prompt, keep)}, home, as_json)


@app.command()
def demo(actor: As = ME, home: Home = None, as_json: Json = False) -> None:
    """Make the demo dataset and take it once around the loop."""
    do("demo", {"actor": actor}, home, as_json)


@app.command("serve-ui")
def serve_ui(
    port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = False,
    home: Home = None,
) -> None:
    """Start the dashboard on 127.0.0.1; it owns the database until it stops."""
    folder = home_folder(home)
    environment = {**os.environ, "WORKBENCH_HOME": str(folder), "WORKBENCH_PROCESS": "The dashboard"}
    address = f"http://127.0.0.1:{port}"
    if browser:
        environment["WORKBENCH_OPEN_BROWSER"] = address
    typer.echo(f"The dashboard on {folder}: {address}", err=True)
    # In place of this process, so that whoever stops this one stops the dashboard.
    os.chdir(ROOT)
    command = [sys.executable, "-m", "streamlit", "run", "server.py", "--server.port", str(port)]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own program, no shell


def _prompt_and_shares(system_prompt: Path | None, keep: list[str] | None) -> dict[str, Any]:
    shares = {label: number_or_text(share) for label, share in pairs_of(keep).items()}
    return {"system_prompt": system_prompt and str(system_prompt), "shares": shares or None}


if __name__ == "__main__":
    app()
