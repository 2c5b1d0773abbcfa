"""What a model is given: a prompt with the source in its place, after solved examples."""

from collections.abc import Callable, Sequence

from domain.errors import BadInput
from domain.pairs import TASKS, PromptVersion
from domain.text import shortened

SOURCE = "{source}"
MAX_PROMPT, MAX_SHOTS = 4_000, 8

# The words that Flan-T5 and its relatives were trained on, as far as there are any.
OWN_PROMPTS: dict[str, str] = {
    "summarise": "Summarize the following conversation.\n\n{source}\n\nSummary:",
    "reply": "Reply to the following conversation.\n\n{source}\n\nReply:",
    "detoxify": "Rewrite the following comment politely, keeping its meaning.\n\n{source}\n\nPolite comment:",
}


def own_prompt(task: str) -> PromptVersion:
    """Version 0 of a task.

    Raises:
        BadInput: there is no such task.
    """
    if task not in TASKS:
        raise BadInput(f"There is no task {task!r}.", hint=f"Tasks: {', '.join(TASKS)}.")
    return PromptVersion(task, 0, OWN_PROMPTS[task], "")


def check_prompt(body: str) -> None:
    """Refuse a prompt in which a source has no place.

    Raises:
        BadInput: `{source}` stands in it never or more than once, or it is too long.
    """
    if body.count(SOURCE) != 1:
        raise BadInput(
            f"The prompt '{shortened(body)}' names {SOURCE} {body.count(SOURCE)} times.",
            hint=f"Write {SOURCE} once, where the text is to stand.",
        )
    if len(body) > MAX_PROMPT:
        raise BadInput(f"The prompt has {len(body):,} characters.", hint=f"At most {MAX_PROMPT:,}.")


def asked(body: str, source: str, shots: Sequence[tuple[str, str]] = ()) -> str:
    """The whole of what a model is given: solved examples first, then the source.

    Braces inside a source stay as they are: only the prompt's own place is filled.
    """
    before, after = body.split(SOURCE)
    solved = [f"{before}{text}{after} {target}" for text, target in shots]
    return "\n\n\n".join([*solved, f"{before}{source}{after}"])


def asked_whole(
    body: str, source: str, shots: Sequence[tuple[str, str]], fits: Callable[[str], bool]
) -> tuple[str, int]:
    """The same with as many examples as fit, the last one dropped first, and how many were dropped.

    A prompt that is too long is cut, and what is cut may be the question itself.

    Args:
        body: The prompt.
        source: The text that is asked about.
        shots: Solved examples.
        fits: Whether a whole prompt is short enough; one without examples is given however long it is.
    """
    kept = len(shots)
    while kept and not fits(asked(body, source, shots[:kept])):
        kept -= 1
    return asked(body, source, shots[:kept]), len(shots) - kept
