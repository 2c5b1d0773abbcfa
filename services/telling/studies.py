"""What searches, learning curves and cross-validations found, as lines for a terminal."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened

Answer = Any


def studies_told(answer: Answer) -> str:
    """A list of studies, or one with its table, its sentence and what to do next."""
    if isinstance(answer, list):
        return "\n".join(map(_head, answer)) or "No study yet."
    job, found = answer["job"], answer["found"]
    if found is None:
        return _head(job)
    lines = [_head(job), *_TABLES[found["kind"]](found), shortened(found["sentence"], 1_000)]
    if answer["command"]:
        lines.append(f"Train with them: {answer['command']}")
    return "\n".join(line for line in lines if line)


def _head(job: Answer) -> str:
    state = job["state"]
    told = shortened(f"{state['message']} {state['hint']}".strip(), 300)
    return f"{job['job_id']}: {job['spec']['name']} on {job['snapshot_id']}: {state['name']}. {told}".rstrip()


def _trials(found: Answer) -> list[str]:
    lines = []
    for one in found["trials"]:
        settings = ", ".join(f"{name}={_short(value)}" for name, value in sorted(one["settings"].items()))
        why = f": {shortened(one['message'])}" if one["message"] else ""
        lines.append(f"  {one['number']:>3} {_short(one['value']):>6} {one['state']}{why}  {settings}")
    weights = [f"{name} {share:.0%}" for name, share in found.get("importance", {}).items()]
    return lines + ([f"What mattered: {', '.join(weights)}."] if weights else [])


def _points(found: Answer) -> list[str]:
    lines = [
        f"  {one['share']:>4.0%} {one['learned']:>9,} comments: {_short(one['value'])} "
        f"({one['low']:.3f} to {one['high']:.3f})"
        for one in found["points"]
    ]
    return lines + [f"  left out: {shortened(told, 200)}" for told in found.get("skipped", [])]


def _folds(found: Answer) -> list[str]:
    return [
        f"  fold {one['fold']}: {_short(one['value'])}, learned {one['learned']:,}, asked {one['asked']:,}"
        for one in found["folds"]
    ]


def _short(value: Answer) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if 0.001 <= abs(value) < 1 or value == 0 else f"{value:.3g}"
    return "–" if value is None else str(value)


_TABLES: dict[str, Callable[[Answer], list[str]]] = {
    "search": _trials,
    "learning_curve": _points,
    "cross_validate": _folds,
}
