"""What tests of behaviour found, as lines for a terminal; texts of suites are written out, never obeyed."""

from typing import Any

from domain.text import shortened

Answer = Any
_WORST = 3  # failing texts of the worst group that are told


def behaviour_told(answer: Answer) -> str:
    """The list of tests, or one of them: the sentence, the groups worst first, and some texts."""
    if isinstance(answer, list):
        return "\n".join(map(_line, answer)) or "No behaviour was tested yet."
    state, found = answer["job"]["state"], answer["found"]
    head = f"{answer['job']['job_id']}: {state['name']}. {shortened(state['message'], 300)}"
    if found is None:
        return f"{head} {shortened(state['hint'], 300)}".rstrip()
    lines = [head, shortened(answer["sentence"], 600), *map(_group, found["groups"])]
    worst = found["groups"][0]
    for each in worst["failing"][:_WORST]:
        lines.append(
            f"  {shortened(worst['name'], 40)}: “{shortened(each['text'], 100)}” is"
            f" {shortened(each['expected'], 40)}; it said {shortened(each['said'] or 'no label', 40)}"
        )
    return "\n".join(lines)


def _line(each: Answer) -> str:
    suite = shortened(each["suite"], 60)
    return (
        f"{each['job_id']}: {each['model_id']}, {each['kind']}, {suite}: {shortened(each['sentence'], 400)}"
    )


def _group(each: Answer) -> str:
    outside = "" if each["in_policy"] else ", not in policy"
    must = f", {each['must_pass_failed']:,} of {each['must_pass']:,} must-pass wrong" * bool(
        each["must_pass"]
    )
    return (
        f"  {shortened(each['name'], 40):<40} {each['failed']:>5,} of {each['n']:>5,} wrong"
        f" ({each['low']:.1%} to {each['high']:.1%}){must}{outside}"
    )
