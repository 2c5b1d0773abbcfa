"""The settings of all that makes a model write: their defaults, their limits, and what each does."""

from dataclasses import dataclass, fields
from typing import Any

from domain.errors import BadInput
from services.generation.asking import MAX_SHOTS, check_prompt

FLAN = "google/flan-t5-base"
BASE_SOURCE, BASE_TARGET = 1_024, 64  # tokens, for models that come with no limits of ours
CHOICES: dict[str, tuple[str, ...]] = {
    "precision": ("auto", "fp32", "bf16"),
    "meaning_by": ("embeddings", "letters"),
    "meaning_of": ("source", "reference"),
    "method": ("rloo", "grpo"),
}
LIMITS: dict[str, tuple[float, float]] = {
    "epochs": (1, 200), "batch_size": (1, 1_024), "learning_rate": (1e-8, 1.0), "weight_decay": (0.0, 1.0),
    "warmup": (0.0, 1e6), "max_source": (8, 8_192), "max_target": (1, 4_096), "lora_rank": (0, 256),
    "patience": (0, 100), "judged": (10, 100_000), "seed": (0, 2**32 - 1), "steps": (1, 1_000_000),
    "samples": (2, 64), "beta": (1e-6, 10.0), "kl_budget": (0.01, 10_000.0), "temperature": (0.0, 2.0),
    "look_every": (1, 100_000), "style": (0.0, 100.0), "meaning": (0.0, 100.0), "fluency": (0.0, 100.0),
    "length": (0.0, 100.0), "shots": (0, MAX_SHOTS), "best_of": (1, 64),
}  # fmt: skip


@dataclass(frozen=True)
class _Settings:
    """What all of them share: every value is checked when it is set."""

    def __post_init__(self) -> None:
        for one in fields(self):
            _check(one.name, getattr(self, one.name), one.type)


@dataclass(frozen=True)
class WriterSettings(_Settings):
    """Settings of a model that learns to write from pairs.

    Attributes:
        base_model: The whole path of a folder, or the name of a model on the Hugging Face hub: an
            encoder-decoder such as google/flan-t5-base or facebook/bart-base, or a decoder such as
            HuggingFaceTB/SmolLM2-135M.
        base_revision: The commit of a model on the hub; None takes the newest and records which it was.
        prompt: What stands around the source, with {source} once; None takes the task's own words.
        clean: Tags, marks and invisible characters are taken out of source and target first.
        epochs: How often every pair is seen.
        batch_size: Pairs per step.
        learning_rate: The highest; it falls to 0 along a line. With LoRA about ten times larger works best.
        weight_decay: Pull of the weights towards 0 (AdamW).
        warmup: The learning rate rises from 0 first: below 1 for this share of all steps, else so many steps.
        max_source: Longer sources are cut to so many tokens.
        max_target: Tokens that an answer may have.
        lora_rank: Above 0, only small added matrices of this rank are trained (LoRA), and merged at the end.
        patience: Stop after so many epochs without a lower loss on validation; 0 never does.
        precision: "bf16" is faster where the processor has it; "auto" takes it exactly there.
        judged: At most so many pairs of the test split are written and measured, before and after.
        reward: The model of the workbench whose label is to be avoided; None teaches one from the pairs.
        judge: A second such model, which measures and was no reward; None teaches another from the pairs.
        unwanted: The label that both avoid; None takes toxic, disallow, or the last label.
        seed: Of the order, the dropout and the sampling.
    """

    base_model: str = FLAN
    base_revision: str | None = None
    prompt: str | None = None
    clean: bool = True
    epochs: int = 3
    batch_size: int = 16
    learning_rate: float = 3e-4
    weight_decay: float = 0.01
    warmup: float = 0.06
    max_source: int = 512
    max_target: int = 64
    lora_rank: int = 0
    patience: int = 0
    precision: str = "auto"
    judged: int = 200
    reward: str | None = None
    judge: str | None = None
    unwanted: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.prompt is not None:
            check_prompt(self.prompt)


