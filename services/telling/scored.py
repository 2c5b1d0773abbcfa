"""What a prediction outside of a snapshot left, as lines for a terminal."""

from typing import Any

from domain.text import shortened, with_hint

Answer = Any


def scored_told(answer: Answer) -> str:
    """How many comments got each label, what was refused, and where the answers are."""
    job = answer["job"]
    if answer["labels"] is None:
        state = job["state"]
        return f"{job['job_id']}: {state['name']}. {with_hint(state['message'], state['hint'])}".rstrip()
    lines = [f"{job['job_id']}: {answer['rows']:,} comments answered by {job['spec']['model_id']}."]
    lines += [
        f"  {shortened(label) or 'no answer'}: {count:,} ({count / answer['rows']:.1%})"
        for label, count in answer["labels"].items()
    ]
    if answer["refused"]:
        lines.append(f"{answer['refused']:,} rows could not be read; Jobs has them as a file.")
    if answer["repeated_ids"]:
        lines.append(
            f"{answer['repeated_ids']:,} rows have an id that an earlier row has, such as"
            f" '{shortened(answer['repeated_id'], 60)}': join them by their order."
        )
    lines.append(
        f"Written to {shortened(answer['path'], 300)}."
        if answer["path"]
        else f"As a file: workbench.py answers {job['job_id']} --out FILE.csv"
    )
    return "\n".join(lines)
