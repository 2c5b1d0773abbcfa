"""Let a model write the test split of pairs as it is, with zero, one or a few solved examples before each.

    python -m services.jobs.write_texts FOLDER

FOLDER holds spec.json, inputs/pairs.parquet and, for a model of the workbench, inputs/model/. The script
leaves written.parquet, report.json and events.jsonl there.
"""

import random
import shutil
import sys

from services.backends.writer import Writer, load_writer, open_writer
from services.generation.asking import own_prompt
from services.generation.opponents import best_of
from services.generation.settings import RewardSettings, WriteSettings
from services.generation.table import System
from services.jobs.process.worker import RunningJob, run
from services.jobs.trainer.pinned_base import pinned_base
from services.jobs.writers.rewards import Rewards
from services.jobs.writers.writing_report import leave_report, pairs_for, panel_for, prompts_of, write_all
from services.modelling.settings import read_settings

# Where each stage begins, as a share of the whole job.
WRITE_FROM, BEST_FROM, MEASURE_FROM = 0.1, 0.6, 0.85


def write(job: RunningJob) -> None:
    """All of it, top to bottom."""
    # 1. Who writes, and who judges.
    config = read_settings(WriteSettings, job.spec["settings"])
    writer, prompt, clean, name = opened(job, config)
    learned, tested = pairs_for(job, "train"), pairs_for(job, "test", config.judged)
    panel = panel_for(job, learned, clean=clean)

    # 2. Solved examples, drawn from the train split alone.
    drawn = random.Random(config.seed).sample(learned, min(config.shots, len(learned)))
    shots = [(panel.source_of(one), panel.references_of(one)[0]) for one in drawn]
    body = config.prompt or prompt or own_prompt(panel.task).body
    prompts = prompts_of(tested, panel, body, shots)
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
        rewards = Rewards(panel, RewardSettings(start="-"))

        def worth(flat: list[str], owners: list[int]) -> object:
            return rewards.total(rewards.parts([tested[owner] for owner in owners], flat))

        best = best_of(several, worth)  # type: ignore[arg-type]
        models.append(System(f"{name}, the best of {config.best_of}", "model", tuple(best)))

    # 4. The numbers.
    job.progress(MEASURE_FROM, "Measures what was written.")
    leave_report(job, panel, tested, models)
    shutil.rmtree(job.folder.path / "work", ignore_errors=True)


def opened(job: RunningJob, config: WriteSettings) -> tuple[Writer, str | None, bool, str]:
    """The model, its own prompt, whether it gets cleaned texts, and its name."""
    if config.model:
        writer, about = load_writer(job.folder.path / "inputs" / "model")
        return writer, about["prompt"], bool(about["clean"]), config.model
    job.progress(0.02, f"Gets the model {config.base_model}.")
    config, base = pinned_base(job, config, 0.02)
    writer = open_writer(
        base.folder, name=base.name, max_source=config.max_source, max_target=config.max_target
    )
    return writer, None, config.clean, base.name.rsplit("/", 1)[-1]


if __name__ == "__main__":
    sys.exit(run(write))
