"""Train a decoder by rewards: RLOO or GRPO, as TRL has them, with KL to the model at the start.

    python -m services.jobs.reward_decoder FOLDER

FOLDER is as for reward_writer: the same rewards, the same judge that looks on, the same stops.
"""

import random
import sys
from dataclasses import asdict
from typing import Any

from datasets import Dataset
from transformers import set_seed
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from domain.pairs import Pair
from services.backends.huggingface import precision_here
from services.generation.settings import RewardSettings
from services.jobs.process.worker import RunningJob, run
from services.jobs.trainer.kept_trainer import KeptTrainer
from services.jobs.writers.dropout import without_dropout
from services.jobs.writers.rewards import Rewards
from services.jobs.writers.writing_looks import Looks, tell_step
from services.jobs.writers.writing_report import prompts_of
from services.jobs.writers.writing_training import (
    AFTER_FROM,
    TRAIN_FROM,
    arguments_of,
    finish,
    fit,
    start_again,
)
from services.jobs.writers.writing_watch import WritingWatch
from services.modelling.settings import read_settings


def train(job: RunningJob) -> None:
    """The whole training, top to bottom."""
    # 1. What to do, with which model, who judges, and what it writes before.
    config = read_settings(RewardSettings, job.spec["settings"])
    start = start_again(job, config.judged, has_encoder=False)
    rewards = Rewards(start.panel, config)
    job.folder.add_event("rewards", message=rewards.told)

    # 2. The training, under the eyes of a judge that gives no reward. Its sources are drawn beforehand, in
    #    the order in which they come: a training that goes on finds its place among them.
    set_seed(config.seed)
    looks = Looks(job, start, rewards, config)
    drawn = random.Random(config.seed).choices(start.learned, k=config.steps * config.batch_size)
    prompts = prompts_of(drawn, start.panel, start.about["prompt"])
    asked = [{"prompt": prompt, "pair_id": one.pair_id} for one, prompt in zip(drawn, prompts, strict=True)]
    trainer_kind, arguments_kind = KINDS[config.method]
    trainer = trainer_kind(
        job=job,
        model=without_dropout(start.writer.model),
        reward_funcs=rewarding(job, rewards, {one.pair_id: one for one in start.learned}),
        args=arguments_kind(**arguments(job, config, start.writer.max_target)),
        train_dataset=Dataset.from_list(asked),
        processing_class=start.writer.tokenizer,
        callbacks=[WritingWatch(job, shares=(TRAIN_FROM, AFTER_FROM), stage="policy"), looks],
    )
    looks.follow(trainer)
    fit(job, trainer, f"Halve batch_size (it is {config.batch_size}) or samples.")
    looks.restore_best()

    # 3. It becomes a model of its own, and writes the same texts again.
    made = {
        **start.about,
        "settings": asdict(config),
        "started_from": config.start,
        "steps": looks.seen.best_step,
    }
    finish(job, start, "the rewarded model", made, rewards)


class KeptRloo(KeptTrainer, RLOOTrainer):  # type: ignore[misc]
    """TRL's RLOO, which can be paused."""


class KeptGrpo(KeptTrainer, GRPOTrainer):  # type: ignore[misc]
    """TRL's GRPO, which can be paused."""


KINDS = {"rloo": (KeptRloo, RLOOConfig), "grpo": (KeptGrpo, GRPOConfig)}


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
        **arguments_of(job, seed=config.seed, learning_rate=config.learning_rate),
        "max_steps": config.steps,
        "per_device_train_batch_size": config.batch_size * config.samples,
        "num_generations": config.samples,
        "max_completion_length": max_target,
        "temperature": config.temperature,
        "beta": config.beta,
        "lr_scheduler_type": "constant",
        "bf16": precision_here(config.precision) == "bf16",
        "dataloader_pin_memory": False,
        "shuffle_dataset": False,
        "logging_steps": 1,
    }


if __name__ == "__main__":
    sys.exit(run(train))
