"""Answers about models as lines for a terminal."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened

Answer = Any


def models_told(answer: Answer) -> str:
    """The list of models, or one with its runs."""
    if isinstance(answer, list):
        return "\n".join(map(_model, answer)) or "No model yet."
    facts = answer["facts"]
    lines = [
        f"{_model(answer['model'])}. {answer['ends'] or ''}".rstrip(),
        f"  Recipe: {facts['recipe'] or 'not noted'}. "
        f"Base: {shortened(facts['base'])}; licence: {shortened(facts['licence'] or 'not told')}; "
        f"{facts['size_bytes'] / 1e6:,.1f} MB"
        + (f"; the best of {facts['seeds']:,} seeds" if (facts["seeds"] or 1) > 1 else ""),
    ]
    if facts["prompt"] is not None:
        lines.append(f"  {shortened(facts['prompt'], 400)}")
    if (value := facts["macro_f1"]) is not None:
        speed = facts["comments_per_second"]
        fast = "" if speed is None else f"; {speed:,.0f} comments a second"
        lines.append(
            f"  Macro F1 {value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f}) in "
            f"{facts['run']}{fast}"
        )
    if (away := facts["archived"]) is not None:
        lines.append(f"  Archived by {shortened(away['created_by'])} at {away['created_at']}.")
    lines += map(_run, answer["runs"])
    return "\n".join(lines)


def _run(run: Answer) -> str:
    engine = "" if run["engine"] is None else f", {run['engine']}"
    numbers = [
        f"{name} {value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})"
        for name, value in (("accuracy", run["accuracy"]), ("macro F1", run["macro_f1"]))
        if value is not None
    ]
    told = f"  {run['run_id']}: {run['split']} of {run['snapshot_id']}{engine}, {run['created_at']}"
    return "; ".join([f"{told}, {run['row_count']:,} comments", *numbers])


def _model(model: Answer) -> str:
    name = shortened(model["name"])
    return f"{model['model_id']}: {name}, {model['backend']}, from {model['snapshot_id']}"


def archived_told(answer: Answer) -> str:
    """What was done to the model."""
    done = "is archived" if answer["archived"] else "is in the lists again"
    return f"{answer['model_id']} {done}."


def differences_told(answer: Answer) -> str:
    """Setting by setting."""
    lines = [
        f"  {shortened(name)}: {shortened(str(first))} | {shortened(str(second))}"
        for name, first, second in answer["differences"]
    ]
    return "\n".join([f"{answer['first']} | {answer['second']}", *(lines or ["  no setting differs"])])


def exported_told(answer: Answer) -> str:
    """Where it is, how large, and how the ONNX copies compare."""
    size = sum(answer["files"].values()) / 1e6
    lines = [f"{answer['model_id']}: {len(answer['files']):,} files, {size:,.1f} MB, in {answer['folder']}"]
    if answer["onnx"] is not None:
        lines.append(answer["onnx"]["told"])
    return "\n".join(lines)


def base_told(answer: Answer) -> str:
    """A base model, and the settings that keep a training on this very one."""
    size = f"{answer['size_bytes'] / 1e6:,.0f} MB"
    told = f"{shortened(answer['name'])}: licence {shortened(answer['licence'] or 'not told')}, {size}, "
    told += "on this machine" if answer["is_here"] else "not fetched yet"
    return told if answer["revision"] is None else f"{told}; revision {shortened(answer['revision'])}"


TELLERS: dict[str, Callable[[Answer], str]] = {
    "base-model": base_told,
    "models": models_told,
    "archive-model": archived_told,
    "compare-models": differences_told,
    "export-model": exported_told,
}
