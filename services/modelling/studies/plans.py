"""What a study is told: a search, a learning curve or a cross-validation of a recipe."""

from dataclasses import dataclass, field
from typing import Any

from domain.errors import BadInput
from domain.jobs import StudyKind
from services.evaluation.objectives import Objective
from services.modelling.recipes import get_recipe, settings_of
from services.modelling.settings import BaselineSettings, EncoderSettings

STUDIED = ("train_baseline", "train_encoder")  # kinds of recipe; a hosted training costs money per trial
SHARES = (0.1, 0.25, 0.5, 1.0)  # of the training comments, at the points of a learning curve
MOST_TRIALS = 500


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """What every study is told.

    Attributes:
        recipe: What is studied.
        settings: Of the recipe, where they differ from its own.
        metric: What is measured: macro_f1, weighted_f1, accuracy, or the recall of a label.
        label: Whose recall it is.
        group_by: What the dataset keeps together: author, thread or none.
        seed: Of every draw of the study.

    Raises:
        BadInput: the recipe cannot be studied, or a value is out of range.
        NotFound: there is no such recipe.
    """

    recipe: str = "baseline"
    settings: dict[str, Any] = field(default_factory=dict)
    metric: str = "macro_f1"
    label: str | None = None
    group_by: str = "none"
    seed: int = 0

    def __post_init__(self) -> None:
        if get_recipe(self.recipe).kind not in STUDIED:
            raise BadInput(
                f"The recipe {self.recipe!r} cannot be studied: its model is trained elsewhere.",
                hint="Choose a recipe that trains on this machine.",
            )
        self.config()
        self.objective()
        _check_whole("seed", self.seed, (0, 2**31 - 1))

    def config(self) -> BaselineSettings | EncoderSettings:
        """The settings of the recipe, checked."""
        read = settings_of(get_recipe(self.recipe), self.settings)
        assert isinstance(read, BaselineSettings | EncoderSettings)
        return read

    def objective(self) -> Objective:
        """What is measured."""
        return Objective(self.metric, self.label)


@dataclass(frozen=True, kw_only=True)
class SearchPlan(StudyPlan):
    """A search for better settings; `trials` of them are tried, the recipe's own first."""

    trials: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_whole("trials", self.trials, (1, MOST_TRIALS))


@dataclass(frozen=True, kw_only=True)
class CurvePlan(StudyPlan):
    """A learning curve; each share is drawn `repeats` times, 0 for three times (an encoder: once)."""

    repeats: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_whole("repeats", self.repeats, (0, 20))

    @property
    def draws(self) -> int:
        """How often each share is drawn."""
        return self.repeats or (3 if isinstance(self.config(), BaselineSettings) else 1)


@dataclass(frozen=True, kw_only=True)
class FoldPlan(StudyPlan):
    """A cross-validation in `folds` parts, each answered once by a model trained on the others."""

    folds: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_whole("folds", self.folds, (2, 20))


PLANS: dict[StudyKind, type[SearchPlan] | type[CurvePlan] | type[FoldPlan]] = {
    "search": SearchPlan,
    "learning_curve": CurvePlan,
    "cross_validate": FoldPlan,
}


def _check_whole(name: str, value: object, limits: tuple[int, int]) -> None:
    low, high = limits
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadInput(f"{name} is {value!r}.", hint=f"Give a whole number from {low:,} to {high:,}.")