@dataclass(frozen=True)
class RewardSettings(_Settings):
    """Settings of the training of a writing model by rewards.

    Attributes:
        start: The writing model of the workbench that is trained on; it stays as it is.
        method: Of a decoder: "rloo" or "grpo" by TRL. An encoder-decoder is trained by our own RLOO loop.
        reward: The model of the workbench whose unwanted label costs reward; None teaches one from the pairs.
        judge: A second such model, which looks on and was no reward; None teaches another from the pairs.
        unwanted: The label that both avoid; None takes toxic, disallow, or the last label.
        style: Weight of the classifier's part: one less the score of the unwanted label.
        meaning: Weight of the similarity to the source or the reference.
        fluency: Weight of reading like what people wrote.
        length: Weight of having as many words as the reference.
        meaning_by: "embeddings" of a small encoder, or "letters" (chrF2++), which costs next to nothing.
        meaning_of: What an answer must be similar to: its "source", or its "reference".
        steps: Steps at most; a stop by KL or by the judge comes sooner.
        batch_size: Sources per step.
        samples: Answers drawn per source; each is compared with the mean of the others.
        temperature: Of the sampling; 1 is what the model itself would say.
        learning_rate: Held throughout.
        beta: What a nat of KL to the model at the start costs, above 0.
        kl_budget: Stop when the mean KL of an answer passes so many nats.
        look_every: Steps between two looks of the judge at validation.
        judged: At most so many pairs of the test split are written and measured, before and after.
        precision: "bf16" is faster where the processor has it; "auto" takes it exactly there.
        seed: Of the order and the sampling.
    """

    start: str = ""
    method: str = "rloo"
    reward: str | None = None
    judge: str | None = None
    unwanted: str | None = None
    style: float = 1.0
    meaning: float = 1.0
    fluency: float = 0.25
    length: float = 0.25
    meaning_by: str = "embeddings"
    meaning_of: str = "source"
    steps: int = 200
    batch_size: int = 16
    samples: int = 4
    temperature: float = 1.0
    learning_rate: float = 1e-4
    beta: float = 0.05
    kl_budget: float = 20.0
    look_every: int = 20
    judged: int = 200
    precision: str = "fp32"
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.style + self.meaning + self.fluency + self.length:
            raise BadInput("Every part of the reward has the weight 0.", hint="Give style=1, for instance.")
        if self.temperature == 0:
            raise BadInput("temperature is 0.", hint="Answers are drawn: give a number above 0, usually 1.")


@dataclass(frozen=True)
class PreferenceSettings(_Settings):
    """Settings of DPO on preference pairs, which people's ratings made.

    Attributes:
        start: The writing model of the workbench that is trained on; it stays as it is.
        epochs: How often every preference is seen.
        batch_size: Preferences per step.
        learning_rate: Falls to 0 along a line.
        beta: How close it stays to the model at the start, above 0; 0.1 is usual.
        reward: As for other writers; measures.
        judge: As for other writers; measures.
        unwanted: The label that both avoid.
        judged: At most so many pairs of the test split are written and measured, before and after.
        seed: Of the order.
    """

    start: str = ""
    epochs: int = 3
    batch_size: int = 8
    learning_rate: float = 1e-6
    beta: float = 0.1
    reward: str | None = None
    judge: str | None = None
    unwanted: str | None = None
    judged: int = 200
    seed: int = 0


@dataclass(frozen=True)
class WriteSettings(_Settings):
    """Settings of writing without training: a model of the workbench, or one as it comes.

    Attributes:
        model: A writing model of the workbench; None takes the base model.
        base_model: Folder or name on the hub, where no model is given.
        base_revision: Its commit.
        prompt: What stands around the source; None takes the model's own, else the task's.
        shots: Solved examples of the train split before each source: 0, 1 or a few.
        clean: Tags, marks and invisible characters are taken out of the source first.
        best_of: So many answers are drawn, and the one with the best reward is taken; 1 draws none.
        temperature: Of the drawing.
        max_source: Longer prompts lose examples, then are cut to so many tokens; None takes the model's own
            limit, 1,024 where no model is given.
        max_target: Tokens that an answer may have; None takes the model's own limit, else 64.
        reward: As for other writers.
        judge: As for other writers.
        unwanted: The label that both avoid.
        judged: At most so many pairs of the test split are written and measured.
        seed: Of the sampling.
    """

    model: str | None = None
    base_model: str = FLAN
    base_revision: str | None = None
    prompt: str | None = None
    shots: int = 0
    clean: bool = True
    best_of: int = 1
    temperature: float = 0.0
    max_source: int | None = None
    max_target: int | None = None
    reward: str | None = None
    judge: str | None = None
    unwanted: str | None = None
    judged: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.prompt is not None:
            check_prompt(self.prompt)
        if self.best_of > 1 and self.temperature == 0:
            raise BadInput("The best of several wants a temperature.", hint="Set temperature=0.7, say.")


AnySettings = WriterSettings | RewardSettings | PreferenceSettings | WriteSettings
MODELS = ("start", "reward", "judge", "model")  # the settings that name a model of the workbench


def _check(name: str, value: Any, kind: Any) -> None:
    """Refuse a value of the wrong type or out of its limits.

    Raises:
        BadInput: with what may be given.
    """
    if value is None and "None" in str(kind):
        return
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise BadInput(f"{name} is {value!r}.", hint=f"Give {' or '.join(CHOICES[name])}.")
    elif name in LIMITS:
        low, high = LIMITS[name]
        kinds: tuple[type, ...] = (int,) if "int" in str(kind) else (int, float)
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        if not (is_number and low <= value <= high):
            number = "a whole number" if "int" in str(kind) else "a number"
            raise BadInput(f"{name} is {value!r}.", hint=f"Give {number} from {low:,} to {high:,}.")
    elif kind is bool:
        if not isinstance(value, bool):
            raise BadInput(f"{name} is {value!r}.", hint="Give true or false.")
    elif not isinstance(value, str):
        raise BadInput(f"{name} is {value!r}.", hint="Give a text.")
