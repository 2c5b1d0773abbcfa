"""Named ways to train a model: what each does, which job does it, and its settings."""

from dataclasses import dataclass, field, fields
from typing import Any

from domain.errors import BadInput, NotFound
from domain.jobs import JobKind

CLASS_WEIGHTS: tuple[str | None, ...] = (None, "balanced")


@dataclass(frozen=True)
class BaselineSettings:
    """Settings of the TF-IDF baseline.

    The defaults were chosen on the validation split of a public set of 24,783 labelled tweets; they serve
    both the plain and the weighted recipe.

    Attributes:
        class_weight: None counts every comment alike; "balanced" counts every label alike, which finds
            more of the rare labels and marks more comments wrongly.
        c: Inverse strength of the regularisation, above 0; larger follows the training rows more closely.
        min_df: A term must occur in at least so many comments.
        max_features: Most terms kept, of words and of letter sequences each.
        sublinear_tf: A term that occurs n times counts 1 + log(n).
        max_iterations: The regression stops here even if it has not converged.
        seed: Recorded with the model. The solver draws no random numbers, so it changes nothing.

    Raises:
        BadInput: a value is of the wrong type or out of range.
    """

    class_weight: str | None = None
    c: float = 4.0
    min_df: int = 2
    max_features: int = 50_000
    sublinear_tf: bool = True
    max_iterations: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if self.class_weight not in CLASS_WEIGHTS:
            raise BadInput(
                f"class_weight is {self.class_weight!r}.", hint="Leave it out, or give 'balanced'."
            )
        if not isinstance(self.sublinear_tf, bool):
            raise BadInput(f"sublinear_tf is {self.sublinear_tf!r}.", hint="Give true or false.")
        _check_number("c", self.c, (0.0001, 10_000.0))
        for name, limits in _WHOLE_NUMBERS.items():
            _check_number(name, getattr(self, name), limits, whole=True)


_WHOLE_NUMBERS: dict[str, tuple[int, int]] = {
    "min_df": (1, 1_000),
    "max_features": (10, 1_000_000),
    "max_iterations": (1, 10_000),
    "seed": (0, 2**32 - 1),
}


@dataclass(frozen=True)
class Recipe:
    """A named way to train; `settings` are those that differ from the job script's defaults."""

    name: str
    title: str
    what: str
    kind: JobKind
    settings: dict[str, Any] = field(default_factory=dict)


_BASELINE = (
    "Counts words and letter sequences and weighs them; trains in seconds, without a GPU or a network."
)

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


def baseline_settings(given: dict[str, Any]) -> BaselineSettings:
    """The settings, checked; what is not given keeps its default.

    Raises:
        BadInput: there is no setting of that name, or its value cannot be used.
    """
    known = [one.name for one in fields(BaselineSettings)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise BadInput(f"There is no setting {unknown[0]!r}.", hint=f"Settings: {', '.join(known)}.")
    return BaselineSettings(**given)


def _check_number(name: str, value: object, limits: tuple[float, float], *, whole: bool = False) -> None:
    low, high = limits
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        number = "a whole number" if whole else "a number"
        raise BadInput(f"{name} is {value!r}.", hint=f"Give {number} from {low:,} to {high:,}.")
