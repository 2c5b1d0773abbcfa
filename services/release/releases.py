"""From a model to production: proposed by one person, approved by another, and the way back."""

import json
import unicodedata
from datetime import datetime
from typing import Any

from domain.errors import BadInput, Conflict, NotFound
from domain.people import actor_named
from services.evaluation.acting import BY_LABEL
from services.release.card import card_facts, card_text, text_sha256
from services.release.gate import Verdict, as_dict, brief, judge
from services.release.policy import get_policy, reason
from storage import releases as stored
from storage.audit import Head
from storage.database import Database
from storage.models import get_model
from storage.releases import Release, find_champion, get_release, list_releases, list_steps

__all__ = [
    "Release", "approve", "card_of", "find_champion", "get_release", "judge_release", "list_releases",
    "list_steps", "propose", "refusal_to_approve", "reject", "roll_back",
]  # fmt: skip


def propose(
    db: Database,
    model_id: str,
    *,
    snapshot_id: str | None = None,
    threshold: str | None = None,
    why: str = "",
    actor: str,
) -> Release:
    """Propose the model for production, with the verdict of this moment on its newest test answers.

    A model that the policy turns down may be proposed too, with a note: the verdict stands beside it for
    whoever decides. The release names the frozen threshold that it acts at, if any: it is judged there from
    then on.

    Args:
        why: Required where the verdict is "fail".
        threshold: As for `gate.judge`: None takes the model's newest.

    Raises:
        NotFound: there is no such model, it has no test answers, or its dataset has no policy.
        Conflict: it waits for a decision already, or it is in production.
        BadInput: the verdict is "fail" and no note is given.
    """
    who, told = actor_named(actor), reason(why)
    dataset_id = get_model(db, model_id).dataset_id
    policy = get_policy(db, dataset_id)
    verdict = judge(db, model_id, policy, snapshot_id=snapshot_id, threshold=threshold)
    for each in list_releases(db, dataset_id):
        if each.model_id == model_id and each.state == "proposed":
            raise Conflict(
                f"{model_id} is proposed already: {each.release_id}.", hint="Approve or reject that first."
            )
        if each.model_id == model_id and each.release_id == verdict.champion:
            raise Conflict(f"{model_id} is in production already: {each.release_id}.")
    if verdict.outcome == "fail" and not told:
        raise BadInput(
            f"{model_id} fails the policy: {verdict.sentence}",
            hint="Propose it all the same only with a note that says why, for whoever decides.",
        )
    release_id = stored.add_release(
        db,
        dataset_id,
        model_id=model_id,
        run_id=verdict.run_id,
        verdict=as_dict(verdict),
        why=told,
        actor=who,
    )
    return get_release(db, release_id)


def approve(db: Database, release_id: str, *, why: str = "", actor: str) -> Release:
    """Put a proposed model into production; it is judged once more, by the policy now in force.

    The release card is frozen with it, and the log keeps the card's hash.

    Args:
        why: Required where the verdict is not "pass": it stands in the card as an override.

    Raises:
        NotFound: there is no such release, or no policy any more.
        Conflict: it was decided already, whoever asks made the model or proposed it, or something else was
            released meanwhile.
        BadInput: the verdict is not "pass" and no reason is given.
    """
    who, told, release = actor_named(actor), reason(why), get_release(db, release_id)
    _check_may_approve(db, release, who)
    verdict = judge_release(db, release)
    is_override = verdict.outcome != "pass"
    if is_override and not told:
        raise BadInput(
            f"The gate says '{verdict.outcome}' of {release_id}: {verdict.sentence}",
            hint="Release it all the same only with a written reason, which will stand in its card.",
        )
    facts = card_facts(db, release, verdict)

    def check(current: Release) -> None:
        _check_may_approve(db, current, who)
        if find_champion(db, release.dataset_id) != verdict.champion:
            raise Conflict("Another model went into production meanwhile.", hint="Look again, then decide.")

    def card(head: Head, at: datetime) -> tuple[str, str]:
        decision = {"by": who, "at": at.isoformat(), "why": told, "is_override": is_override}
        text = card_text({**facts, "approval": decision, "log_head": {"seq": head.seq, "hash": head.hash}})
        return text, text_sha256(text)

    details = {**brief(verdict), "is_override": is_override}
    stored.add_step(
        db, release, step="approved", why=told, details=details, actor=who, card=card, check=check
    )
    return get_release(db, release_id)


