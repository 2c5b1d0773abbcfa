"""The commands about misses and their causes, and about the scores of the service that is being replaced."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Home, Json, Most, Pairs
from services.commands.terminal import do, pairs_of

_Run = Annotated[str, typer.Option("--run", help="The run whose misses are sorted out.")]


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command()(cause)
    app.command()(causes)
    app.command("import-scores")(import_scores)


def cause(
    run: _Run,
    comment: Annotated[int | None, typer.Option(help="Its number; else the next ones are shown.")] = None,
    says: Annotated[
        str | None,
        typer.Option(help="The right label, or guideline, context missing, cannot be judged."),
    ] = None,
    second: Annotated[
        bool, typer.Option("--second", help="What one other person has read, unseen what they said.")
    ] = False,
    size: Annotated[int, typer.Option(min=1, help="Misses to draw, the first time.")] = 200,
    limit: Most = 5,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Read misses and as many hits of a run without knowing which is which, and say what each comment is."""
    given: dict[str, Any] = {"run": run, "actor": actor, "comment": comment, "says": says}
    do("cause", {**given, "second": second, "size": size, "limit": limit}, home, as_json)


def causes(
    run: _Run,
    put_in_force: Annotated[
        bool, typer.Option("--put-in-force", help="Put the labels that readers found right in force.")
    ] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Say why a run errs, and its numbers before and after the repair of labels, with intervals."""
    do("causes", {"run": run, "actor": actor, "put_in_force": put_in_force}, home, as_json)


def import_scores(
    snapshot: Annotated[str, typer.Option(help="Whose validation and test comments they are about.")],
    name: Annotated[str, typer.Option(help="Of the system: Perspective.")],
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, resolve_path=True, help="Else what they came with."),
    ] = None,
    key: Annotated[str, typer.Option(help="Its column with the id that the comments came with.")] = "id",
    by_text: Annotated[
        bool, typer.Option("--by-text", help="The key is the text, letter by letter.")
    ] = False,
    score: Annotated[
        list[str] | None, typer.Option(help="LABEL=COLUMN with its score; one is enough for two labels.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="Its column with the label that the system gave.")] = None,
    spelling: Pairs = None,
    scale: Annotated[float, typer.Option(help="The largest possible score: 1 or 100.")] = 1.0,
    flags_from: Annotated[
        float, typer.Option(help="With one score column: the label is given from here on, 0 to 1.")
    ] = 0.5,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Bring in what another system says of the same comments: --score disallow=TOXICITY.

    Without a file the scores are those that the comments were imported with.
    """
    given: dict[str, Any] = {
        "path": str(file) if file else None,
        "snapshot": snapshot,
        "name": name,
        "actor": actor,
    }
    given |= {"actor": actor, "key": key, "by_text": by_text, "scores": pairs_of(score), "label": label}
    given |= {"spellings": pairs_of(spelling), "scale": scale, "flags_from": flags_from}
    do("import-scores", given, home, as_json)
