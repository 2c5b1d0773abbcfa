"""Answers of the verbs as lines for a terminal; whatever comes from outside is written out, never obeyed."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened, visible, with_hint
from services.evaluation.telling import (
    comparison_told,
    evaluation_told,
    file_evaluation_told,
    lineup_told,
)
from services.release.telling import log_told, policy_told, release_told, verdict_told
from services.telling.aftercare import TELLERS as AFTERCARE_TELLERS
from services.telling.agreement import TELLERS as AGREEMENT_TELLERS
from services.telling.behaviour import behaviour_told
from services.telling.causes import TELLERS as CAUSE_TELLERS
from services.telling.causes import rates_told
from services.telling.desk import TELLERS as DESK_TELLERS
from services.telling.examples import examples_told, finding_lines, hosted_jobs_told
from services.telling.generation import TELLERS as GENERATION_TELLERS
from services.telling.health import TELLERS as HEALTH_TELLERS
from services.telling.health import left_told
from services.telling.hosting import (
    bill_told,
    child_data_told,
    ending,
    events_told,
    prices_told,
    providers_told,
    spending_told,
)
from services.telling.importing import TELLERS as IMPORT_TELLERS
from services.telling.labelling import TELLERS as LABELLING_TELLERS
from services.telling.models import TELLERS as MODEL_TELLERS
from services.telling.playground import try_told
from services.telling.reporting import report_told
from services.telling.scored import scored_told
from services.telling.slices import saved_told, slices_told
from services.telling.studies import studies_told
from services.verbs.thresholds import thresholds_told

Answer = Any


def told(verb: str, answer: Answer) -> str:
    """The answer as a person reads it."""
    return _TELLERS.get(verb, _anything)(answer)


def _compare(answer: Answer) -> str:
    if "models" in answer:
        return lineup_told(answer)
    return rates_told(answer) if "differ" in answer else comparison_told(answer)


def _clean(answer: Answer) -> str:
    if isinstance(answer, dict):
        if "changes" in answer:
            return "\n".join(
                f"{one['comment_id']}: {shortened(one['before'])} -> {shortened(one['after'])}"
                for one in answer["changes"]
            ) or "Nothing."  # fmt: skip
        state = "undone" if answer["undone_at"] else "in force"
        if "repair_id" in answer:
            return f"Repair {answer['repair_id']}: {answer['changed']:,} × {answer['version']}, {state}."
        return (
            f"Cleaning {answer['cleaning_id']}: {answer['excluded']:,} × {answer['reason']}, {state}"
            f"{left_told(answer['left_groups'])}."
        )
    return "\n".join(
        f"{preview['rule']}: {preview['count']:,} comments{left_told(preview['left'])}" for preview in answer
    )


def _snapshot(answer: Answer) -> str:
    if isinstance(answer, list):
        return "\n".join(_snapshot(one) for one in answer) or "No snapshot yet."
    manifest = answer["manifest"]
    splits = ", ".join(f"{name} {sum(labels.values()):,}" for name, labels in manifest["counts"].items())
    leaks = (
        ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in manifest["leaks"].items() if n) or "none"
    )
    return (
        f"{answer['snapshot_id']}: {answer['row_count']:,} rows ({splits}), {manifest['split_mode']} split, "
        f"sha256 {answer['sha256'][:12]}…; held-out rows linked to training rows: {leaks}."
    )


def _job(answer: Answer) -> str:
    state = answer["state"]
    ended = with_hint(state["message"], state["hint"])
    lines = [f"{answer['job_id']} ({answer['kind']}): {state['name']}. {ended}".rstrip()]
    lines += [f"  {run['run_id']}: {run['model_id']} on {run['split']}, {run['row_count']:,} rows"
              for run in answer.get("runs", [])]  # fmt: skip
    return "\n".join(lines)


def _jobs(answer: Answer) -> str:
    if isinstance(answer, dict) and "job" in answer:
        more = (
            bill_told(answer.get("bill")),
            answer.get("ends"),
            events_told(answer),
            visible(answer["log"]),
        )
        return "\n".join(part for part in (_job(answer["job"]), *more) if part).rstrip()
    if isinstance(answer, dict):
        return _job(answer)
    return "\n".join(map(_job, answer)) or "No job yet."


def _datasets(answer: Answer) -> str:
    lines = []
    for standing in answer:
        steps = ", ".join(f"{step['title']}: {step['told']}" for step in standing["steps"])
        lines.append(f"{standing['dataset']['dataset_id']}: {steps}. Next: {standing['next_step']['todo']}")
    return "\n".join(lines) or "No dataset yet. Import a file, or make the demo: workbench.py demo"


def _comments(answer: Answer) -> str:
    if isinstance(answer, dict):
        return (
            f"Comment {answer['comment_id']}: {answer['label'] or answer['kind']} by {answer['annotator']}."
        )
    return (
        "\n".join(
            f"{c['comment_id']} [{shortened(c['label'] or '–')}] {shortened(c['body'], 100)}" for c in answer
        )
        or "None."
    )


def _search(answer: Answer) -> str:
    shown = len(answer["comments"])
    return f"{_comments(answer['comments'])}\n{answer['count']:,} comments found, {shown:,} shown."


def _tokens(answer: Answer) -> str:
    found = answer["budget"]
    counted = "counted in" if found["exact"] else "ESTIMATED for want of the file of"
    lines = [
        f"{found['examples']:,} examples, {counted} {found['encoding']}.",
        f"Tokens per example: {_spread(found['tokens'])}.",
        f"Tokens per message: {_spread(found['message_tokens'])}.",
        f"Tokens of the answers: {_spread(found['answer_tokens'])}.",
        f"Over {found['limit']:,} tokens: {found['over_limit']:,} examples; {found['cut']:,} tokens would be "
        f"cut, and {found['without_answer']:,} whole answers.",
        f"Billed: {found['billed_tokens_per_epoch']:,} tokens × {found['epochs']} epochs = "
        f"{found['billed_tokens']:,}.",
    ]
    if "not_counted" in answer:
        lines.append(f"Wrong in form and not counted: {answer['not_counted']:,}.")
    else:
        lines += _of_snapshot(answer)
    lines += [_cost(cost) for cost in answer["costs"]]
    lines.append(f"Prices of {answer['prices_as_of']}: {answer['prices_source']}.")
    lines.append(f"No new jobs after {answer['no_new_jobs_after']}.")
    return "\n".join(lines)


def _of_snapshot(answer: Answer) -> list[str]:
    special, left_out = answer["special_comment_ids"], answer["left_out"]
    lines = [f"The system prompt has {answer['system_prompt_tokens']:,} tokens, in every example."]
    if left_out:
        lines.append(f"{left_out:,} comments have nothing to see in them and make no example.")
    if special:
        lines.append(f"{len(special):,} comments hold special tokens and would be refused: {special[:20]}")
    return lines


def _spread(found: Answer) -> str:
    return (
        f"{found['count']:,} with {found['total']:,} in all; each {found['smallest']:,} to "
        f"{found['largest']:,}, mean {found['mean']:,.1f}, p5 {found['p5']:,.0f}, "
        f"median {found['median']:,.0f}, p95 {found['p95']:,.0f}"
    )


def _cost(cost: Answer) -> str:
    model, usd = cost["model"], cost["cost_usd"]
    price = "counts in another encoding" if usd is None else f"{usd:,.2f} USD"
    own = f" (price of {cost['as_of']}, {shortened(model['priced_by'])})" if model["priced_on"] else ""
    return f"  {shortened(model['name'])}: {price}{own}; {ending(model['shuts_on'], is_shut=cost['is_shut'])}"


def _check(answer: Answer) -> str:
    lines = finding_lines(answer["findings"])
    verdict = "can be uploaded" if answer["ok_to_upload"] else "cannot be uploaded"
    return "\n".join([*lines, f"{answer['examples']:,} examples: the file {verdict}."])


def _export(answer: Answer) -> str:
    if "findings" not in answer:
        return _anything(answer)
    verdict = "It can be uploaded." if answer["ok_to_upload"] else "It cannot be uploaded: see check FILE."
    found = ", ".join(f"{code.replace('_', ' ')} {n:,}" for code, n in answer["counts"].items()) or "nothing"
    return (
        f"{answer['rows']:,} examples in {shortened(answer['path'], 300)}. {verdict} Found: {found}.\n"
        f"Prompt {answer['prompt_sha256']}"
    )


def _anything(answer: Answer, indent: str = "") -> str:
    if isinstance(answer, dict):
        lines = []
        for name, value in answer.items():
            if isinstance(value, dict | list) and value:
                lines += [f"{indent}{shortened(name)}:", _anything(value, f"{indent}  ")]
            else:
                lines.append(f"{indent}{shortened(name)}: {_short(value)}")
        return "\n".join(lines)
    if isinstance(answer, list):
        return "\n".join(_anything(item, f"{indent}- ") for item in answer)
    return f"{indent}{_short(answer)}"


def _short(value: Answer) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value is None or value == [] or value == {} else shortened(str(value), 200)


_TELLERS: dict[str, Callable[[Answer], str]] = {
    "clean": _clean,
    **HEALTH_TELLERS,
    **IMPORT_TELLERS,
    "snapshot": _snapshot,
    "train": _job,
    "generate": _job,
    "estimate": lambda answer: answer["sentence"],
    "predict": _job,
    "answers": scored_told,
    "evaluate": evaluation_told,
    "evaluate-file": file_evaluation_told,
    "compare": _compare,
    **CAUSE_TELLERS,
    "report": report_told,
    "thresholds": thresholds_told,
    "slices": slices_told,
    "save-slice": saved_told,
    "jobs": _jobs,
    **MODEL_TELLERS,
    **AGREEMENT_TELLERS,
    **LABELLING_TELLERS,
    **DESK_TELLERS,
    **AFTERCARE_TELLERS,
    "datasets": _datasets,
    "comments": _comments,
    "search": _search,
    "label": _comments,
    "tokens": _tokens,
    "try": try_told,
    "check": _check,
    **GENERATION_TELLERS,
    "examples": examples_told,
    "hosted-jobs": hosted_jobs_told,
    "export": _export,
    "tune": _job,
    "learning-curve": _job,
    "cross-validate": _job,
    "studies": studies_told,
    "behave": _job,
    "behaviour": behaviour_told,
    "policy": policy_told,
    "gate": verdict_told,
    "release": release_told,
    "audit": log_told,
    "providers": providers_told,
    "spending": spending_told,
    "prices": prices_told,
    "child-data": child_data_told,
}