def reject(db: Database, release_id: str, *, why: str, actor: str) -> Release:
    """Turn a proposal down; its maker may do that too.

    Raises:
        NotFound: there is no such release.
        Conflict: it was decided already.
        BadInput: no reason is given.
    """
    who, told = actor_named(actor), _required(why, "A rejection")
    stored.add_step(
        db, get_release(db, release_id), step="rejected", why=told, details={}, actor=who, check=_check_open
    )
    return get_release(db, release_id)


def roll_back(db: Database, release_id: str, *, why: str, actor: str) -> Release:
    """Put an earlier release back into production. It was approved once, so anybody may, at once.

    Raises:
        NotFound: there is no such release.
        Conflict: it was never approved, or it is in production.
        BadInput: no reason is given.
    """
    who, told, release = actor_named(actor), _required(why, "A roll-back"), get_release(db, release_id)
    left = find_champion(db, release.dataset_id)

    def check(current: Release) -> None:
        if current.state != "approved":
            raise Conflict(f"{release_id} was never in production: it is {current.state}.")
        if find_champion(db, release.dataset_id) == release_id:
            raise Conflict(f"{release_id} is in production already.")

    details = {"model_id": release.model_id, "left": left}
    stored.add_step(db, release, step="rolled back to", why=told, details=details, actor=who, check=check)
    return get_release(db, release_id)


def judge_release(db: Database, release: Release) -> Verdict:
    """What the policy in force says today of the very answers that were proposed.

    Raises:
        NotFound: the dataset has no policy.
    """
    threshold = release.verdict.get("threshold") or BY_LABEL
    policy = get_policy(db, release.dataset_id)
    return judge(db, release.model_id, policy, run_id=release.run_id, threshold=threshold)


def card_of(db: Database, release_id: str) -> tuple[dict[str, Any], str]:
    """The release card and its text as JSON: the frozen one, or of an open proposal what it would be now.

    Raises:
        NotFound: there is no such release, or it was rejected, which leaves no card.
    """
    release = get_release(db, release_id)
    if release.state == "rejected":
        raise NotFound(f"{release_id} was rejected and has no card.", hint="Its reason is in the history.")
    text = stored.find_card(db, release_id)
    if text is None:
        text = card_text({**card_facts(db, release, judge_release(db, release)), "approval": None})
    return json.loads(text), text


def refusal_to_approve(db: Database, release: Release, actor: str) -> str:
    """Why this person may not approve the proposal; empty where they may."""
    if release.state != "proposed":
        return f"{release.release_id} was {release.state} already."
    model = get_model(db, release.model_id)
    for name, what in ((release.created_by, "proposed it"), (model.created_by, "trained the model")):
        if _same_person(name, actor):
            return f"{actor} {what}; somebody else has to approve it."
    return ""


def _check_may_approve(db: Database, release: Release, who: str) -> None:
    if refusal := refusal_to_approve(db, release, who):
        raise Conflict(
            f"{release.release_id} cannot be approved: {refusal}",
            hint="Ask a second person to read the verdict and decide.",
        )


def _check_open(release: Release) -> None:
    if release.state != "proposed":
        raise Conflict(f"{release.release_id} was {release.state} already.", hint="Look at its history.")


def _required(why: str, what: str) -> str:
    told = reason(why)
    if not told:
        raise BadInput(f"{what} needs a reason.", hint="Say in a sentence why; it is kept.")
    return told


def _same_person(one: str, other: str) -> bool:
    """Whether two names are one, however they are spelt in case, width or spaces."""

    def key(name: str) -> str:
        return " ".join(unicodedata.normalize("NFKC", name).casefold().split())

    return key(one) == key(other)
