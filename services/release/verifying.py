"""A released card checked a year later: are the files the same, and does counting again give its numbers?"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.errors import BadInput, Conflict, NotFound
from services.curation.snapshots import verify_snapshot
from services.evaluation.acting import BY_LABEL
from services.evaluation.reports import evaluate
from services.plain import plain
from services.release import card as cards
from services.release.gate import as_dict, judge
from services.release.log import verify_log
from services.release.policy import find_policy
from services.release.releases import card_of
from storage.database import Database
from storage.datasets import find_guideline
from storage.releases import get_release
from storage.snapshots import get_snapshot

# Clauses about things that go on changing after the release; a snapshot of their own may be answered again.
_LIVE = ("reviewed", "better_than", "not_worse_than", "functionality", "must_pass", "invariance", "injection")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at again."""

    what: str
    ok: bool
    told: str


def verify_release(db: Database, release_id: str) -> tuple[Check, ...]:
    """Everything in the card that can be counted or hashed again, each with whether it is still the same.

    Clauses about reviews and rivals are left to the comparison, which names both runs: reviewing goes on.

    Raises:
        NotFound: there is no such release.
        Conflict: it was not released, so that no card is frozen.
    """
    release = get_release(db, release_id)
    if release.state != "approved":
        raise Conflict(f"{release_id} has no frozen card: it is {release.state}.")
    card, text = card_of(db, release_id)
    log = verify_log(db, card=text)
    again = evaluate(db, card["verdict"]["run_id"], clusters=card["format"] >= 4)
    return (
        _same("results", cards.results(again), card["results"]),
        _clauses(db, card),
        _compared(db, card),
        _snapshot(db, card["data"]),
        _snapshot(db, card["model"]["trained_on"], what="training snapshot"),
        _files(db, card),
        _guideline(db, card),
        Check("log", log.ok, log.why),
    )


def _same(what: str, now: Any, then: Any) -> Check:
    """Equal to the last digit: the card keeps numbers in full."""
    if _holds(now, then):
        return Check(what, True, "Counted again, every number is the same.")
    names = [str(name) for name in then if now.get(name) != then[name]] if isinstance(then, dict) else []
    return Check(what, False, f"Counted again, these differ: {', '.join(names) or 'all'}.")


def _holds(now: Any, then: Any) -> bool:
    """Whether all that the card says is still so; a later version may count more."""
    if isinstance(now, dict) and isinstance(then, dict):
        return all(name in now and _holds(now[name], then[name]) for name in then)
    return bool(now == then)


def _clauses(db: Database, card: dict[str, Any]) -> Check:
    told = card["verdict"]
    policy = find_policy(db, card["dataset_id"], told["policy_version"])
    if policy is None or policy.sha256 != told["policy_sha256"]:
        return Check("policy", False, f"Version {told['policy_version']} of the policy is not what it was.")
    again = plain(
        as_dict(
            judge(
                db, told["model_id"], policy, run_id=told["run_id"], split=told["split"],
                threshold=told.get("threshold") or BY_LABEL, clusters=card["format"] >= 3,
                today=date.fromisoformat(told["judged_on"]),
            )
        )
    )["clauses"]  # fmt: skip
    now = {each["words"]: _judged(each) for each in again}
    steady = [each for each in told["clauses"] if _is_steady(each)]
    changed = [each["words"] for each in steady if now.get(each["words"]) != _judged(each)]
    if changed:
        return Check("policy", False, f"Judged again, these differ: {'; '.join(changed)}.")
    return Check("policy", True, f"Judged again, {len(steady)} clauses say the same.")


def _judged(told: dict[str, Any]) -> dict[str, Any]:
    """All but the wording, which a later version may put better."""
    return {name: value for name, value in told.items() if name != "why"}


def _is_steady(told: dict[str, Any]) -> bool:
    clause = told["clause"]
    return clause is None or (clause["clause"] not in _LIVE and "on" not in clause)


def _compared(db: Database, card: dict[str, Any]) -> Check:
    told = card["verdict"]
    try:
        again = cards.comparison(db, told["rival_run"], told["run_id"], clusters=card["format"] >= 4)
    except (NotFound, BadInput) as error:
        return Check("comparison", False, str(error))
    if card["comparison"] is None:
        return Check("comparison", again is None, "Nothing was in production to be compared with.")
    return _same("comparison", again, card["comparison"])


def _snapshot(db: Database, told: dict[str, Any], what: str = "snapshot") -> Check:
    name = told["snapshot_id"]
    try:
        verify_snapshot(db, name)
    except (NotFound, Conflict) as error:
        return Check(what, False, str(error))
    same = get_snapshot(db, name).sha256 == told["sha256"]
    return Check(what, same, f"The rows of {name} {'are' if same else 'are not'} those of the card.")


def _files(db: Database, card: dict[str, Any]) -> Check:
    then = card["files"]
    try:
        now = cards.file_hashes(db, card["model"]["model_id"])
    except NotFound as error:
        return Check("model files", False, str(error))
    changed = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
    if changed:
        return Check("model files", False, f"Not as released: {', '.join(changed)}.")
    return Check("model files", True, f"All {len(then)} files of the model are as released.")


def _guideline(db: Database, card: dict[str, Any]) -> Check:
    then = card["guideline"]
    if then is None:
        return Check("guideline", True, "None was written.")
    dataset = get_snapshot(db, card["data"]["snapshot_id"]).dataset_id
    found = find_guideline(db, dataset, then["version"])
    same = found is not None and cards.text_sha256(found[1]) == then["sha256"]
    return Check("guideline", same, f"Version {then['version']} {'is' if same else 'is not'} what it was.")
