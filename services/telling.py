"""Answers of the verbs as lines for a terminal; whatever comes from outside is written out, never obeyed."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened, visible

Answer = Any


def told(verb: str, answer: Answer) -> str:
    """The answer as a person reads it."""
    return _TELLERS.get(verb, _anything)(answer)


def _import(answer: Answer) -> str:
    done = answer["import"]
    parts = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in done["seconds"].items())
    lines = [
        f"Import {done['import_id']} into '{done['dataset_id']}': {answer['sentence']}",
        f"Time: {parts}.",
    ]
    if done["counts"]["refused"] or done["counts"]["conflicts"] or done["counts"]["notes"]:
        lines.append(f"Read them row by row: workbench.py findings {done['import_id']}")
    return "\n".join(lines)


def _findings(answer: Answer) -> str:
    lines = [
        f"line {f['line']}: {f['kind']}: {shortened(f['reason'], 200)}: {shortened(f['raw'])}" for f in answer
    ]
    return "\n".join(lines) or "Every row went in as it stands."


def _clean(answer: Answer) -> str:
    if isinstance(answer, dict):
        state = "undone" if answer["undone_at"] else "in force"
        return f"Cleaning {answer['cleaning_id']}: {answer['excluded']:,} × {answer['reason']}, {state}."
    return "\n".join(f"{preview['rule']}: {preview['count']:,} comments" for preview in answer)


def _snapshot(answer: Answer) -> str:
    if isinstance(answer, list):
        return "\n".join(_snapshot(one) for one in answer) or "No snapshot yet."
    manifest = answer["manifest"]
    splits = ", ".join(f"{name} {sum(labels.values()):,}" for name, labels in manifest["counts"].items())
    leaks = (
        ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in manifest["leaks"].items() if n) or "none"
    )
    return (
        f"{answer['snapshot_id']}: {answer['row_count']:,} rows ({splits}), {manifest['split_mode']} split, "
        f"sha256 {answer['sha256'][:12]}…; held-out rows linked to training rows: {leaks}."
    )


def _job(answer: Answer) -> str:
    state = answer["state"]
    lines = [
        f"{answer['job_id']} ({answer['kind']}): {state['name']}. {state['message']} {state['hint']}".rstrip()
    ]
    lines += [f"  {run['run_id']}: {run['model_id']} on {run['split']}, {run['row_count']:,} rows"
              for run in answer.get("runs", [])]  # fmt: skip
    return "\n".join(lines)


def _jobs(answer: Answer) -> str:
    if isinstance(answer, dict) and "job" in answer:
        return f"{_job(answer['job'])}\n{visible(answer['log'])}".rstrip()
    if isinstance(answer, dict):
        return _job(answer)
    return "\n".join(map(_job, answer)) or "No job yet."


def _models(answer: Answer) -> str:
    if isinstance(answer, dict):
        return _job({**answer["model"], "state": {"name": "a model", "message": "", "hint": ""}, "kind":
                     shortened(answer["model"]["name"]), "runs": answer["runs"]})  # fmt: skip
    return "\n".join(
        f"{m['model_id']}: {shortened(m['name'])}, {m['backend']}, from {m['snapshot_id']}" for m in answer
    ) or "No model yet."  # fmt: skip


def _datasets(answer: Answer) -> str:
    lines = []
    for standing in answer:
        steps = ", ".join(f"{step['title']}: {step['told']}" for step in standing["steps"])
        lines.append(f"{standing['dataset']['dataset_id']}: {steps}. Next: {standing['next_step']['todo']}")
    return "\n".join(lines) or "No dataset yet. Import a file, or make the demo: workbench.py demo"


def _comments(answer: Answer) -> str:
    if isinstance(answer, dict):
        return (
            f"Comment {answer['comment_id']}: {answer['label'] or answer['kind']} by {answer['annotator']}."
        )
    return (
        "\n".join(
            f"{c['comment_id']} [{shortened(c['label'] or '–')}] {shortened(c['body'], 100)}" for c in answer
        )
        or "None."
    )


def _anything(answer: Answer, indent: str = "") -> str:
    if isinstance(answer, dict):
        lines = []
        for name, value in answer.items():
            if isinstance(value, dict | list) and value:
                lines += [f"{indent}{shortened(name)}:", _anything(value, f"{indent}  ")]
            else:
                lines.append(f"{indent}{shortened(name)}: {_short(value)}")
        return "\n".join(lines)
    if isinstance(answer, list):
        return "\n".join(_anything(item, f"{indent}- ") for item in answer)
    return f"{indent}{_short(answer)}"


def _short(value: Answer) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value is None or value == [] or value == {} else shortened(str(value), 200)


_TELLERS: dict[str, Callable[[Answer], str]] = {
    "import": _import,
    "findings": _findings,
    "clean": _clean,
    "snapshot": _snapshot,
    "train": _job,
    "predict": _job,
    "jobs": _jobs,
    "models": _models,
    "datasets": _datasets,
    "comments": _comments,
    "label": _comments,
}
