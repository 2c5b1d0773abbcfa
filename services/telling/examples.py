"""What the verbs of examples and of jobs at a provider answer, as lines for a terminal."""

from datetime import UTC, datetime
from typing import Any

from domain.text import shortened

Answer = Any


def examples_told(answer: Answer) -> str:
    """A list of sets, one set that was kept, or one with everything that was found."""
    if isinstance(answer, list):
        return "\n".join(map(_set, answer)) or "No examples were kept yet."
    if "findings" not in answer:
        return _set(answer)
    return "\n".join([*finding_lines(answer["findings"]), _set(answer["examples"])])


def finding_lines(findings: list[Answer]) -> list[str]:
    """A line for each thing found in a file of examples; row 0 is the file as a whole."""
    lines = []
    for one in findings:
        where = f"row {one['row']:,}" if one["row"] else "all rows"
        said = f"{shortened(one['field'] or 'example')}: {shortened(one['message'], 200)}"
        repair = f" Repair: {shortened(one['repair'], 200)}" if one["repair"] else ""
        lines.append(f"{where}: {one['severity']}: {said}{repair}")
    return lines


def _set(kept: Answer) -> str:
    counts = kept["counts"]
    found = ", ".join(f"{code.replace('_', ' ')} {n:,}" for code, n in counts["found"].items()) or "nothing"
    return (
        f"{kept['example_set_id']}: {shortened(kept['name'])}, {counts['train']:,} to train on and "
        f"{counts['validation']:,} held out; {counts['refused']:,} rows refused; found: {found}; "
        f"sha256 {kept['sha256'][:12]}…"
    )


def hosted_jobs_told(answer: Answer) -> str:
    """The jobs at a provider, those that nobody here knows marked; or the job that adopts one."""
    if isinstance(answer, dict):
        state = answer["state"]
        return f"{answer['job_id']} ({answer['kind']}): {state['name']}. {state['message']}".rstrip()
    return "\n".join(map(_hosted, answer)) or "No job was found there."


def _hosted(one: Answer) -> str:
    made = datetime.fromtimestamp(one["created_at"], UTC).strftime("%Y-%m-%d %H:%M")
    result = one["model"] or one["error"]
    told = f": {shortened(result, 120)}" if result else ""
    known = one["job_id"] or "not known here"
    status = shortened(one["status"], 40)
    return f"{shortened(one['hosted_job'])} ({known}): {status}, {shortened(one['base'])}, {made}{told}"
