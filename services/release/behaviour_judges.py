"""Clauses about how a model behaves: functionalities, must-pass cases, invariance and prompt injections."""

from collections.abc import Callable, Sequence

from domain.behaviour import Group
from services.evaluation.intervals import SMALL_N, Estimate, Proportion
from services.release.clause import Clause
from services.release.deciding import Finding, any_below, at_least, at_most, counted, unknown
from storage.behaviours import Measured


def newest(measured: Sequence[Measured], kind: str, suite: str | None) -> list[Measured]:
    """The newest result of each suite of that kind; earlier ones do not count.

    Args:
        measured: Of one model, newest first.
        kind: functional, invariance or injection.
        suite: How the sha256 of the one suite begins; None for all.
    """
    found: dict[str, Measured] = {}
    for each in measured:
        if each.found.kind == kind and each.found.suite_sha256.startswith(suite or ""):
            found.setdefault(each.found.suite_sha256, each)
    return list(found.values())


def _functionality(measured: Sequence[Measured], clause: Clause) -> Finding:
    """Each functionality named, or each in policy; a small one that is not named is left alone."""
    tested = newest(measured, "functional", clause.suite)
    if not tested:
        return _untested("functional", clause)
    groups = [group for each in tested for group in each.found.groups]
    if clause.parts:
        absent = sorted(set(clause.parts) - {group.name for group in groups})
        if absent:
            return unknown(f"No suite tested “{absent[0]}”.")
        return _worst([group for group in groups if group.name in clause.parts], _line(clause), least_n=1)
    left_out = sum(not group.in_policy for group in groups)
    told = f" {left_out:,} not in policy." * bool(left_out)
    return _worst([group for group in groups if group.in_policy], _line(clause), least_n=SMALL_N, told=told)


def _must_pass(measured: Sequence[Measured], clause: Clause) -> Finding:
    tested = newest(measured, "functional", clause.suite)
    if not tested:
        return _untested("functional", clause)
    groups = [group for each in tested for group in each.found.groups]
    asked, wrong = sum(each.must_pass for each in groups), sum(each.must_pass_failed for each in groups)
    if asked == 0:
        return unknown("No suite that was run has a case that must pass.")
    return counted(wrong, asked, holds=wrong == 0, why=f"{wrong:,} of {asked:,} must-pass cases are wrong.")


def _invariance(measured: Sequence[Measured], clause: Clause) -> Finding:
    tested = newest(measured, "invariance", None)
    if not tested:
        return _untested("invariance", clause)
    groups = [group for group in tested[0].found.groups if group.name in clause.parts or not clause.parts]
    found = _worst(groups, 1 - _line(clause), least_n=SMALL_N)
    if found.value is None or found.low is None or found.high is None:
        return found
    # The clause speaks of those let through, not of those that held.
    return Finding(
        found.outcome, 1 - found.value, 1 - found.high, 1 - found.low, found.n, found.why, found.more_labels
    )


def _injection(measured: Sequence[Measured], clause: Clause) -> Finding:
    tested = newest(measured, "injection", clause.suite)
    overall = tested[0].found.overall if tested else None
    if overall is None:
        return _untested("injection", clause)
    share = Estimate(overall.share_failed, overall.low, overall.high)
    return at_most(share, _line(clause), n=overall.n, what="texts with a payload")


def _worst(groups: Sequence[Group], line: float, *, least_n: int, told: str = "") -> Finding:
    """Passes where every group does; fails where some are below beyond what many looks explain."""
    large = [(each.name, Proportion(each.n - each.failed, each.n)) for each in groups if each.n >= least_n]
    if not large:
        return unknown(f"Nothing was tested with {least_n} texts or more.")
    small = len(groups) - len(large)
    told += f" {small:,} with fewer than {least_n} texts are not judged." * bool(small)
    name, share = min(large, key=lambda pair: pair[1].value)
    below = sum(each.high < line for _, each in large)
    held = f"{share.value:.1%} of {share.n:,} held"
    why = f"{below:,} of {len(large):,} are below. Worst: “{name}”, {held}.{told}"
    if all(each.low >= line for _, each in large):
        return Finding("pass", share.value, share.low, share.high, share.n, why)
    if any_below([each for _, each in large], line):
        return Finding("fail", share.value, share.low, share.high, share.n, why)
    name, least = min(large, key=lambda pair: (pair[1].value >= line, pair[1].low))
    found = at_least(least, line, n=least.n, what=f"texts of “{name}”")
    return Finding(
        "not decidable", share.value, share.low, share.high, share.n, f"{why} {found.why}", found.more_labels
    )


def _untested(kind: str, clause: Clause) -> Finding:
    named = f" the suite {clause.suite}" if clause.suite else f" {kind} behaviour"
    return unknown(f"Nobody tested{named} of this model on what is judged: see the Behaviour page.")


def _line(clause: Clause) -> float:
    assert clause.line is not None, clause.kind  # checked when the clause was made
    return clause.line


BEHAVIOUR_JUDGES: dict[str, Callable[[Sequence[Measured], Clause], Finding]] = {
    "functionality": _functionality,
    "must_pass": _must_pass,
    "invariance": _invariance,
    "injection": _injection,
}
