"""A report as lines for a terminal: what the first screen says, and where the file is."""

from typing import Any

from domain.text import shortened
from services.release.result_tables import shown
from services.release.telling import verdict_told


def report_told(answer: Any) -> str:
    """The verdict, the numbers that decide, the worst slice, and the file."""
    first = answer["opening"]
    lines = [shortened(first["absent"], 400)] if first["absent"] else []
    lines.append(verdict_told(answer["verdict"]) if answer["verdict"] else answer["unjudged"])
    for each in first["numbers"]:
        note = shortened(each["note"], 200)
        lines.append(
            f"{shortened(each['title'])}: {shown(each['number'])}, n = {each['n']:,}. {note}".strip()
        )
    if worst := first["worst_slice"]:
        name = f"{worst['by'].replace('_', ' ')} {shortened(worst['name'])}"
        lines.append(f"Worst of {worst['among']:,} slices: {name}, accuracy {shown(worst['accuracy'])}.")
    if small := first["small_slice"]:
        lines.append(f"{shortened(small['sentence'], 300)}.")
    if path := answer.get("path"):
        lines.append(f"Written: {shortened(path, 300)}")
    return "\n".join(lines)
