"""Where a search looks: per kind of training, the settings it varies and how far."""

from dataclasses import dataclass
from typing import Any

from services.modelling.settings import BaselineSettings, EncoderSettings


@dataclass(frozen=True)
class Span:
    """Numbers from low to high, both included; `log` tries as many between 1 and 10 as between 10 and 100."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Choice:
    """One of these values."""

    values: tuple[str | float | int | bool | None, ...]


Space = dict[str, Span | Choice]

BASELINE_SPACE: Space = {
    "c": Span(0.05, 50.0, log=True),
    "class_weight": Choice((None, "balanced")),
    "min_df": Span(1, 5, whole=True),
    "max_features": Choice((20_000, 50_000, 200_000)),
    "sublinear_tf": Choice((True, False)),
}
ENCODER_SPACE: Space = {
    "learning_rate": Span(1e-5, 3e-4, log=True),
    "epochs": Span(1, 6, whole=True),
    "batch_size": Choice((16, 32, 64)),
    "weight_decay": Choice((0.0, 0.01, 0.1)),
    "warmup": Span(0.0, 0.3),
    "class_weight": Choice((None, "balanced")),
    "focal_gamma": Choice((0.0, 1.0, 2.0)),
}
_LORA_RATES = Span(1e-4, 3e-3, log=True)  # about ten times those of a whole model


def space_of(config: BaselineSettings | EncoderSettings) -> Space:
    """The settings that a search of this kind of training varies."""
    if isinstance(config, BaselineSettings):
        return BASELINE_SPACE
    return {**ENCODER_SPACE, "learning_rate": _LORA_RATES} if config.lora_rank else ENCODER_SPACE


def inside(space: Space, settings: dict[str, Any]) -> dict[str, Any]:
    """Those of the settings that the space varies and that lie in it."""
    return {name: settings[name] for name, where in space.items() if _holds(where, settings[name])}


def _holds(where: Span | Choice, value: Any) -> bool:
    if isinstance(where, Choice):
        return value in where.values
    return bool(where.low <= value <= where.high)
