"""Train a decoder by rewards: RLOO or GRPO, as TRL has them, with KL to the model at the start.

    python -m services.jobs.reward_decoder FOLDER

FOLDER is as for reward_writer: the same rewards, the same judge that looks on, the same stops.
"""

import sys
from dataclasses import asdict
from typing import Any

import torch
from datasets import Dataset
from transformers import set_seed
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from domain.errors import BadInput
from domain.pairs import Pair
from services.backends.huggingface import out_of_memory_named
from services.backends.writer import load_writer
from services.generation.settings import RewardSettings
from services.generation.table import System
from services.jobs.rewards import Rewards
from services.jobs.worker import RunningJob, run
from services.jobs.writing_looks import Looks, tell_step
from services.jobs.writing_report import leave_report, pairs_for, panel_for, prompts_of, write_all
from services.jobs.writing_watch import WritingWatch
from services.modelling.settings import read_settings

# Where each stage begins, as a share of the whole job.
BEFORE_FROM, TRAIN_FROM, AFTER_FROM, MEASURE_FROM = 0.04, 0.12, 0.85, 0.93


def train(job: RunningJob) -> None:
    """The whole training, top to bottom."""
    # 1. What to do, with which model, and who judges.
    config = read_settings(RewardSettings, job.spec["settings"])
    writer, about = load_writer(job.folder.path / "inputs" / "start")
    if writer.has_encoder:
        raise BadInput("The model at the start is an encoder-decoder.", hint="It is for reward_writer.")
    learned, held_out = pairs_for(job, "train"), pairs_for(job, "validation", config.judged)
    tested = pairs_for(job, "test", config.judged)
    panel = panel_for(job, learned, clean=about["clean"])
    rewards = Rewards(panel, config)
    job.folder.add_event("rewards", message=rewards.told)

    # 2. What it writes before.
    prompts = prompts_of(tested, panel, about["prompt"])
    before = write_all(job, writer, prompts, shares=(BEFORE_FROM, TRAIN_FROM), told="Writes as it starts")

    # 3. The training, under the eyes of a judge that gives no reward.
    set_seed(config.seed)
    looks = Looks(job, writer, panel, rewards, config, held_out, about["prompt"])
    by_id = {one.pair_id: one for one in learned}
    asked = [
        {"prompt": prompt, "pair_id": one.pair_id}
        for one, prompt in zip(learned, prompts_of(learned, panel, about["prompt"]), strict=True)
    ]
    kinds = {"rloo": (RLOOTrainer, RLOOConfig), "grpo": (GRPOTrainer, GRPOConfig)}
    trainer_kind, arguments_kind = kinds[config.method]
    trainer = trainer_kind(
        model=writer.model,
        reward_funcs=rewarding(job, rewards, by_id),
        args=arguments_kind(**arguments(job, config, writer.max_target)),
        train_dataset=Dataset.from_list(asked),
        processing_class=writer.tokenizer,
        callbacks=[WritingWatch(job, shares=(TRAIN_FROM, AFTER_FROM), stage="policy"), looks],
    )
    with out_of_memory_named(f"Halve batch_size (it is {config.batch_size}) or samples."):
        trainer.train()
    looks.restore_best()

    # 4. It becomes a model of its own, and writes the same texts again.
    made = {**about, "settings": asdict(config), "started_from": config.start, "steps": looks.best_step}
    with job.new_model() as folder:
        writer.save(folder, made)
    after = write_all(
        job, writer, prompts, shares=(AFTER_FROM, MEASURE_FROM), told="Writes what it has learned"
    )
    job.progress(MEASURE_FROM, "Measures what was written.")
    leave_report(
        job, panel, tested,
        [System("the model before", "model", tuple(before)),
         System("the rewarded model", "model", tuple(after))],
        rewards,
    )  # fmt: skip


def rewarding(job: RunningJob, rewards: Rewards, by_id: dict[int, Pair]) -> Any:
    """The reward as TRL asks for it: texts, and the pair that each answers."""

    def reward(
        prompts: list[str], completions: list[str], pair_id: list[int], trainer_state: Any = None, **_: Any
    ) -> list[float]:
        pairs, texts = [by_id[one] for one in pair_id], [text.strip() for text in completions]
        parts = rewards.parts(pairs, texts)
        total = rewards.total(parts)
        step = 0 if trainer_state is None else int(trainer_state.global_step)
        tell_step(job, step + 1, pairs, texts, parts, reward=float(total.mean()))
        return [float(value) for value in total]

    return reward


def arguments(job: RunningJob, config: RewardSettings, max_target: int) -> dict[str, Any]:
    """Our settings in TRL's words; beta is what a nat of KL costs, and never 0."""
    return {
        "output_dir": str(job.folder.path / "work"),
        "max_steps": config.steps,
        "per_device_train_batch_size": config.batch_size * config.samples,
        "num_generations": config.samples,
        "max_completion_length": max_target,
        "temperature": config.temperature,
        "beta": config.beta,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": "constant",
        "use_cpu": not torch.cuda.is_available(),
        "bf16": False,
        "dataloader_pin_memory": False,
        "save_strategy": "no",
        "logging_steps": 1,
        "seed": config.seed,
        "disable_tqdm": True,
        "report_to": "none",
    }


if __name__ == "__main__":
    sys.exit(run(train))
