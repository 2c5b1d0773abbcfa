"""The table of a report: every system with its numbers, and whether it beats what is trivial."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from services.evaluation.intervals import Estimate
from services.generation.joint import JOINT_SIGNATURE, joint
from services.generation.opponents import rival_of
from services.generation.paired import Paired, mean_estimate, paired
from services.generation.rouge import rouge, rouge_signature
from services.generation.surface import bleu, chrf, chrf_each
from services.generation.toxicity import HALF, lowered
from services.generation.tricks import tricks

Floats = NDArray[np.float64]
Kind = Literal["human", "trivial", "model"]

# What each number is called where people read it, in the order of the table.
TITLES = {
    "joint": "J",
    "style": "polite",
    "meaning": "same meaning",
    "fluency": "fluent",
    "relevance": "relevance",
    "reward": "reward",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "rougeLsum": "ROUGE-Lsum",
    "chrf": "chrF2++ each",
}
# By what a system of the task is judged better or worse.
DECIDES = {"detoxify": "joint", "summarise": "rougeL", "reply": "relevance"}


@dataclass(frozen=True)
class System:
    """One way to write, and what it wrote.

    Attributes:
        columns: Numbers per text, shape (n,), by the names in TITLES; "toxicity" besides.
    """

    name: str
    kind: Kind
    outputs: tuple[str, ...]
    columns: dict[str, Floats] = field(default_factory=dict)


def measured(
    task: str,
    system: System,
    references: Sequence[Sequence[str]],
    *,
    meaning: Floats | None = None,
    relevance: Floats | None = None,
    fluency: Floats | None = None,
    toxicity: Floats | None = None,
    reward: Floats | None = None,
) -> System:
    """The system with every number per text that can be had.

    Args:
        task: One of TASKS.
        system: What was written.
        references: Of each text.
        meaning: Cosine of each output and its source, 0 to 1.
        relevance: Cosine of each output and its nearest reference, 0 to 1.
        fluency: 0 or 1 each.
        toxicity: A judge's score of each output.
        reward: What the training rewarded.
    """
    given = {"meaning": meaning, "relevance": relevance, "fluency": fluency, "reward": reward}
    columns = {name: values for name, values in given.items() if values is not None}
    if toxicity is not None:
        columns["toxicity"] = toxicity
        columns["style"] = (toxicity < HALF).astype(np.float64)
        if task == "detoxify" and meaning is not None and fluency is not None:
            columns["joint"] = joint(columns["style"], meaning, fluency)
    if system.kind != "human":
        columns |= rouge(system.outputs, references)
        columns["chrf"] = chrf_each(system.outputs, references)
    return System(system.name, system.kind, system.outputs, columns)


def report_of(
    task: str,
    sources: Sequence[str] | None,
    references: Sequence[Sequence[str]],
    systems: Sequence[System],
    *,
    signatures: dict[str, str],
    source_toxicity: Floats | None = None,
) -> dict[str, Any]:
    """The report as JSON holds it: rows, signatures, comparisons and verdicts.

    Args:
        task: One of TASKS.
        sources: n texts; None where only what was made of them is known.
        references: Of each.
        systems: Measured; those trained last come last, each after what it was trained from.
        signatures: How meaning, fluency and toxicity were measured.
        source_toxicity: A judge's score of each source.
    """
    rows, told = [], dict(signatures)
    for system in systems:
        row: dict[str, Any] = {
            "name": system.name,
            "kind": system.kind,
            "metrics": {
                name: asdict(mean_estimate(system.columns[name])) for name in TITLES if name in system.columns
            },
            "tricks": None if sources is None else asdict(tricks(sources, system.outputs)),
        }
        if system.kind != "human":
            for score in (bleu(system.outputs, references), chrf(system.outputs, references)):
                row["metrics"][score.name] = asdict(score.score)
                told[score.name] = score.signature
        if source_toxicity is not None and "toxicity" in system.columns:
            row["toxicity"] = asdict(lowered(source_toxicity, system.columns["toxicity"]))
        rows.append(row)
    told["ROUGE"] = rouge_signature(references)
    if task == "detoxify":
        told["J"] = JOINT_SIGNATURE
    return {
        "task": task,
        "n": len(references),
        "signatures": told,
        "systems": rows,
        "comparisons": comparisons(task, systems),
        "verdicts": verdicts(task, systems),
    }


def comparisons(task: str, systems: Sequence[System]) -> list[dict[str, Any]]:
    """Each model against the model before it, and the last against the first, number by number."""
    models = [one for one in systems if one.kind == "model"]
    steps = list(itertools.pairwise(models))
    if len(models) > 2:
        steps.append((models[0], models[-1]))
    found = []
    for before, after in steps:
        for name in [*TITLES, "toxicity"]:
            if name in before.columns and name in after.columns:
                result = paired(before.columns[name], after.columns[name], less_is_better=name == "toxicity")
                found.append(
                    {"before_name": before.name, "after_name": after.name, "metric": name,
                     "relative": result.relative, **asdict(result)}
                )  # fmt: skip
    return found


def verdicts(task: str, systems: Sequence[System]) -> list[str]:
    """A sentence for each model: whether it beats the opponent that its task has to beat."""
    rival = next((one for one in systems if one.name == rival_of(task)), None)
    metric = DECIDES[task]
    if rival is None or metric not in rival.columns:
        return []
    return [
        verdict_sentence(
            one.name, rival.name, TITLES[metric], paired(rival.columns[metric], one.columns[metric])
        )
        for one in systems
        if one.kind == "model" and metric in one.columns
    ]


def verdict_sentence(name: str, rival: str, metric: str, found: Paired) -> str:
    """Whether a system beats an opponent, and by how much, in plain English."""
    said = {
        "better": f"{name} beats “{rival}”",
        "worse": f"{name} does not beat “{rival}” but is worse",
        "not decidable": f"{name} does not beat “{rival}”",
    }[found.verdict]
    return f"{said[:1].upper()}{said[1:]}: {numbers_told(metric, found)}."


def numbers_told(metric: str, found: Paired) -> str:
    """Both values and their difference with its interval."""
    gap: Estimate = found.difference
    return (
        f"{metric} {found.after:.3f} against {found.before:.3f} ({gap.value:+.3f}, 95 % interval "
        f"{gap.low:+.3f} to {gap.high:+.3f}, p = {found.p_value:.4f}, n = {found.n:,})"
    )
