"""Let a model write the test split of pairs as it is, with zero, one or a few solved examples before each.

    python -m services.jobs.write_texts FOLDER

FOLDER holds spec.json, inputs/pairs.parquet and, for a model of the workbench, inputs/model/. The script
leaves written.parquet, report.json and events.jsonl there.
"""

import random
import shutil
import sys
from collections.abc import Sequence

from services.backends.writer import Writer, load_writer, open_writer
from services.generation.asking import asked_whole, own_prompt
from services.generation.opponents import best_of
from services.generation.settings import BASE_SOURCE, BASE_TARGET, RewardSettings, WriteSettings
from services.generation.table import System
from services.jobs.process.folder import Facts
from services.jobs.process.worker import RunningJob, run
from services.jobs.trainer.pinned_base import pinned_base
from services.jobs.writers.rewards import Rewards
from services.jobs.writers.writing_report import (
    leave_report,
    measured_pairs,
    pairs_for,
    panel_for,
    rated_pairs,
    write_all,
)
from services.modelling.settings import read_settings

# Where each stage begins, as a share of the whole job.
WRITE_FROM, BEST_FROM, MEASURE_FROM = 0.1, 0.6, 0.85


def write(job: RunningJob) -> None:
    """All of it, top to bottom."""
    # 1. Who writes, and who judges.
    config = read_settings(WriteSettings, job.spec["settings"])
    writer, about, name = opened(job, config)
    learned = pairs_for(job, "train")
    tested, left_out = measured_pairs(job, config.judged, rated_pairs(about, job))
    panel = panel_for(job, learned, clean=bool(about.get("clean", config.clean)))

    # 2. Solved examples, drawn from the train split alone.
    drawn = random.Random(config.seed).sample(learned, min(config.shots, len(learned)))
    shots = [(panel.source_of(one), panel.references_of(one)[0]) for one in drawn]
    body = config.prompt or about.get("prompt") or own_prompt(panel.task).body
    prompts = prompts_with(job, writer, body, [panel.source_of(one) for one in tested], shots)
    numbered = {0: "zero-shot", 1: "one-shot"}.get(len(shots), f"{len(shots)}-shot")
    job.folder.add_event("prompt", message=f"{name}, {numbered}.", first=prompts[0])

    # 3. The likeliest answers, and on demand the best of several.
    texts = write_all(job, writer, prompts, shares=(WRITE_FROM, BEST_FROM), told="Writes")
    models = [System(f"{name}, {numbered}", "model", tuple(texts))]
    if config.best_of > 1:
        job.progress(BEST_FROM, f"Draws {config.best_of} answers to each text.")
        several = writer.write(
            prompts, samples=config.best_of, temperature=config.temperature, seed=config.seed
        )
        rewards = Rewards(panel, RewardSettings(length=0.0))  # nothing that looks at a reference

        def worth(flat: list[str], owners: list[int]) -> object:
            return rewards.total(rewards.parts([tested[owner] for owner in owners], flat))

        best = best_of(several, worth)  # type: ignore[arg-type]
        models.append(System(f"{name}, the best of {config.best_of} to the reward", "model", tuple(best)))

    # 4. The numbers.
    job.progress(MEASURE_FROM, "Measures what was written.")
    leave_report(job, panel, tested, models, left_out=left_out)
    shutil.rmtree(job.folder.path / "work", ignore_errors=True)


def prompts_with(
    job: RunningJob, writer: Writer, body: str, sources: Sequence[str], shots: Sequence[tuple[str, str]]
) -> list[str]:
    """What the model is given for each source: examples that do not fit are dropped, and it is said."""
    given = [asked_whole(body, source, shots, writer.reads_whole) for source in sources]
    dropped = [count for _, count in given if count]
    if dropped:
        job.folder.add_event(
            "examples_dropped",
            message=f"Of {len(given):,} prompts {len(dropped):,} had no room for all {len(shots)} examples: "
            f"{sum(dropped):,} were dropped. Raise max_source (it is {writer.max_source:,}).",
        )
    return [prompt for prompt, _ in given]


def opened(job: RunningJob, config: WriteSettings) -> tuple[Writer, Facts, str]:
    """The model, what it says of itself, and its name."""
    if config.model:
        writer, about = load_writer(
            job.folder.path / "inputs" / "model", max_source=config.max_source, max_target=config.max_target
        )
        return writer, about, config.model
    job.progress(0.02, f"Gets the model {config.base_model}.")
    config, base = pinned_base(job, config, 0.02)
    writer = open_writer(
        base.folder,
        name=base.name,
        max_source=config.max_source or BASE_SOURCE,
        max_target=config.max_target or BASE_TARGET,
    )
    return writer, {}, base.name.rsplit("/", 1)[-1]


if __name__ == "__main__":
    sys.exit(run(write))
