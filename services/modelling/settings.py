"""The settings of each kind of training: their defaults, their limits, and what each does."""

import re
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from domain.errors import BadInput

CLASS_WEIGHTS: tuple[str | None, ...] = (None, "balanced")
PRECISIONS = ("auto", "fp32", "bf16")
PERSONAL_DATA = ("stop", "withhold")
STRUCTURED = ("auto", "off")
MAX_SHOTS = 32

Settings = TypeVar("Settings")


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
    c: float = 2.0
    min_df: int = 2
    max_features: int = 50_000
    sublinear_tf: bool = True
    max_iterations: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        _check_choice("class_weight", self.class_weight, CLASS_WEIGHTS)
        _check_flag("sublinear_tf", self.sublinear_tf)
        _check_number("c", self.c, (0.0001, 10_000.0))
        _check_number("min_df", self.min_df, (1, 1_000), whole=True)
        _check_number("max_features", self.max_features, (10, 1_000_000), whole=True)
        _check_number("max_iterations", self.max_iterations, (1, 10_000), whole=True)
        _check_number("seed", self.seed, _SEEDS, whole=True)


@dataclass(frozen=True)
class EncoderSettings:
    """Settings of an encoder, such as BERT, that is trained on from a base model.

    Attributes:
        base_model: "minilm", which needs no network; the whole path of a folder; or the name of a model on
            the Hugging Face hub, as in "google-bert/bert-base-uncased".
        base_revision: The commit of a model on the hub; None takes the newest and records which it was.
        epochs: How often every training comment is seen.
        batch_size: Comments per step.
        learning_rate: The highest; it falls to 0 along a line. With LoRA about ten times larger works best.
        weight_decay: Pull of the weights towards 0 (AdamW).
        warmup: The learning rate rises from 0 first: below 1 for this share of all steps, from 1 on for so
            many steps.
        max_length: Longer comments are cut to so many tokens; None takes the 99th percentile of training.
        class_weight: None counts every comment alike; "balanced" counts every label alike, which finds
            more of the rare labels and marks more comments wrongly.
        focal_gamma: Above 0, comments that are predicted well already count less (focal loss); 2 is usual.
        evaluations_per_epoch: How often validation is measured and a checkpoint kept.
        patience: Stop after so many evaluations without a better macro F1; 0 never does. The best
            checkpoint is kept either way.
        lora_rank: Above 0, only small added matrices of this rank are trained (LoRA), and merged at the end.
        group_by_length: Comments of similar length share a batch, which saves padding.
        precision: "bf16" is faster where the processor has it; "auto" takes it exactly there.
        seed: The first seed: of the classification head, the order and the dropout.
        seeds: Train so many times, with seed, seed + 1, …; the best on validation is kept, all are told.

    Raises:
        BadInput: a value is of the wrong type or out of range.
    """

    base_model: str = "minilm"
    base_revision: str | None = None
    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    warmup: float = 0.1
    max_length: int | None = None
    class_weight: str | None = None
    focal_gamma: float = 0.0
    evaluations_per_epoch: int = 2
    patience: int = 0
    lora_rank: int = 0
    group_by_length: bool = True
    precision: str = "auto"
    seed: int = 0
    seeds: int = 1

    def __post_init__(self) -> None:
        _check_text("base_model", self.base_model)
        if self.base_revision is not None:
            _check_text("base_revision", self.base_revision)
        _check_choice("class_weight", self.class_weight, CLASS_WEIGHTS)
        _check_choice("precision", self.precision, PRECISIONS)
        _check_flag("group_by_length", self.group_by_length)
        if self.max_length is not None:
            _check_number("max_length", self.max_length, (4, 8_192), whole=True)
        for name, limits in _ENCODER_WHOLE_NUMBERS.items():
            _check_number(name, getattr(self, name), limits, whole=True)
        for name, span in _ENCODER_NUMBERS.items():
            _check_number(name, getattr(self, name), span)


