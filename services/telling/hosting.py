"""Answers of the verbs around hosted models as lines for a terminal."""

from typing import Any

from domain.text import shortened

Answer = Any
_EVENTS_TOLD = 15


def providers_told(answer: Answer) -> str:
    """The approved providers, one per line, with the models that they told of."""
    lines = []
    for one in answer:
        costs = "costs money" if one["charges"] else "costs nothing"
        key = "" if one["key_is_set"] else f"; its key is missing: set {one['key_variable']}"
        lines.append(f"{shortened(one['provider'])}: {shortened(one['base_url'])}, {costs}{key}.")
        if one["asked_on"] is None:
            lines.append(f"  Never asked for its models: providers --refresh {shortened(one['provider'])}")
        for model in one["models"]:
            ends = (
                f"shuts on {model['shuts_on']}, {model['days_left']:,} days"
                if model["shuts_on"]
                else "no end told"
            )
            lines.append(f"  {shortened(model['model'])}: {ends}")
    return "\n".join(lines)


def prices_told(answer: Answer) -> str:
    """The table of hosted models, one per line, and where its prices are from."""
    lines = [f"US dollars per million tokens, of {answer['as_of']}: {shortened(answer['source'], 300)}."]
    for model in answer["models"]:
        prices = (
            f"training {model['train_usd_per_million']:g}" if model["methods"] else "cannot be tuned",
            f"reading {model['input_usd_per_million']:g}",
            f"writing {model['output_usd_per_million']:g}",
            f"examples to {model['example_limit']:,} tokens",
            ending(model["shuts_on"], is_shut=model["is_shut"]),
        )
        lines.append(f"  {shortened(model['name'])}: {', '.join(prices)}")
        if model["priced_on"]:
            source = shortened(model["price_source"], 300)
            lines.append(f"    of {model['priced_on']}, says {shortened(model['priced_by'])}: {source}")
    return "\n".join([*lines, f"No new training at OpenAI after {answer['no_new_jobs_after']}."])


def ending(shuts_on: str | None, *, is_shut: bool) -> str:
    """When a model is shut, as a part of a sentence."""
    if shuts_on is None:
        return "no end told"
    return f"was shut on {shuts_on}" if is_shut else f"ends on {shuts_on}"


def spending_told(answer: Answer) -> str:
    """What is left of the caps."""
    limits, left = answer["limits"], answer["left"]
    return (
        f"The next job of {shortened(answer['actor'])} may cost ${answer['next_job_usd']:,.2f}. Left today: "
        f"${max(left['person_day_usd'], 0):,.2f} of ${limits['person_day_usd']:,.2f} for this person, "
        f"${max(left['day_usd'], 0):,.2f} of ${limits['day_usd']:,.2f} for everybody; a job at most "
        f"${limits['job_usd']:,.2f}. An administrator changes that in limits.json in the data folder."
    )


def child_data_told(answer: Answer) -> str:
    """Whether a dataset may hold data of children, and who said so when."""
    if answer["may_hold_child_data"]:
        lines = [f"'{answer['dataset']}' may hold data of children: its comments go to no provider."]
    else:
        lines = [f"'{answer['dataset']}' is not marked as holding data of children."]
    for mark in answer["marks"]:
        said = "yes" if mark["may_hold_child_data"] else "no"
        why = f": {shortened(mark['why'], 200)}" if mark["why"] else ""
        lines.append(f"  {mark['created_at']} {shortened(mark['created_by'])} said {said}{why}")
    return "\n".join(lines)


def bill_told(bill: Answer) -> str:
    """The bill of a job as a sentence; empty for none."""
    if bill is None or bill["estimated_usd"] is None:
        return ""
    billed = "not billed yet" if bill["billed_usd"] is None else f"billed ${bill['billed_usd']:,.4f}"
    ratio = (
        f", {bill['billed_usd'] / bill['estimated_usd']:.2f} times that"
        if bill["billed_usd"] and bill["estimated_usd"]
        else ""
    )
    tokens = ""
    if bill["estimated_tokens"] is not None:
        trained = bill["billed_tokens"]
        known = "not told yet" if trained is None else f"trained {trained:,}"
        tokens = f" Training on about {bill['estimated_tokens']:,} tokens, {known}."
    return f"Estimated ${bill['estimated_usd']:,.4f}, {billed}{ratio}.{tokens}"


def events_told(answer: Answer) -> str:
    """The newest of what the provider told of a job, the oldest of them first; then its checkpoints."""
    events = answer.get("events") or []
    lines = [f"  {one['at']} {shortened(one['level'])}: {shortened(one['message'], 200)}"
             for one in reversed(events[:_EVENTS_TOLD])]  # fmt: skip
    if len(events) > _EVENTS_TOLD:
        lines.insert(0, "  Older ones: --json")
    for one in answer.get("checkpoints") or []:
        lines.append(f"  checkpoint at step {one.get('step')}: {shortened(str(one.get('model')), 120)}")
    return "\n".join(lines)
