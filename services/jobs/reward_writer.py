"""Train an encoder-decoder by rewards: RLOO, in one script.

    python -m services.jobs.reward_writer FOLDER

FOLDER holds spec.json, inputs/pairs.parquet, inputs/start/ (the writing model to begin with) and, where
classifiers were named, inputs/reward/ and inputs/judge/. The script leaves model/, written.parquet,
report.json, events.jsonl and metrics.jsonl there.

For every source the model draws several answers. Each answer's reward, less what its KL to the model at the
start costs, is compared with the mean of the other answers to the same source; words of better answers become
likelier, those of worse ones rarer. Libraries train no encoder-decoder so.

Source: Ahmadian and others (2024), Back to Basics: Revisiting REINFORCE-Style Optimization, ACL.
"""

import copy
import random
import sys
from dataclasses import asdict
from typing import Any

import torch
from transformers import Seq2SeqTrainer, Seq2SeqTrainingArguments, set_seed

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
    Start,
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
    start = start_again(job, config.judged, has_encoder=True)
    rewards = Rewards(start.panel, config)
    job.folder.add_event("rewards", message=rewards.told)

    # 2. The training, under the eyes of a judge that gives no reward.
    set_seed(config.seed)
    looks = Looks(job, start, rewards, config)
    trainer = RlooTrainer(job=job, start=start, rewards=rewards, config=config, looks=looks)
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


class RlooTrainer(KeptTrainer, Seq2SeqTrainer):  # type: ignore[misc]
    """A Seq2SeqTrainer whose loss comes from answers that the model draws itself."""

    def __init__(
        self, *, job: RunningJob, start: Start, rewards: Rewards, config: RewardSettings, looks: Looks
    ) -> None:
        """Set the loop up; the model at the start is kept beside it, frozen."""
        drawn = random.Random(config.seed).choices(start.learned, k=config.steps * config.batch_size)
        prompts = prompts_of(drawn, start.panel, start.about["prompt"])
        super().__init__(
            job=job,
            model=without_dropout(start.writer.model),
            args=Seq2SeqTrainingArguments(
                **arguments_of(job, seed=config.seed, learning_rate=config.learning_rate),
                max_steps=config.steps,
                per_device_train_batch_size=config.batch_size,
                lr_scheduler_type="constant",
                optim="adamw_torch_fused",
                max_grad_norm=1.0,
                bf16=precision_here(config.precision) == "bf16",
                dataloader_pin_memory=False,
                remove_unused_columns=False,
                logging_steps=5,
            ),
            train_dataset=[
                {"pair": pair, "prompt": prompt} for pair, prompt in zip(drawn, prompts, strict=True)
            ],
            data_collator=list,
            callbacks=[WritingWatch(job, shares=(TRAIN_FROM, AFTER_FROM), stage="policy"), looks],
        )
        self._job, self._writer, self._rewards = job, start.writer, rewards
        self._config, self._looks = config, looks
        self._reference = copy.deepcopy(self.model).eval().requires_grad_(False)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """RLOO: draw k answers to each source, and weigh each by how much better than the others it is."""
        config, writer = self._config, self._writer
        k = config.samples

        # Draw, from the whole distribution; a shortened one would not be what the loss is about.
        batch = writer.batch_of([one["prompt"] for one in inputs])
        with torch.no_grad():
            drawn = model.generate(**batch, **writer.ways(samples=k, temperature=config.temperature))
        answers = drawn[:, 1:]  # without the token that a decoder starts with
        pairs = [one["pair"] for one in inputs for _ in range(k)]
        texts = writer.texts_of(drawn, batch)

        # How likely each word was, to the model and to the model at the start.
        repeated = {name: values.repeat_interleave(k, dim=0) for name, values in batch.items()}
        said = said_mask(answers, model.config.eos_token_id)
        logp, entropy = word_logps(model, repeated, drawn, config.temperature)
        with torch.no_grad():
            logp_start, _ = word_logps(self._reference, repeated, drawn, config.temperature)
        kl = ((logp.detach() - logp_start) * said).sum(dim=1)

        # Reward, less what KL costs; then less the mean of the other answers to the same source.
        parts = self._rewards.parts(pairs, texts)
        reward = torch.tensor(self._rewards.total(parts), dtype=logp.dtype, device=logp.device)
        advantage = leave_one_out(reward - config.beta * kl, k)
        loss = -(advantage * (logp * said).sum(dim=1)).mean()
        self._looks.saw_kl(float(kl.mean()))
        tell_step(
            self._job, self.state.global_step + 1, pairs, texts, parts,
            reward=float(reward.mean()), kl=float(kl.mean()),
            entropy=float((entropy * said).sum() / said.sum()), words=float(said.sum(dim=1).mean()),
        )  # fmt: skip
        return loss


def leave_one_out(rewards: torch.Tensor, k: int) -> torch.Tensor:
    """Each reward less the mean of the other k - 1 answers to the same source, shape (n·k,)."""
    each = rewards.view(-1, k)
    return (each - (each.sum(dim=1, keepdim=True) - each) / (k - 1)).view(-1)


def word_logps(
    model: Any, batch: dict[str, torch.Tensor], drawn: torch.Tensor, temperature: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Log probability of each word after the first, and entropy of its choice, shape (n·k, words) each."""
    logits = model(**batch, decoder_input_ids=drawn[:, :-1]).logits.float() / temperature
    every, answers = logits.log_softmax(dim=-1), drawn[:, 1:]
    entropy = -(every.detach().exp() * every.detach()).sum(dim=-1)
    return every.gather(2, answers.unsqueeze(-1)).squeeze(-1), entropy


def said_mask(answers: torch.Tensor, end: int | list[int]) -> torch.Tensor:
    """1 up to and with the word that ends an answer, 0 after it."""
    ends = torch.isin(answers, torch.tensor(end, device=answers.device))
    return (ends.cumsum(dim=1) - ends.int() == 0).float()


if __name__ == "__main__":
    sys.exit(run(train))