@dataclass(frozen=True)
class TuningSettings:
    """Settings of a chat model that is tuned at a provider.

    Attributes:
        provider: "openai", or another one that an administrator has approved.
        model: The whole name of the base model, or of the model to ask.
        suffix: Part of the new model's name, up to 40 letters, digits and hyphens.
        epochs: How often every training example is seen; left out, the provider chooses.
        batch_size: Examples per step; left out, the provider chooses.
        learning_rate_multiplier: Of the provider's own learning rate; 0 lets the provider choose.
        seed: Makes training and answers repeatable, as far as the provider keeps to it.
        cost_cap_usd: Nothing is sent if training, or the answers of one job, would cost more by the table.
        poll_s: Seconds between two looks at the training, at first; they grow while nothing happens.

    Raises:
        BadInput: a value is of the wrong type or out of range.
    """

    provider: str = "openai"
    model: str = "gpt-4.1-mini-2025-04-14"
    suffix: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float = 0.0
    seed: int = 0
    cost_cap_usd: float = 10.0
    poll_s: float = 5.0

    def __post_init__(self) -> None:
        _check_text("provider", self.provider)
        _check_text("model", self.model)
        if self.suffix is not None and not _SUFFIX.fullmatch(str(self.suffix)):
            raise BadInput(f"suffix is {self.suffix!r}.", hint="Up to 40 letters, digits and hyphens.")
        if self.epochs is not None:
            _check_number("epochs", self.epochs, (1, 50), whole=True)
        if self.batch_size is not None:
            _check_number("batch_size", self.batch_size, (1, 256), whole=True)
        _check_number("learning_rate_multiplier", self.learning_rate_multiplier, (0.0, 100.0))
        _check_number("seed", self.seed, (0, 2**31 - 1), whole=True)
        _check_number("cost_cap_usd", self.cost_cap_usd, (0.0, 1e6))
        _check_number("poll_s", self.poll_s, (0.05, 600.0))


@dataclass(frozen=True)
class HostedSettings(TuningSettings):
    """Settings of a chat model at a provider that classifies comments, tuned there or asked as it is.

    Attributes:
        tune: Off asks the model as it is, without training: an earlier ft: model, or any that takes
            instructions.
        system_prompt: What the model is told before every comment; left out, it is the newest guideline.
        personal_data: "stop" sends nothing if a comment holds personal data; "withhold" keeps those comments
            back: they are not trained on, and their answer is "filtered".
        at_once: Questions asked at the same time.
        shots: Labelled comments of the train split shown before each question, the nearest ones of every
            label, 0 to 32; only where nothing is tuned.
        structured: "auto" has a model that is not tuned choose among the labels by a schema, where its server
            knows that; "off" asks for plain words.

    Raises:
        BadInput: a value is of the wrong type or out of range.
    """

    tune: bool = True
    system_prompt: str | None = None
    personal_data: str = "stop"
    at_once: int = 4
    shots: int = 0
    structured: str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.system_prompt is not None:
            _check_text("system_prompt", self.system_prompt)
        _check_flag("tune", self.tune)
        _check_choice("personal_data", self.personal_data, PERSONAL_DATA)
        _check_number("at_once", self.at_once, (1, 64), whole=True)
        _check_number("shots", self.shots, (0, MAX_SHOTS), whole=True)
        _check_choice("structured", self.structured, STRUCTURED)
        if self.tune and self.shots:
            raise BadInput(
                f"shots is {self.shots!r}, but a tuned model is asked in the words of its training.",
                hint="Set tune to false, or shots to 0.",
            )


@dataclass(frozen=True)
class ExampleSettings(TuningSettings):
    """Settings of a chat model that is tuned at a provider on kept examples, with free-text answers.

    Attributes:
        compared: So many prompts held out for validation are answered by the base and the tuned model.
        answer_tokens: Tokens that each of those answers may have, at most.

    Raises:
        BadInput: a value is of the wrong type or out of range.
    """

    compared: int = 20
    answer_tokens: int = 400

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_number("compared", self.compared, (0, 200), whole=True)
        _check_number("answer_tokens", self.answer_tokens, (1, 16_000), whole=True)


