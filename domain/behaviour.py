"""How a model behaved on texts that were made to test it, group by group."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from domain.errors import BadInput

BehaviourKind = Literal["functional", "invariance", "injection"]
BEHAVIOUR_KINDS: tuple[str, ...] = get_args(BehaviourKind)


@dataclass(frozen=True)
class Failure:
    """A text that went wrong. `before` is what it was made from; `said` None where no label was named."""

    text: str
    expected: str
    said: str | None
    must_pass: bool = False
    before: str | None = None


@dataclass(frozen=True)
class Group:
    """What was counted of one functionality, perturbation or payload family.

    Attributes:
        in_policy: Whether it counts in the sum and at the gate.
        n: Texts asked about.
        failed: Those that got another label than expected, flipped, or were talked out of it.
        low, high: 95 % bounds of the share that failed.
        unnamed: Texts without a label in the answer; in an injection they are no success.
        must_pass: Texts that have to be right, and `must_pass_failed` those of them that were not.
        failing: Some of those that failed, those that must pass first.
    """

    name: str
    in_policy: bool
    n: int
    failed: int
    low: float
    high: float
    unnamed: int
    must_pass: int
    must_pass_failed: int
    failing: tuple[Failure, ...]

    @property
    def share_failed(self) -> float:
        """0 to 1."""
        return self.failed / self.n


@dataclass(frozen=True)
class Behaviour:
    """What a model did on one suite.

    Attributes:
        suite: Name of the suite, as it was given.
        mapping: Label of the suite to label of the model, where they are spelt otherwise.
        unwanted: Labels whose true positives were written otherwise; empty for a functional suite.
        originals: True positives that were put to the test; `lost` more were not answered so again.
        overall: All groups in policy together; None where there is none.
        groups: In the order of the suite.
    """

    kind: BehaviourKind
    suite: str
    suite_sha256: str
    mapping: dict[str, str]
    unwanted: tuple[str, ...]
    seed: int
    originals: int
    lost: int
    overall: Group | None
    groups: tuple[Group, ...]

    @property
    def worst_first(self) -> tuple[Group, ...]:
        """The groups, those in policy first, by the share that failed."""
        return tuple(sorted(self.groups, key=lambda each: (not each.in_policy, -each.share_failed, -each.n)))

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of the groups that are not in policy."""
        return tuple(each.name for each in self.groups if not each.in_policy)

    @property
    def as_dict(self) -> dict[str, Any]:
        """As it is written into behaviour.json."""
        return asdict(self)


def behaviour_of(told: Any) -> Behaviour:
    """The behaviour that `as_dict` described.

    Raises:
        BadInput: it is no such thing.
    """
    try:
        groups = tuple(_group(each) for each in told["groups"])
        overall = None if told["overall"] is None else _group(told["overall"])
        rest = {**told, "groups": groups, "overall": overall, "unwanted": tuple(told["unwanted"])}
        found = Behaviour(**rest)
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"behaviour.json cannot be used: {error!r}", hint="Restart the job.") from error
    if found.kind not in BEHAVIOUR_KINDS:
        raise BadInput(f"behaviour.json is of the kind {found.kind!r}.", hint="Restart the job.")
    return found


def _group(told: dict[str, Any]) -> Group:
    group = Group(**{**told, "failing": tuple(Failure(**each) for each in told["failing"])})
    if not 0 <= group.failed <= group.n or group.n < 1:
        raise BadInput(
            f"{group.failed} of {group.n} cannot have failed in '{group.name}'.", hint="Restart the job."
        )
    return group
