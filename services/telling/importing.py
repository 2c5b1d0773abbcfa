"""What came of a file of comments, as lines for a terminal; what comes from outside is written out."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened
from services.telling.causes import imported_told

Answer = Any


def _import(answer: Answer) -> str:
    done = answer["import"]
    parts = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in done["seconds"].items())
    lines = [
        f"Import {done['import_id']} into '{done['dataset_id']}': {answer['sentence']}",
        f"Time: {parts}.",
    ]
    if done["counts"]["refused"] or done["counts"]["conflicts"] or done["counts"]["notes"]:
        lines.append(f"Read them row by row: workbench.py findings {done['import_id']}")
    if done["counts"]["refused"]:
        lines.append(f"Mend them: workbench.py findings {done['import_id']} --to-repair rows.csv")
    scores = answer.get("scores")
    if scores:
        waits = f"Kept beside the comments, no model yet: {scores['waits_for']}"
        lines.append(imported_told(scores["model"]) if scores["model"] else waits)
    return "\n".join(lines)


def _checked_file(answer: Answer) -> str:
    reasons = [f"  {rows:,} × {shortened(reason, 200)}" for reason, rows in answer["reasons"].items()]
    conflicts = f", {answer['conflicts']:,} are in conflict" if answer["conflicts"] else ""
    head = f"{answer['accepted']:,} rows would go in, {answer['refused']:,} would be refused{conflicts}."
    return "\n".join([head, *reasons])


def _mappings(answer: Answer) -> str:
    lines = [
        f"{shortened(each['name'])}: "
        + shortened(
            ", ".join(f"{field}={column}" for field, column in each["mapping"]["columns"].items()), 300
        )
        for each in answer
    ]
    return "\n".join(lines) or "No mapping is saved: import FILE --save-mapping NAME."


def _findings(answer: Answer) -> str:
    if isinstance(answer, dict):
        return f"{answer['rows']:,} rows to mend are in {shortened(answer['path'], 300)}: import that then."
    lines = [
        f"line {f['line']}: {f['kind']}: {shortened(f['reason'], 200)}: {shortened(f['raw'])}" for f in answer
    ]
    return "\n".join(lines) or "Every row went in as it stands."


TELLERS: dict[str, Callable[[Answer], str]] = {
    "check-import": _checked_file,
    "import": _import,
    "findings": _findings,
    "mappings": _mappings,
}
