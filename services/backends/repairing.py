"""A model that learned from repaired texts reads every text repaired in the same way."""

import json
from collections.abc import Sequence
from pathlib import Path

from domain.errors import BadInput
from domain.models import Answers, ScoreKind
from domain.repairs import STEPS, repaired, version_of
from services.backends.protocol import Classifier, PaidClassifier
from services.modelling.hosted.outbound import Prices

FILE = "reads.json"  # in the model's folder, beside model.json: steps, and the versions of their functions


class Repairing:
    """The model, asked about repaired texts; those that are frozen repaired may come too: twice is once."""

    def __init__(self, model: Classifier, steps: Sequence[str]) -> None:
        self._model = model
        self._steps = tuple(steps)

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the model."""
        return self._model.labels

    @property
    def score_kind(self) -> ScoreKind:
        """That of the model."""
        return self._model.score_kind

    def predict(self, texts: Sequence[str]) -> Answers:
        """One answer per text, in the same order."""
        return self._model.predict(self._read(texts))

    def _read(self, texts: Sequence[str]) -> list[str]:
        return [repaired(text, self._steps) for text in texts]


class RepairingPaid(Repairing):
    """The same of a model whose answers cost money."""

    def __init__(self, model: PaidClassifier, steps: Sequence[str]) -> None:
        super().__init__(model, steps)  # type: ignore[arg-type]
        self._paid = model
        self.chunk_rows = model.chunk_rows

    @property
    def prices(self) -> Prices:
        """Those of the model."""
        return self._paid.prices

    def begin(self, texts: Sequence[str], kept: Path, *, allowed_usd: float = float("inf")) -> float:
        """Look at everything that will be sent, as it will be sent."""
        return self._paid.begin(self._read(texts), kept, allowed_usd=allowed_usd)


def write_reads(folder: Path, reads: dict[str, object] | None) -> None:
    """Say in a model's folder what its texts went through; nothing where they are as they came."""
    if reads:
        (folder / FILE).write_text(json.dumps(reads), encoding="utf-8")


def repairing(model: Classifier, folder: Path) -> Classifier:
    """The model as it wants to be asked: with its repairs before it, if it has any.

    Raises:
        BadInput: its repairs are not those of this program.
    """
    if not (folder / FILE).exists():
        return model
    try:
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        steps, by = [name for name in told["steps"] if name in STEPS], told["by"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{folder.name}/{FILE} cannot be read: {error!r}", hint="Train the model again."
        ) from error
    if version_of(steps) != by:
        raise BadInput(
            f"The model learned from texts repaired by {by}; here is {version_of(steps) or 'none of it'}.",
            hint="Train it again on a new snapshot.",
        )
    return RepairingPaid(model, steps) if isinstance(model, PaidClassifier) else Repairing(model, steps)
