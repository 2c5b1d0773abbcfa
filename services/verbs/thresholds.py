"""The verb of the Thresholds station: choose on validation, freeze, report once on test, list."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from domain.errors import BadInput, NotFound
from domain.text import shortened
from services.evaluation import choosing
from services.evaluation.choosing import Bench, Choice, Frozen
from services.evaluation.intervals import as_number
from services.evaluation.thresholds import RULES, Rule, Traffic, rule_of
from storage.database import Database
from storage.models import list_runs

Answer = Any


def thresholds(
    db: Database,
    *,
    run: str | None = None,
    model: str | None = None,
    snapshot: str | None = None,
    unwanted: list[str] | None = None,
    rule: str | None = None,
    base_rate: float | None = None,
    volume: float = 10_000,
    seconds: float = 10,
    repair: bool = False,
    freeze: bool = False,
    why: str = "",
    report: str | None = None,
    dataset: str | None = None,
    actor: str = "",
) -> Any:
    """A choice on validation, frozen if asked for; a report on test; or the list of what is frozen."""
    if report is not None:
        return told_of_frozen(choosing.report_on_test(db, report, actor=actor))
    if run is None and model is None:
        if freeze or rule:
            raise BadInput("A threshold of what?", hint="Give --run RUN or --model MODEL.")
        return [told_of_frozen(each) for each in choosing.list_frozen(db, dataset)]
    bench = choosing.bench_of(db, run or _run_of(db, model, snapshot), unwanted or [], repaired=repair)
    wish = _wish(rule)
    traffic = Traffic(bench.ranked.base_rate if base_rate is None else base_rate, volume, seconds)
    told = told_of_choice(bench, choosing.choose(bench, wish, traffic))
    told["stability"] = choosing.stability(bench, wish, traffic)
    if freeze:
        told["frozen"] = choosing.freeze(db, bench, wish, traffic, why=why, actor=actor)
    return told


def told_of_choice(bench: Bench, choice: Choice) -> dict[str, Any]:
    """The choice, as JSON can carry it, with what it was chosen on."""
    run = bench.scored.run
    return {
        "run_id": run.run_id,
        "model_id": run.model_id,
        "snapshot_id": run.snapshot_id,
        "split": run.split,
        "unwanted": bench.unwanted,
        "temperature": bench.temperature,
        "seen_in_training": bench.seen_in_training,
        **_numbers(choice),
    }


def told_of_frozen(found: Frozen) -> dict[str, Any]:
    """A frozen threshold, as JSON can carry it, and its report on test once there is one."""
    told: dict[str, Any] = {
        "threshold": found.threshold,
        "looks_at_test": {"count": sum(found.looks.values()), "by": found.looks},
    }
    if found.test is None or found.look is None:
        return told
    look = {"created_at": found.look.created_at, "created_by": found.look.created_by}
    return {**told, "run_id": found.look.run_id, "split": "test", "look": look, **_numbers(found.test)}


def thresholds_told(answer: Answer) -> str:
    """A choice, a report or the list, as lines for a terminal."""
    if isinstance(answer, list):
        return "\n".join(map(_frozen, answer)) or "No threshold is frozen yet."
    lines = [f"{_cut(answer['cut'])}, on {answer['split']}, n = {answer['n']:,}.", answer["sentence"]]
    for name in ("precision", "precision_here", "recall", "false_positive_rate"):
        lines.append(f"  {name.replace('_', ' ')}: {_value(answer['outlook'][name])}")
    for target in answer["targets"]:
        sign = "at least" if target["at_least"] else "at most"
        needed = target["labels_needed"]
        more = f"; about {needed:,} labels would decide it" if needed else ""
        lines.append(f"  {target['name']} {sign} {target['wanted']:g}: {target['verdict']}{more}")
    if answer["tally"]["unscored"]:
        lines.append(f"{answer['tally']['unscored']:,} comments have no score and are never flagged.")
    if looks := answer.get("looks_at_test"):
        by = ", ".join(f"{shortened(who, 40)} {n:,}" for who, n in looks["by"].items())
        lines.append(f"Thresholds held against this test split so far: {looks['count']:,} ({by}).")
    if frozen := answer.get("frozen"):
        lines.append(f"Frozen as {frozen['threshold_id']}.")
    return "\n".join(lines)


def _numbers(choice: Choice) -> dict[str, Any]:
    day = choice.outlook
    return {
        "rule": str(choice.rule),
        "cut": choice.cut,
        "traffic": choice.traffic,
        "n": choice.tally.positives + choice.tally.negatives,
        "tally": choice.tally,
        "outlook": {each.name: as_number(getattr(day, each.name)) for each in fields(day)},
        "sentence": choice.sentence,
        "targets": choice.targets,
    }


def _wish(rule: str | None) -> Rule:
    if rule is None:
        raise BadInput("A threshold by which rule?", hint=f"Give --rule NAME=VALUE: {', '.join(RULES)}.")
    return rule_of(rule)


def _run_of(db: Database, model: str | None, snapshot: str | None) -> str:
    runs = list_runs(db, model_id=model, snapshot_id=snapshot, split="validation")
    if not runs:
        raise NotFound(
            f"{model} has not predicted the validation split of {snapshot or 'any snapshot'}.",
            hint="Let it: predict --model MODEL --snapshot SNAPSHOT --split validation.",
        )
    return runs[0].run_id


def _frozen(told: Answer) -> str:
    one, tested = told["threshold"], "reported on test" if "look" in told else "not reported on test"
    labels = " + ".join(shortened(label, 40) for label in one["unwanted"])
    cut = _cut({"upper": one["upper_score"], "lower": one["lower_score"]})
    return (
        f"{one['threshold_id']}: {cut} for {labels} of {one['model_id']} ({one['rule']}), by"
        f" {shortened(one['created_by'], 40)}, {tested}: {shortened(one['why'], 100)}"
    )


def _cut(cut: Answer) -> str:
    if cut["lower"] < cut["upper"]:
        return f"Remove from {cut['upper']:.4f}, read from {cut['lower']:.4f}"
    return f"Flag from {cut['upper']:.4f}"


def _value(told: Answer) -> str:
    if told is None:
        return "undefined"
    n: Sequence[str] = [f", n = {told['n']:,}"] if "n" in told else []
    return f"{told['value']:.3f} ({told['low']:.3f} to {told['high']:.3f}{''.join(n)})"


VERBS: dict[str, Callable[..., Any]] = {
    "thresholds": thresholds,
}
