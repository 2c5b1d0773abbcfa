"""What a job that writes leaves behind: every text in written.parquet, and the numbers in report.json."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import BadInput
from domain.pairs import PAIRS_FILE, Pair
from services.backends.writer import Writer
from services.generation.asking import asked
from services.generation.frozen_pairs import read_kept
from services.generation.settings import RewardSettings
from services.generation.table import DECIDES, System, report_of
from services.jobs.process.folder import write_whole
from services.jobs.process.worker import RunningJob
from services.jobs.writers.rewards import Rewards
from services.jobs.writers.writing_panel import Panel, panel_of

WRITTEN, REPORT = "written.parquet", "report.json"
SCHEMA = pa.schema(
    [
        ("pair_id", pa.int64()), ("system", pa.string()), ("kind", pa.string()), ("text", pa.string()),
        ("toxicity", pa.float64()), ("meaning", pa.float64()), ("joint", pa.float64()),
        ("worth", pa.float64()),
    ]
)  # fmt: skip


def pairs_for(job: RunningJob, split: str, most: int | None = None) -> list[Pair]:
    """The job's pairs of a split, the first so many.

    Raises:
        BadInput: there is none, or their file is damaged.
    """
    found = read_kept(job.folder.path / "inputs" / PAIRS_FILE, splits=[split])[:most]
    if not found:
        raise BadInput(f"The pairs hold none of the {split} split.", hint="Keep more pairs.")
    return found


def measured_pairs(job: RunningJob, judged: int, rated: Collection[int]) -> tuple[list[Pair], int]:
    """The first so many pairs of the test split that are not rated, and how many were left out as they are.

    What people said of a pair's texts is what a model learned from: on that pair it says little of the rest.

    Raises:
        BadInput: there is none, or people rated them all.
    """
    every = pairs_for(job, "test")
    kept = [one for one in every if one.pair_id not in rated]
    if not kept:
        raise BadInput("People rated every pair of the test split.", hint="Keep more pairs to measure on.")
    left_out = len(every) - len(kept)
    for told in left_out_told(left_out).values():
        job.folder.add_event("left_out", message=f"Left out: {told}.")
    return kept[:judged], left_out


def rated_pairs(about: Mapping[str, Any], job: RunningJob) -> set[int]:
    """The numbers of the job's pairs from whose ratings the model, or one before it, has learned."""
    return set(about.get("rated_pairs", {}).get(job.spec["snapshot_id"], []))


def left_out_told(count: int) -> dict[str, str]:
    """The pairs that are not measured on, for people; empty where there is none."""
    return (
        {"left out": f"{count:,} pairs of the test split, whose ratings the model learned from"}
        if count
        else {}
    )


def panel_for(job: RunningJob, training: Sequence[Pair], *, clean: bool) -> Panel:
    """The panel of the job: classifiers that were named lie in its inputs, else the pairs teach them."""
    inputs, settings = job.folder.path / "inputs", job.spec["settings"]
    panel = panel_of(
        job.spec["task"],
        training,
        clean=clean,
        reward=inputs / "reward" if settings.get("reward") else None,
        judge=inputs / "judge" if settings.get("judge") else None,
        unwanted=settings.get("unwanted"),
        ids={role: str(settings[role]) for role in ("reward", "judge") if settings.get(role)},
    )
    job.folder.add_event("panel", message=_panel_told(panel), signatures=panel.signatures)
    return panel


def write_all(
    job: RunningJob, writer: Writer, prompts: Sequence[str], *, shares: tuple[float, float], told: str
) -> list[str]:
    """The likeliest answer to each prompt, with progress."""
    begin, end = shares

    def tell(done: int) -> None:
        job.progress(
            begin + (end - begin) * done / len(prompts), f"{told}: {done:,} of {len(prompts):,} texts."
        )

    return [texts[0] for texts in writer.write(prompts, told=tell)]


def prompts_of(
    pairs: Sequence[Pair], panel: Panel, body: str, shots: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """What a model is given for each pair."""
    return [asked(body, panel.source_of(one), shots) for one in pairs]


def leave_report(
    job: RunningJob,
    panel: Panel,
    pairs: Sequence[Pair],
    models: Sequence[System],
    rewards: Rewards | None = None,
    *,
    left_out: int = 0,
) -> None:
    """Measure everything that was written on the pairs, and write both files.

    Args:
        job: Whose folder gets them.
        panel: Who measures.
        pairs: Of the test split.
        models: What models wrote, each after what it was trained from; the rest comes by itself.
        rewards: Of the training; the usual ones where there was none.
        left_out: Pairs that are not measured on, as a model learned what people said of them.
    """
    rewards = rewards or Rewards(panel, RewardSettings())
    sources = [panel.source_of(one) for one in pairs]
    references = [panel.references_of(one) for one in pairs]
    systems = []
    for system in [*panel.opponents(pairs), *models]:
        parts = rewards.parts(pairs, system.outputs)
        systems.append(panel.measured(system, pairs, rewards.total(parts)))
    report = report_of(
        panel.task, sources, references, systems,
        signatures={**panel.signatures, "how it is rewarded": rewards.told, **left_out_told(left_out)},
        source_toxicity=panel.judge(sources) if panel.judge else None,
    )  # fmt: skip
    _write_texts(job, panel.task, pairs, systems)
    write_whole(job.folder.path / REPORT, json.dumps({**report, "split": pairs[0].split}))
    for sentence in report["verdicts"]:
        job.folder.add_event("verdict", message=sentence)


def _write_texts(job: RunningJob, task: str, pairs: Sequence[Pair], systems: Sequence[System]) -> None:
    """Every text of every system; written whole or not at all."""
    rows = []
    for system in systems:
        for place, pair in enumerate(pairs):
            numbers = {
                name: float(system.columns[name][place]) if name in system.columns else None
                for name in ("toxicity", "meaning", "joint")
            }
            worth = system.columns.get(DECIDES[task])
            rows.append(
                {"pair_id": pair.pair_id, "system": system.name, "kind": system.kind,
                 "text": system.outputs[place], **numbers,
                 "worth": None if worth is None else float(worth[place])}
            )  # fmt: skip
    unfinished = job.folder.path / f"{WRITTEN}.tmp"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), unfinished, compression="zstd")
    unfinished.replace(job.folder.path / WRITTEN)


def _panel_told(panel: Panel) -> str:
    if panel.judge is None:
        return "Meaning and fluency are measured; no classifier was named."
    rewarded = panel.reward.name if panel.reward else "nothing"
    return f"Judged by {panel.judge.name}; rewarded by {rewarded}."
