"""Named ways to train a model: what each does, which job does it, and its settings."""

from dataclasses import dataclass, field
from typing import Any

from domain.errors import BadInput, NotFound
from domain.jobs import JobKind
from services.modelling.settings import (
    CLASS_WEIGHTS,
    BaselineSettings,
    EncoderSettings,
    HostedSettings,
    read_settings,
)

__all__ = [
    "BACKENDS", "CLASS_WEIGHTS", "RECIPES", "SETTINGS", "BaselineSettings", "EncoderSettings",
    "HostedSettings", "Recipe", "asked_recipe", "baseline_settings", "get_recipe", "settings_of",
    "unused_settings",
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
_ALIASES = {"quick": "quick-look"}


@dataclass(frozen=True)
class Backend:
    """What does the training: its kind of job, the recipe without asking, and the setting of its base."""

    kind: JobKind
    recipe: str
    base: str | None


BACKENDS: dict[str, Backend] = {
    "tfidf": Backend("train_baseline", "baseline", None),
    "huggingface": Backend("train_encoder", "quick-look", "base_model"),
    "openai": Backend("train_hosted", "hosted", "model"),
}


def asked_recipe(
    recipe: str | None,
    settings: dict[str, Any] | None = None,
    *,
    backend: str | None = None,
    base: str | None = None,
) -> tuple[str, dict[str, Any]]:
    """The recipe and its settings, from a backend and a base model as well as from themselves.

    Args:
        recipe: By name; None takes the backend's own, and without a backend the baseline.
        settings: Where they differ from the recipe's.
        backend: One of BACKENDS; None takes the recipe's.
        base: Name or folder of the base model, in place of the setting that says it.

    Raises:
        NotFound: there is no such recipe or backend.
        BadInput: recipe and backend do not belong together, or a base model is of no use or given twice.
    """
    if backend is not None and backend not in BACKENDS:
        raise NotFound(f"There is no backend {backend!r}.", hint=f"Backends: {', '.join(BACKENDS)}.")
    chosen = get_recipe(recipe or BACKENDS[backend or "tfidf"].recipe)
    name, found = next((name, one) for name, one in BACKENDS.items() if one.kind == chosen.kind)
    if backend not in (None, name):
        wanted = BACKENDS[str(backend)].kind
        fitting = [one.name for one in RECIPES.values() if one.kind == wanted]
        raise BadInput(
            f"The recipe '{chosen.name}' is of the backend '{name}', not '{backend}'.",
            hint=f"Recipes of '{backend}': {', '.join(fitting)}.",
        )
    given = dict(settings or {})
    if base is None:
        return chosen.name, given
    if found.base is None:
        raise BadInput(
            f"The recipe '{chosen.name}' has no base model.", hint="Give --backend huggingface or openai."
        )
    if found.base in given:
        raise BadInput(
            f"The base model is given twice: {base!r}, and {given[found.base]!r} as {found.base}.",
            hint=f"Leave --base or --setting {found.base} out.",
        )
    return chosen.name, {**given, found.base: base}


_OF_TUNING = frozenset(("suffix", "epochs", "batch_size", "learning_rate_multiplier", "poll_s"))
_OF_ASKING = frozenset(("shots", "structured"))


def unused_settings(recipe: Recipe) -> frozenset[str]:
    """The settings of its kind that change nothing while a recipe stays what it is."""
    if recipe.kind != "train_hosted":
        return frozenset()
    if recipe.settings.get("tune", True):
        return _OF_ASKING | {"tune"}
    return _OF_TUNING | {"tune"} | (frozenset() if recipe.settings.get("shots") else {"shots"})


def get_recipe(name: str) -> Recipe:
    """The recipe of that name; `quick` is short for `quick-look`.

    Raises:
        NotFound: there is none.
    """
    name = _ALIASES.get(name, name)
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
