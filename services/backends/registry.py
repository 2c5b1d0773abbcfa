"""From a model's folder to the model: the one place that knows every kind."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from domain.errors import BadInput
from services.backends.protocol import Classifier
from services.backends.repairing import repairing

# Each module has `load(folder) -> Classifier`; it is imported when a model of its kind is wanted, not before.
_MODULES = {
    "huggingface": "services.backends.huggingface",
    "openai": "services.backends.openai_chat",
    "tfidf": "services.backends.tfidf",
}


def load_classifier(folder: Path) -> Classifier:
    """The model in the folder, reading texts as repaired as those that it learned from.

    Raises:
        BadInput: model.json is missing or damaged, names an unknown kind, or the model's files are damaged.
    """
    kind = str(read_about(folder)["kind"])
    if kind not in _MODULES:
        raise BadInput(
            f"The model in {folder.name} is of the kind {kind!r}.",
            hint=f"Known kinds: {', '.join(_MODULES)}.",
        )
    return repairing(cast(Classifier, import_module(_MODULES[kind]).load(folder)), folder)


def read_about(folder: Path) -> dict[str, Any]:
    """What model.json says: kind, labels, score_kind and where the model comes from.

    Raises:
        BadInput: it is missing or damaged.
    """
    try:
        about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        labels = about["labels"]
        whole = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
        if not (whole and isinstance(about["kind"], str) and isinstance(about["score_kind"], str)):
            raise ValueError("kind, labels or score_kind is of the wrong type")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"The model folder {folder.name} has no usable model.json: {error!r}",
            hint="Train the model again.",
        ) from error
    return cast(dict[str, Any], about)
