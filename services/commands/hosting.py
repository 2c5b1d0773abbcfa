"""The commands about examples, tokens and providers."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Dataset, File, Home, Json, Keep, Of, Prompt, Split, Whose
from services.commands.terminal import do, number_or_text, pairs_of, path_text, tell
from services.modelling.hosted.patience import FOR_A_LIST, asking


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command()(tokens)
    app.command()(check)
    app.command()(examples)
    app.command()(providers)
    app.command()(spending)
    app.command()(prices)
    app.command("child-data")(child_data)


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
    given: dict[str, Any] = {"path": file and str(file), "snapshot": snapshot, "split": split, "model": model}
    given |= {"encoding": encoding, "limit": limit, **prompt_and_shares(system_prompt, keep)}
    do("tokens", given, home, as_json)


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


def examples(
    examples: Annotated[str | None, typer.Argument(help="One set, with what was found in it.")] = None,
    add: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, resolve_path=True, help="Keep this file's.")
    ] = None,
    dataset: Whose = None,
    validation: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, resolve_path=True, help="Held out of it.")
    ] = None,
    name: Annotated[str, typer.Option(help="For people; else the file's.")] = "",
    held_out: Annotated[float, typer.Option(help="Share held out, where no file is.")] = 0.1,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Keep the good examples of a file, to tune a chat model on, or list those that were kept."""
    given: dict[str, Any] = {
        "examples": examples,
        "add": path_text(add),
        "dataset": dataset,
        "validation": path_text(validation),
    }
    do("examples", {**given, "name": name, "held_out": held_out, "actor": actor}, home, as_json)


def providers(
    refresh: Annotated[
        str | None, typer.Option(help="Ask this one for its models, and keep the answer.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Where comments may be sent, and when the models there are shut."""
    if refresh is not None:
        tell(asking(refresh, FOR_A_LIST, "its models"))
    do("providers", {"refresh": refresh}, home, as_json)


def spending(actor: As = ME, home: Home = None, as_json: Json = False) -> None:
    """The caps on what providers may cost, and what is left of them today."""
    do("spending", {"actor": actor}, home, as_json)


def prices(
    model: Annotated[str | None, typer.Argument(help="Whose row is written; all are listed without.")] = None,
    train: Annotated[float | None, typer.Option(help="USD per million tokens of training.")] = None,
    reading: Annotated[float | None, typer.Option(help="USD per million tokens that it reads.")] = None,
    writing: Annotated[float | None, typer.Option(help="USD per million tokens that it writes.")] = None,
    limit: Annotated[int | None, typer.Option(help="Tokens that an example may have.")] = None,
    shuts_on: Annotated[str | None, typer.Option(help="A day as in 2027-01-14, or never.")] = None,
    tunable: Annotated[bool | None, typer.Option("--tunable/--not-tunable")] = None,
    source: Annotated[str | None, typer.Option(help="Where the prices are from; needed to write.")] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Take back what was written of it.")] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """What hosted models cost and when they end; with a MODEL, its row is written first."""
    given: dict[str, Any] = {"model": model, "train": train, "reading": reading, "writing": writing}
    given |= {"limit": limit, "shuts_on": shuts_on, "tunable": tunable, "source": source, "forget": forget}
    do("prices", {**given, "actor": actor}, home, as_json)


def child_data(
    dataset: Dataset,
    mark: Annotated[
        bool | None, typer.Option("--yes/--no", help="It may hold data of children, or it holds none.")
    ] = None,
    why: Annotated[str, typer.Option(help="How you know; needed for --no.")] = "",
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Whether a dataset may hold data of children, and so goes to no provider; who said so."""
    do("child-data", {"dataset": dataset, "child_data": mark, "why": why, "actor": actor}, home, as_json)


def prompt_and_shares(system_prompt: Path | None, keep: list[str] | None) -> dict[str, Any]:
    """The arguments of a verb that makes chat examples."""
    shares = {label: number_or_text(share) for label, share in pairs_of(keep).items()}
    return {"system_prompt": system_prompt and str(system_prompt), "shares": shares or None}
