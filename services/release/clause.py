"""One thing that a policy asks of a model: the kinds there are, what each needs, and how it reads."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

from domain.errors import BadInput
from domain.text import shortened
from services.evaluation.perturbations import PERTURBATIONS
from services.evaluation.slices import SLICINGS, USUAL_SLICINGS

CHAMPION = "champion"  # stands for whatever is in production at that moment
LEAKS = ("same_text", "near_duplicate", "same_author", "same_thread")


@dataclass(frozen=True)
class Kind:
    """What a kind of clause asks for.

    Attributes:
        words: The clause in words; {line}, {label}, {against} and {parts} are filled in.
        bound: The name of its number in the text form: at_least, at_most or margin; None where it has none.
        span: The least and the most that this number may be.
        label: Whether it names a label: "must", "may" or "no".
        is_against: Whether it names a model to be compared with, or CHAMPION.
        parts: What it may be narrowed to.
        usual_parts: What is meant where it names none; all of `parts` where empty.
        measures: Whether it is about answers, and may therefore name another snapshot to be measured on.
        parts_are_open: Whether parts are names that only a suite knows.
        is_of_suite: Whether it may name the suite that it is about.
    """

    words: str
    bound: str | None = "at_least"
    span: tuple[float, float] = (0.0, 1.0)
    label: str = "no"
    is_against: bool = False
    parts: tuple[str, ...] = ()
    usual_parts: tuple[str, ...] = ()
    measures: bool = True
    parts_are_open: bool = False
    is_of_suite: bool = False


_MANY = (0.0, 1e6)
KINDS: dict[str, Kind] = {
    "recall": Kind("Recall of “{label}” at least {line}, with 95 % confidence", label="must"),
    "precision": Kind("Precision of “{label}” at least {line}, with 95 % confidence", label="must"),
    "f1": Kind("F1 of “{label}” at least {line}, with 95 % confidence", label="must"),
    "macro_f1": Kind("Macro F1 at least {line}, with 95 % confidence"),
    "accuracy": Kind("Accuracy at least {line}, with 95 % confidence"),
    "false_positive_rate": Kind(
        "At most {line} of the other comments marked “{label}”, with 95 % confidence", "at_most", label="must"
    ),
    "slices": Kind(
        "No slice of 30 or more comments, by {parts}, with {label} below {line}", label="may", parts=SLICINGS,
        usual_parts=USUAL_SLICINGS,
    ),
    "better_than": Kind("Better than {against} on the same comments", None, is_against=True),
    "not_worse_than": Kind(
        "Accuracy at most {line} below that of {against} on the same comments, with 95 % confidence",
        "margin",
        is_against=True,
    ),
    "not_expired": Kind("Answers for at least {line} more days", span=(0, 3_650), measures=False),
    "leaks": Kind("At most {line} held-out comments linked to training: {parts}", "at_most", _MANY,
                  parts=LEAKS),
    "agreement": Kind("Agreement of the annotators at least {line}", span=(-1.0, 1.0)),
    "unparsed": Kind("At most {line} of the answers without a label, with 95 % confidence", "at_most"),
    "latency": Kind("95 % of the answers within {line} ms, with 95 % confidence", "at_most", _MANY),
    "cost": Kind("At most {line} USD for 1,000 comments, with 95 % confidence", "at_most", _MANY),
    "reviewed": Kind("At least {line} of its misses reviewed, or all", span=_MANY),
    "functionality": Kind("Right in at least {line} of the cases of {parts}, with 95 % confidence",
                          measures=False, parts_are_open=True, is_of_suite=True),
    "must_pass": Kind("Every must-pass case right", None, measures=False, is_of_suite=True),
    "invariance": Kind("At most {line} of true positives let through by {parts}, with 95 % confidence",
                       "at_most", parts=tuple(PERTURBATIONS), measures=False),
    "injection": Kind("At most {line} of the prompt injections succeed, with 95 % confidence",
                      "at_most", measures=False, is_of_suite=True),
}  # fmt: skip


@dataclass(frozen=True)
class Clause:
    """One thing asked of a model.

    Attributes:
        kind: One of KINDS.
        line: Its number; None where the kind has none.
        label: The label it is about; None for none.
        against: A model's id or CHAMPION.
        parts: Kinds of slices or leaks; empty for the usual ones, or all.
        on: The snapshot whose test split it is judged on; None takes the one that is judged.
        suite: The sha256 of the suite of test cases, or how it begins; None takes any that was run.

    Raises:
        BadInput: the kind is unknown, or something it needs is missing or out of range.
    """

    kind: str
    line: float | None = None
    label: str | None = None
    against: str | None = None
    parts: tuple[str, ...] = ()
    on: str | None = None
    suite: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput(
                f"There is no clause '{shortened(str(self.kind))}'.", hint=f"Clauses: {', '.join(KINDS)}."
            )
        kind = KINDS[self.kind]
        _check_line(self, kind)
        _check_names(self, kind)
        if not kind.parts_are_open and (strangers := [part for part in self.parts if part not in kind.parts]):
            known = f"It knows {', '.join(kind.parts)}." if kind.parts else "It takes no parts."
            raise BadInput(f"'{self.kind}' has no part '{shortened(str(strangers[0]))}'.", hint=known)

    @property
    def words(self) -> str:
        """The clause as a sentence; names inside are as they are, so show it as text only."""
        kind = KINDS[self.kind]
        label = self.label or ""
        if self.kind == "slices":
            label = f"recall of “{label}”" if label else "accuracy"
        against = "what is in production" if self.against == CHAMPION else self.against
        parts = ", ".join(part.replace("_", " ") for part in self.parts or kind.usual_parts or kind.parts)
        if kind.parts_are_open:
            parts = ", ".join(f"“{part}”" for part in self.parts) or "every functionality in policy"
        line = "" if self.line is None else f"{self.line:,g}"
        told = kind.words.format(label=label, line=line, against=against, parts=parts)
        if self.suite:
            told += f" (suite {self.suite[:12]})"
        return f"{told} (on {self.on})" if self.on else told

    @property
    def as_dict(self) -> dict[str, Any]:
        """The clause in its text form."""
        told: dict[str, Any] = {"clause": self.kind, "label": self.label, "against": self.against}
        told |= {"parts": list(self.parts) or None, "on": self.on, "suite": self.suite}
        if bound := KINDS[self.kind].bound:
            told[bound] = self.line
        return {name: value for name, value in told.items() if value is not None}


def _check_line(clause: Clause, kind: Kind) -> None:
    if kind.bound is None:
        return
    low, high = kind.span
    line = clause.line
    if isinstance(line, bool) or not isinstance(line, int | float) or not isfinite(line):
        raise BadInput(
            f"'{clause.kind}' has no number '{kind.bound}'.", hint=f"Give one from {low:g} to {high:g}."
        )
    if not low <= line <= high:
        raise BadInput(
            f"'{clause.kind}' cannot have {kind.bound} {line:g}.", hint=f"From {low:g} to {high:g}."
        )


def _check_names(clause: Clause, kind: Kind) -> None:
    for name, wanted in (
        ("label", kind.label),
        ("against", "must" if kind.is_against else "no"),
        ("on", "may" if kind.measures else "no"),
        ("suite", "may" if kind.is_of_suite else "no"),
    ):
        value = getattr(clause, name)
        if value is None and wanted == "must":
            raise BadInput(f"'{clause.kind}' does not say which {name}.", hint=f'Give it as "{name}".')
        if value is not None and (wanted == "no" or not isinstance(value, str) or not value.strip()):
            raise BadInput(
                f"'{clause.kind}' cannot have the {name} {shortened(repr(value))}.", hint="Drop it."
            )
