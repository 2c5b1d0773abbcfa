"""What every training of a model that writes shares: where it starts, how it is fitted, and its end."""

import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from domain.errors import BadInput
from domain.pairs import EARLIER_FILE, Pair
from services.backends.huggingface import out_of_memory_named
from services.backends.writer import Writer, load_writer
from services.generation.table import System
from services.jobs.process.folder import Facts, write_whole
from services.jobs.process.worker import RunningJob
from services.jobs.trainer.checkpoints import (
    cleared_where_it_fails_again,
    full_disk_named,
    last_whole_checkpoint,
    refuse_full_disk,
)
from services.jobs.trainer.kept_trainer import KeptTrainer
from services.jobs.writers.rewards import Rewards
from services.jobs.writers.writing_panel import Panel
from services.jobs.writers.writing_report import (
    leave_report,
    measured_pairs,
    pairs_for,
    panel_for,
    prompts_of,
    rated_pairs,
    write_all,
)

# Where each stage begins, as a share of the whole job.
BASE_FROM, BEFORE_FROM, TRAIN_FROM, AFTER_FROM, MEASURE_FROM = 0.02, 0.05, 0.15, 0.85, 0.93

BASE, BEFORE = "the base model", "the model before"  # as reports call them


@dataclass(frozen=True)
class Start:
    """A model before its training, and what it is measured by.

    Attributes:
        about: What model.json says of it.
        learned: Pairs of the train split.
        tested: Those of the test split that are written before and after.
        prompts: Of `tested`.
        written: What models wrote for `tested` so far; the one that is trained comes last.
        left_out: Pairs of the test split that it has learned from, by people's ratings.
    """

    writer: Writer
    about: Facts
    learned: list[Pair]
    tested: list[Pair]
    panel: Panel
    prompts: list[str]
    written: tuple[System, ...]
    left_out: int = 0


def start_again(
    job: RunningJob, judged: int, *, has_encoder: bool | None = None, without: Collection[int] = ()
) -> Start:
    """The model that a training goes on with.

    Args:
        job: inputs/start/ holds the model, and inputs/earlier.parquet what was written when it was trained.
        judged: At most so many pairs of the test split are written.
        has_encoder: What the script can train; None where it can train both kinds.
        without: Numbers of pairs that are not to be measured on, beside those of earlier trainings.

    Raises:
        BadInput: the model is of the other kind or damaged, or no pairs are left.
    """
    writer, about = load_writer(job.folder.path / "inputs" / "start")
    if has_encoder not in (None, writer.has_encoder):
        kind, script = (
            ("an encoder-decoder", "reward_writer") if writer.has_encoder else ("a decoder", "reward_decoder")
        )
        raise BadInput(f"The model at the start is {kind}.", hint=f"Start {script} with it.")
    learned = pairs_for(job, "train")
    tested, left_out = measured_pairs(job, judged, {*without, *rated_pairs(about, job)})
    panel = panel_for(job, learned, clean=about["clean"])
    prompts = prompts_of(tested, panel, about["prompt"])
    name, written = earlier_texts(job, tested)
    before = texts_before(job, writer, prompts, name)
    return Start(writer, about, learned, tested, panel, prompts, (*written, before), left_out)


def texts_before(job: RunningJob, writer: Writer, prompts: Sequence[str], name: str) -> System:
    """What a model writes before its training; a job that goes on knows it from before."""
    noted = job.folder.path / "work" / "before.json"
    if noted.exists():
        texts = json.loads(noted.read_text(encoding="utf-8"))
    else:
        texts = write_all(
            job, writer, prompts, shares=(BEFORE_FROM, TRAIN_FROM), told="Writes before the training"
        )
        noted.parent.mkdir(exist_ok=True)
        write_whole(noted, json.dumps(texts))
    return System(name, "model", tuple(texts))


def earlier_texts(job: RunningJob, tested: Sequence[Pair]) -> tuple[str, list[System]]:
    """What the model at the start is called, and what those before it wrote for every one of these pairs."""
    file = job.folder.path / "inputs" / EARLIER_FILE
    if not file.is_file():
        return BEFORE, []
    try:
        rows = pq.read_table(file, filters=[("kind", "=", "model")]).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise BadInput(
            f"What was written before cannot be read: {error}", hint="Start the job again."
        ) from error
    texts: dict[str, dict[int, str]] = {}
    for row in rows:
        texts.setdefault(row["system"], {})[row["pair_id"]] = row["text"]
    *earlier, last = texts or [BEFORE]
    wanted = [one.pair_id for one in tested]
    return last, [
        System(name, "model", tuple(texts[name][number] for number in wanted))
        for name in earlier
        if texts[name].keys() >= set(wanted)
    ]


def arguments_of(job: RunningJob, *, seed: int, learning_rate: float) -> dict[str, Any]:
    """What every training here tells its Trainer: where, how exact, and to ask at each step for a checkpoint.

    Whether one is written then, is for the clock of KeptTrainer to say.
    """
    return {
        "output_dir": str(job.folder.path / "work"),
        "learning_rate": learning_rate,
        "use_cpu": not torch.cuda.is_available(),
        "save_strategy": "steps",
        "save_steps": 1,
        "logging_nan_inf_filter": False,
        "seed": seed,
        "disable_tqdm": True,
        "report_to": "none",
    }


def fit(job: RunningJob, trainer: KeptTrainer, hint: str) -> None:
    """Train from the last whole checkpoint in work/, or from the start.

    Args:
        job: Whose folder it is.
        trainer: Of any kind.
        hint: What to do where the memory does not suffice.

    Raises:
        BackendError: the loss overflows, or memory or disk do not suffice.
        BadInput: the disk is too full for the checkpoints.
        Paused: somebody asked for it, and a checkpoint is whole.
    """
    job.pause_if_asked()
    work = job.folder.path / "work"
    refuse_full_disk(job.folder.path, trainer.model)
    with cleared_where_it_fails_again(work), full_disk_named(work), out_of_memory_named(hint):
        trainer.train(resume_from_checkpoint=last_whole_checkpoint(work))


def finish(
    job: RunningJob, start: Start, name: str, about: dict[str, Any], rewards: Rewards | None = None
) -> None:
    """Keep the model, let it write the same texts again, and leave the report.

    Args:
        job: Whose folder gets them.
        start: What was before; its writer has learned since.
        name: What reports call the model now.
        about: For its model.json.
        rewards: Of the training; the usual ones where there was none.
    """
    with job.new_model() as folder:
        start.writer.save(folder, about)
    texts = write_all(
        job, start.writer, start.prompts, shares=(AFTER_FROM, MEASURE_FROM), told="Writes what it has learned"
    )
    job.progress(MEASURE_FROM, "Measures what was written.")
    while name in {one.name for one in start.written}:
        name += ", once more"
    after = System(name, "model", tuple(texts))
    leave_report(job, start.panel, start.tested, [*start.written, after], rewards, left_out=start.left_out)
    shutil.rmtree(job.folder.path / "work", ignore_errors=True)