@dataclass(frozen=True)
class AdoptionSettings:
    """Settings of following a job that was found at a provider.

    Attributes:
        provider: Where it was found.
        hosted_job: Its id there; or the id of a tuned model, ft:…, which is taken as it is.
        labels: What its model answers; empty where that is free text.
        system_prompt: What it was trained with, where it answers labels.
        poll_s: Seconds between two looks, at first.

    Raises:
        BadInput: a value is of the wrong type or out of range.
    """

    provider: str = "openai"
    hosted_job: str = ""
    labels: list[str] = field(default_factory=list)
    system_prompt: str | None = None
    poll_s: float = 5.0

    @property
    def is_model(self) -> bool:
        """Whether it is a model that is taken as it is, instead of a job that is followed."""
        return self.hosted_job.startswith(TUNED)

    def __post_init__(self) -> None:
        _check_text("provider", self.provider)
        if not isinstance(self.hosted_job, str) or not _HOSTED_JOB.fullmatch(self.hosted_job):
            raise BadInput(
                f"{str(self.hosted_job)[:60]!r} is no id of a job or a tuned model.",
                hint="Such as ftjob-abc123, or ft:base:team::abc123.",
            )
        if not isinstance(self.labels, list) or not all(isinstance(label, str) for label in self.labels):
            raise BadInput("labels is no list of labels.", hint="Such as allow and disallow.")
        if self.system_prompt is not None:
            _check_text("system_prompt", self.system_prompt)
        _check_number("poll_s", self.poll_s, (0.05, 600.0))


TUNED = "ft:"  # how the id of a tuned model begins
_HOSTED_JOB = re.compile(r"(?:ft:[A-Za-z0-9._:-]{1,196}|[A-Za-z0-9][A-Za-z0-9._-]{0,199})")
_SUFFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")
_SEEDS = (0, 2**32 - 1)
_ENCODER_WHOLE_NUMBERS: dict[str, tuple[int, int]] = {
    "epochs": (1, 100),
    "batch_size": (1, 1_024),
    "evaluations_per_epoch": (1, 100),
    "patience": (0, 100),
    "lora_rank": (0, 256),
    "seed": _SEEDS,
    "seeds": (1, 10),
}
_ENCODER_NUMBERS: dict[str, tuple[float, float]] = {
    "learning_rate": (1e-8, 1.0),
    "weight_decay": (0.0, 1.0),
    "warmup": (0.0, 1e6),
    "focal_gamma": (0.0, 10.0),
}


def read_settings(kind: type[Settings], given: dict[str, Any]) -> Settings:
    """The settings of that class, checked; what is not given keeps its default.

    Raises:
        BadInput: there is no setting of that name, or its value cannot be used.
    """
    known = [one.name for one in fields(kind)]  # type: ignore[arg-type]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise BadInput(f"There is no setting {unknown[0]!r}.", hint=f"Settings: {', '.join(known)}.")
    return kind(**given)


def _check_number(name: str, value: object, limits: tuple[float, float], *, whole: bool = False) -> None:
    low, high = limits
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        number = "a whole number" if whole else "a number"
        raise BadInput(f"{name} is {value!r}.", hint=f"Give {number} from {low:,} to {high:,}.")


def _check_choice(name: str, value: object, choices: tuple[str | None, ...]) -> None:
    if value not in choices:
        given = " or ".join(repr(choice) for choice in choices if choice is not None)
        raise BadInput(
            f"{name} is {value!r}.", hint=f"{'Leave it out, or give' if None in choices else 'Give'} {given}."
        )


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise BadInput(f"{name} is {value!r}.", hint="Give true or false.")


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{name} is {value!r}.", hint="Give a name.")
