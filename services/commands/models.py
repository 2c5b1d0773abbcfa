"""The commands about models: the list, one of them, its export, archive, and two beside each other."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from services.commands.options import ME, As, Home, Json, Whose
from services.commands.terminal import do
from services.commands.training import named_base

Model = Annotated[str, typer.Argument(help="As in model-3.")]


class _ModelOrCommand(TyperGroup):
    """`models model-3` shows that model: what is no command is the name of one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = ["show", *args]
        return super().resolve_command(ctx, args)


models = typer.Typer(
    cls=_ModelOrCommand, invoke_without_command=True, no_args_is_help=False, rich_markup_mode=None
)


def add_commands(app: typer.Typer) -> None:
    """Put `models` and its own commands into the program."""
    app.add_typer(models, name="models")


@models.callback()
def list_(
    ctx: typer.Context,
    dataset: Whose = None,
    archived: Annotated[bool, typer.Option("--archived", help="Those put away too.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List models; `models MODEL` looks at one and its runs."""
    if ctx.invoked_subcommand is None:
        do("models", {"dataset": dataset, "archived": archived}, home, as_json)


@models.command()
def show(model: Model, home: Home = None, as_json: Json = False) -> None:
    """One model: base, licence, number, size, speed, and what it answered."""
    do("models", {"model": model}, home, as_json)


@models.command()
def export(
    model: Model,
    to: Annotated[Path, typer.Option(resolve_path=True, help="A folder that does not exist, or is empty.")],
    onnx: Annotated[bool, typer.Option("--onnx", help="Add an ONNX file (encoders).")] = False,
    int8: Annotated[bool, typer.Option("--int8", help="Add its 8-bit copy, and how it differs.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write a model as a folder that other programs load, with its card."""
    do("export-model", {"model": model, "to": str(to), "onnx": onnx, "int8": int8}, home, as_json)


@models.command()
def archive(model: Model, actor: As = ME, home: Home = None, as_json: Json = False) -> None:
    """Hide a model from the lists; nothing of it is deleted."""
    do("archive-model", {"model": model, "actor": actor}, home, as_json)


@models.command("take-back")
def take_back(model: Model, actor: As = ME, home: Home = None, as_json: Json = False) -> None:
    """Show an archived model in the lists again."""
    do("archive-model", {"model": model, "actor": actor, "undo": True}, home, as_json)


@models.command()
def differences(first: Model, second: Model, home: Home = None, as_json: Json = False) -> None:
    """The settings in which two models differ."""
    do("compare-models", {"first": first, "second": second}, home, as_json)


@models.command()
def base(
    name: Annotated[str, typer.Argument(help="minilm, ./my-encoder, or owner/model on the hub.")],
    revision: Annotated[str | None, typer.Option(help="Commit, tag or branch on the hub.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Revision, licence and size of a base model; nothing is fetched."""
    do("base-model", {"base": named_base(name), "revision": revision}, home, as_json)
