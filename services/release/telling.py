"""Policies, verdicts, releases and the log as lines for a terminal; names from outside are written out."""

from typing import Any

from domain.text import shortened
from services.release.card_sections import OUTCOME_WORDS
from services.release.result_tables import measured

Answer = Any

_MARKS = {"pass": "pass", "fail": "FAIL", "not decidable": "open", "not applicable": "n/a "}


def policy_told(answer: Answer) -> str:
    """The policy clause by clause; one that nobody has written yet is told as such."""
    version = answer["version"]
    head = f"Policy version {version}" if version else "No policy yet. One to begin with"
    return "\n".join(
        [f"{head} (sha256 {answer['sha256'][:12]}…):", *(f"  {_line(w)}" for w in answer["words"])]
    )


def verdict_told(answer: Answer) -> str:
    """The verdict first, then each clause with what was found and why."""
    lines = [
        f"{OUTCOME_WORDS[answer['outcome']]}. {answer['sentence']}",
        f"{_line(answer['model'], 60)} ({answer['model_id']}, {answer['run_id']}) on the"
        f" {answer['split']} split of {answer['snapshot_id']}, n = {answer['n']:,}, {_judged_at(answer)}.",
    ]
    for each in answer["clauses"]:
        lines.append(
            f"  {_MARKS[each['outcome']]}  {_line(each['words'])}: {measured(each)}. {_line(each['why'])}"
        )
    return "\n".join(lines)


def release_told(answer: Answer) -> str:
    """One release, the list of them, the checks of a card, or the card's verdict."""
    if isinstance(answer, list):
        return "\n".join(map(_release, answer)) or "Nothing was proposed yet."
    if "checks" in answer:
        lines = [
            f"  {'same' if c['ok'] else 'DIFFERS'}  {c['what']}: {_line(c['told'])}" for c in answer["checks"]
        ]
        head = "is as released" if answer["ok"] else "is NOT as released"
        return "\n".join([f"{answer['release_id']} {head}.", *lines])
    if "path" in answer:
        return f"{answer['release_id']}: {shortened(answer['path'], 300)}"
    if "approval" in answer:
        return f"{_approval(answer)}\n{verdict_told(answer['verdict'])}"
    return (
        f"{_release({**answer, 'verdict': answer['verdict']['outcome']})}\n{verdict_told(answer['verdict'])}"
    )


def log_told(answer: Answer) -> str:
    """The entries, oldest first, or whether the log holds."""
    if isinstance(answer, dict):
        head = answer["head"]
        told = "The log is whole" if answer["ok"] else f"The log is BROKEN at entry {answer['first_bad']}"
        return (
            f"{told}: {_line(answer['why'])} {answer['entries']:,} entries, head {head['seq']} {head['hash']}"
        )
    return "\n".join(
        f"{e['seq']} {e['logged_at']} {_line(e['actor'], 60)}: {e['verb']} {_line(e['object'], 60)}"
        f" ({e['dataset_id']}) {e['hash'][:12]}…"
        for e in answer
    ) or "The log is empty."  # fmt: skip


def _release(answer: Answer) -> str:
    live = ", in production" if answer["in_production"] else ""
    steps = "".join(
        f"\n  {step['step']} by {_line(step['created_by'], 60)}: {_line(step['why'])}"
        for step in answer["steps"]
    )
    return (
        f"{answer['release_id']}: {answer['model_id']}, {answer['state']}{live};"
        f" the gate said {answer['verdict']}; proposed by {_line(answer['created_by'], 60)}.{steps}"
    )


def _judged_at(answer: Answer) -> str:
    threshold = answer.get("threshold")
    return f"at {threshold}" if threshold else "by the label that the model names"


def _approval(card: Answer) -> str:
    given = card["approval"]
    if given is None:
        return f"{card['release_id']} is a proposal of {_line(card['proposal']['by'], 60)}."
    override = " as an OVERRIDE" if given["is_override"] else ""
    by = _line(given["by"], 60)
    return f"{card['release_id']} was approved by {by}{override}. {_line(given['why'])}".strip()


def _line(text: str, length: int = 400) -> str:
    return shortened(text, length)
