"""Texts and the references that they are measured against."""

from collections.abc import Sequence

from domain.errors import BadInput


def check_rows(outputs: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Refuse what cannot be measured.

    Raises:
        BadInput: there is no output, their numbers differ, or an output has no reference.
    """
    if not outputs:
        raise BadInput("There is no text to measure.", hint="Give at least one text with a reference.")
    if len(outputs) != len(references):
        raise BadInput(
            f"{len(outputs):,} texts came with references for {len(references):,}.", hint="Give one row each."
        )
    bare = next((row for row, refs in enumerate(references, 1) if not refs), None)
    if bare is not None:
        raise BadInput(f"Text {bare:,} has no reference.", hint="Leave it out, or write one.")


def as_streams(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """The references as sacrebleu takes them: the first of every text, then the second; None where none."""
    most = max(map(len, references))
    return [[refs[place] if place < len(refs) else None for refs in references] for place in range(most)]


def references_told(references: Sequence[Sequence[str]]) -> str:
    """How many references the texts have, as a signature says it."""
    counts = {len(refs) for refs in references}
    return f"nrefs:{counts.pop()}" if len(counts) == 1 else "nrefs:var"
