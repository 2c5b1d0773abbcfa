"""The playground's answers as lines for a terminal: the verdict first, then what is behind it."""

from typing import Any

from domain.text import shortened, visible

Answer = Any
_WORDS, _NEAR = 6, 3


def try_told(answer: Answer) -> str:
    """What every model said, text by text."""
    if "answers" in answer:
        return "\n\n".join(map(_free, answer["answers"]))
    lines = []
    for place, text in enumerate(answer["texts"]):
        lines.append(shortened(text, 200))
        for model in answer["models"]:
            lines += _said(model, place)
    if "saved" in answer:
        saved = answer["saved"]
        state = "was known as" if saved["was_known"] else "is now"
        vote = f", labelled {shortened(saved['label'])}" if saved["label"] else ""
        lines.append(f"It {state} comment {saved['comment_id']} of '{saved['dataset_id']}'{vote}.")
    return "\n".join(lines)


def _said(model: Answer, place: int) -> list[str]:
    name = f"{model['choice']['key']}, {shortened(model['choice']['title'], 60)}"
    if model["error"]:
        return [f"  –  {name}: {model['error']} {model['hint']}".rstrip()]
    said = model["said"][place]
    verdict = shortened(said["label"]) if said["label"] is not None else f"no label ({said['parse_status']})"
    facts = [
        said["note"],
        f"{model['score_kind']} {said['score']:.3f}" if said["score"] is not None else "",
        f"{said['latency_ms']:,.0f} ms" if said["latency_ms"] is not None else "",
        f"{said['tokens']:,} tokens" if said["tokens"] is not None else "",
        f"${said['cost_usd']:.6f}" if said["cost_usd"] is not None else "",
        f"raw: {shortened(said['raw'], 80)}" if said["raw"] is not None else "",
    ]
    return [f"  {verdict}  ({name}: {', '.join(filter(None, facts))})", *_why(said.get("why"))]


def _why(why: Answer) -> list[str]:
    if why is None:
        return []
    lines = []
    if why["words"]:
        words = ", ".join(f"{shortened(word, 30)} {amount:+.3f}" for word, amount in why["words"][:_WORDS])
        lines.append(f"     words ({why['how']}): {words}")
    lines += [
        f"     near {one['similarity']:.2f}: comment {one['comment_id']} [{shortened(one['label'], 30)}, "
        f"{one['split']}] {shortened(one['text'], 70)}"
        for one in why["near"][:_NEAR]
    ]
    return lines


def _free(answer: Answer) -> str:
    head = f"{answer['target']['model']} ({answer['target']['provider']})"
    if answer["error"]:
        return f"{head}: {answer['error']} {answer['hint']}".rstrip()
    tokens = f"{answer['tokens_in'] or 0:,} + {answer['tokens_out'] or 0:,} tokens"
    cost = "" if answer["cost_usd"] is None else f", ${answer['cost_usd']:.6f}"
    ended = "" if answer["finish_reason"] in (None, "stop") else f", ended by {answer['finish_reason']}"
    said = answer["refusal"] or answer["text"] or ""
    note = f"\n{answer['note']}" if answer["note"] else ""
    return f"{head}: {tokens}, {answer['latency_ms']:,.0f} ms{cost}{ended}{note}\n{visible(said)}"
