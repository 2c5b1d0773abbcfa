"""Named ways to train a model: what each does, which job does it, and its settings."""

from dataclasses import dataclass, field
from typing import Any

from domain.errors import NotFound
from domain.jobs import JobKind
from services.modelling.settings import (
    CLASS_WEIGHTS,
    BaselineSettings,
    EncoderSettings,
    HostedSettings,
    read_settings,
)

__all__ = [
    "CLASS_WEIGHTS", "RECIPES", "SETTINGS", "BaselineSettings", "EncoderSettings", "HostedSettings",
    "Recipe", "baseline_settings", "get_recipe", "settings_of",
]  # fmt: skip

# Each kind of training has its settings; the job of that kind reads the same class.
AnySettings = BaselineSettings | EncoderSettings | HostedSettings
SETTINGS: dict[JobKind, type[BaselineSettings] | type[EncoderSettings] | type[HostedSettings]] = {
    "train_baseline": BaselineSettings,
    "train_encoder": EncoderSettings,
    "train_hosted": HostedSettings,
}


@dataclass(frozen=True)
class Recipe:
    """A named way to train; `settings` are those that differ from the defaults of its kind."""

    name: str
    title: str
    what: str
    kind: JobKind
    settings: dict[str, Any] = field(default_factory=dict)


_BASELINE = (
    "Counts words and letter sequences and weighs them; trains in seconds, without a GPU or a network."
)
_HOSTED = (
    "Comments leave this machine and cost money; OpenAI takes no new training after 6 January 2027 and shuts "
    "its tuned models on 14 January."
)
_BESIDE = "Simple models are trained beside it, and the strongest of them is named."

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "baseline",
            "Baseline",
            f"{_BASELINE} Every comment counts alike: best accuracy, rare labels are often missed.",
            "train_baseline",
        ),
        Recipe(
            "baseline-weighted",
            "Baseline, rare labels weighted up",
            f"{_BASELINE} Every label counts alike: finds more of the rare labels, raises more false alarms.",
            "train_baseline",
            {"class_weight": "balanced"},
        ),
        Recipe(
            "quick-look",
            "Quick look",
            f"A small encoder, once over the comments: minutes on a CPU, without a network. {_BESIDE}",
            "train_encoder",
            {"epochs": 1, "learning_rate": 1e-4},
        ),
        Recipe(
            "solid",
            "Solid",
            f"A small encoder, up to four times over the comments; stops when it gets no better. {_BESIDE}",
            "train_encoder",
            {"epochs": 4, "learning_rate": 1e-4, "patience": 3},
        ),
        Recipe(
            "best",
            "Best",
            f"Three seeds of up to six rounds each; shows how much is chance, keeps the best. {_BESIDE}",
            "train_encoder",
            {"epochs": 6, "patience": 4, "seeds": 3},
        ),
        Recipe(
            "classic",
            "Classic",
            "bert-base-uncased, 3 epochs, batches of 16, weight decay 0.01, 500 warm-up steps. Needs the "
            f"Hugging Face hub once, and a GPU or patience. {_BESIDE}",
            "train_encoder",
            {
                "base_model": "google-bert/bert-base-uncased",
                "base_revision": "86b5e0934494bd15c9632b12f734a8a67f723594",
                "epochs": 3,
                "batch_size": 16,
                "weight_decay": 0.01,
                "warmup": 500,
                "evaluations_per_epoch": 1,
            },
        ),
        Recipe(
            "hosted",
            "Hosted",
            f"A chat model is tuned at a provider, with the guideline as its instructions. {_HOSTED}",
            "train_hosted",
        ),
        Recipe(
            "hosted-as-is",
            "Hosted, as it is",
            f"A chat model at a provider is asked with the guideline, without training. {_HOSTED}",
            "train_hosted",
            {"tune": False},
        ),
        Recipe(
            "hosted-few-shot",
            "Hosted, with examples",
            "A chat model at a provider is asked with the guideline and the eight nearest labelled comments, "
            f"without training. {_HOSTED}",
            "train_hosted",
            {"tune": False, "shots": 8},
        ),
    )
}


def get_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        NotFound: there is none.
    """
    if name not in RECIPES:
        raise NotFound(f"There is no recipe {name!r}.", hint=f"Recipes: {', '.join(RECIPES)}.")
    return RECIPES[name]


def settings_of(recipe: Recipe, given: dict[str, Any] | None = None) -> AnySettings:
    """The recipe's settings with those given in their place, checked.

    A base model given without its revision is not asked for the revision of the recipe's own.

    Raises:
        BadInput: there is no setting of that name, or its value cannot be used.
    """
    wanted = {**recipe.settings, **(given or {})}
    if given and "base_model" in given and "base_revision" not in given:
        wanted.pop("base_revision", None)
    return read_settings(SETTINGS[recipe.kind], wanted)


def baseline_settings(given: dict[str, Any]) -> BaselineSettings:
    """The settings of a baseline, checked; what is not given keeps its default.

    Raises:
        BadInput: there is no setting of that name, or its value cannot be used.
    """
    return read_settings(BaselineSettings, given)
