"""What every model looks like from outside."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from domain.models import Answers, ScoreKind
from services.modelling.hosted.outbound import Prices


class Classifier(Protocol):
    """A model that puts one label on a text."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it may answer with, in the order of its scores."""
        ...

    @property
    def score_kind(self) -> ScoreKind:
        """What its scores are."""
        ...

    def predict(self, texts: Sequence[str]) -> Answers:
        """One answer per text, in the same order. An answer does not depend on the texts beside it.

        Raises:
            BackendError: the model cannot answer at all; one bad answer is a parse status instead.
        """
        ...


@runtime_checkable
class PaidClassifier(Protocol):
    """A classifier whose answers leave the machine and cost money, one by one."""

    chunk_rows: int  # asked about between two signs of progress

    @property
    def prices(self) -> Prices:
        """What its answers cost."""
        ...

    def begin(self, texts: Sequence[str], kept: Path, *, allowed_usd: float = ...) -> float:
        """Look at everything that will be sent before anything is; keep answers in the file `kept`.

        Returns:
            What the answers will cost, by estimate, in US dollars.

        Raises:
            WorkbenchError: something may not leave, or would cost too much.
        """
        ...
