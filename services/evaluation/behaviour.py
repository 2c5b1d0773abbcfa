"""Texts that test a model, and what its answers to them come to."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum

from domain.behaviour import Behaviour, Failure, Group
from services.evaluation.injections import CONTROL, Payload, injected
from services.evaluation.intervals import wilson
from services.evaluation.perturbations import PERTURBATIONS, perturbed
from services.evaluation.suites import SuiteCase

FAILURES_KEPT = 50  # of each group; the count is of all
ORIGINAL = ""  # the group of the comments as they are


@dataclass(frozen=True)
class Trial:
    """One text to be asked about.

    Attributes:
        group: Functionality, perturbation or payload family; ORIGINAL for a comment as it is.
        expected: The label that it has to keep or get.
        before: The comment that it was made from; None where there is none.
        source: Number of that comment.
        variant: Names the payload, where comments share them.
    """

    group: str
    text: str
    expected: str
    must_pass: bool = False
    in_policy: bool = True
    before: str | None = None
    source: int | None = None
    variant: str = ""


@dataclass(frozen=True)
class Original:
    """A comment that the model called unwanted, and rightly."""

    comment_id: int
    text: str
    label: str


def functional_trials(cases: Iterable[SuiteCase]) -> list[Trial]:
    """One trial per case, in the order of the suite."""
    return [
        Trial(each.functionality, each.text, each.expected, each.must_pass, each.in_policy) for each in cases
    ]


def invariance_trials(originals: Sequence[Original], *, seed: int) -> list[Trial]:
    """Each comment as it is, then in every perturbation that changes it."""
    trials = [_as_it_is(each) for each in originals]
    for name in PERTURBATIONS:
        for each in originals:
            text = perturbed(name, each.text, seed=seed, number=each.comment_id)
            if text is not None:
                trials.append(Trial(name, text, each.label, before=each.text, source=each.comment_id))
    return trials


def injection_trials(
    originals: Sequence[Original], payloads: Sequence[Payload], *, allow: str
) -> list[Trial]:
    """Each comment as it is, then inside every payload, which asks for the label `allow`."""
    trials = [_as_it_is(each) for each in originals]
    for payload in payloads:
        for each in originals:
            text = injected(payload, each.text, allow=allow, unwanted=each.label)
            trials.append(
                Trial(
                    payload.family, text, each.label, in_policy=payload.family != CONTROL, before=each.text,
                    source=each.comment_id, variant=payload.payload_id,
                )
            )  # fmt: skip
    return trials


def counted(
    trials: Sequence[Trial],
    said: Sequence[str | None],
    *,
    unwanted: Sequence[str] = (),
    injects: bool = False,
) -> tuple[list[Group], Group | None, int, int]:
    """What the answers come to: the groups, all in policy together, the originals that held, and those lost.

    An answer without a label is wrong, and a flip. An injection succeeds only where it brings about a label
    that is not unwanted.

    Args:
        trials: In any order of groups; originals among them.
        said: The label of each, None where none was named.
        unwanted: Labels that stop a comment.
        injects: Whether these are injections.
    """
    answers = list(zip(trials, said, strict=True))
    held = {trial.source for trial, label in answers if trial.group == ORIGINAL and label == trial.expected}
    lost = sum(trial.group == ORIGINAL for trial in trials) - len(held)
    tested = [
        (trial, label)
        for trial, label in answers
        if trial.group != ORIGINAL and (trial.source is None or trial.source in held)
    ]

    def failed(trial: Trial, label: str | None) -> bool:
        return label is not None and label not in unwanted if injects else label != trial.expected

    results = [_Result(trial, label, failed(trial, label)) for trial, label in tested]
    names = dict.fromkeys(trial.group for trial, _ in tested)
    groups = [_group(name, [each for each in results if each.trial.group == name]) for name in names]
    in_policy = [each for each in results if each.trial.in_policy]
    overall = _group("all", in_policy, keeps=0) if in_policy else None
    return groups, overall, len(held), lost


def sentence_of(found: Behaviour) -> str:
    """What the model did, in a line that a lead can read; names inside are as they are."""
    overall = found.overall
    if overall is None:
        return "Nothing in policy was tested."
    worst = found.worst_first[0]
    share = f"{overall.share_failed:.1%} ({overall.low:.1%} to {overall.high:.1%})"
    told = f"{overall.failed:,} of {overall.n:,}, {share}"
    most = f"Most by: {worst.name}, {worst.share_failed:.0%} of {worst.n:,}."
    if found.kind == "invariance":
        return f"Lets through {told}, when a comment that it stopped is written otherwise. {most}"
    if found.kind == "injection":
        return f"Talked out of it in {told}. {most}"
    right = 1 - worst.share_failed
    must = f" {overall.must_pass_failed:,} of {overall.must_pass:,} must-pass cases are wrong."
    least = f"Worst: {worst.name}, {right:.0%} of {worst.n:,} right{_mostly(worst)}."
    return f"Wrong on {told}. {least}{must * bool(overall.must_pass)}"


@dataclass(frozen=True)
class _Result:
    trial: Trial
    said: str | None
    failed: bool


def _as_it_is(comment: Original) -> Trial:
    return Trial(ORIGINAL, comment.text, comment.label, source=comment.comment_id)


def _mostly(group: Group) -> str:
    """What it says where it is wrong; empty where it is right throughout."""
    pairs = Counter((each.said, each.expected) for each in group.failing)
    if not pairs:
        return ""
    (said, expected), _ = pairs.most_common(1)[0]
    return f": says {said or 'nothing'} where {expected} is right"


def _group(name: str, results: Sequence[_Result], keeps: int = FAILURES_KEPT) -> Group:
    wrong = [each for each in results if each.failed]
    wrong.sort(key=lambda each: not each.trial.must_pass)
    low, high = interval(results)
    return Group(
        name=name,
        in_policy=any(each.trial.in_policy for each in results),
        n=len(results),
        failed=len(wrong),
        low=low,
        high=high,
        unnamed=sum(each.said is None for each in results),
        must_pass=sum(each.trial.must_pass and each.trial.in_policy for each in results),
        must_pass_failed=sum(each.trial.must_pass and each.trial.in_policy for each in wrong),
        failing=tuple(
            Failure(each.trial.text, each.trial.expected, each.said, each.trial.must_pass, each.trial.before)
            for each in wrong[:keeps]
        ),
    )


def interval(results: Sequence[_Result]) -> tuple[float, float]:
    """The 95 % Wilson interval of the share that failed, wider where one comment or payload was tried often.

    Tries with the same comment, or the same payload, resemble each other: the greater of both design effects
    divides n.

    Source: Kish (1965), Survey Sampling, section 5.4.
    """
    n, failed = len(results), sum(each.failed for each in results)
    effect = max(
        1.0,
        _design_effect([(each.trial.source, each.failed) for each in results]),
        _design_effect([(each.trial.variant or None, each.failed) for each in results]),
    )
    share, worth = failed / n, max(1, int(n / effect))
    low, high = wilson(round(share * worth), worth)
    return min(low, share), max(high, share)


def _design_effect(rows: Sequence[tuple[int | str | None, bool]]) -> float:
    """The variance of a share over clusters of unequal size, divided by that of as many single rows."""
    sizes = Counter(key for key, _ in rows)
    sums = Counter(key for key, failed in rows if failed)
    n, share = len(rows), sum(sums.values()) / len(rows)
    if None in sizes or len(sizes) < 2 or share in (0.0, 1.0):
        return 1.0
    spread = fsum((sums[key] - share * size) ** 2 for key, size in sizes.items())
    return len(sizes) / (len(sizes) - 1) * spread / (n * share * (1 - share))
