"""Train a model to write, from pairs: an encoder-decoder such as Flan-T5, or a decoder alone.

    python -m services.jobs.train_writer FOLDER

FOLDER holds spec.json, inputs/pairs.parquet and, where classifiers were named, inputs/reward/ and
inputs/judge/. The script leaves model/, written.parquet, report.json, events.jsonl and metrics.jsonl there.
The same pairs of the test split are written before and after it, beside opponents that need no training.
Under way it keeps checkpoints in work/; where work/ holds some already, it goes on from the last whole one.
"""

import platform
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any

import torch
import transformers
from peft import LoraConfig, TaskType, get_peft_model
from transformers import (
    DataCollatorForSeq2Seq,
    EarlyStoppingCallback,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    set_seed,
)
from transformers.utils import logging

from services.backends.huggingface import precision_here
from services.backends.writer import Writer, open_writer, parameters_of
from services.generation.asking import asked, own_prompt
from services.generation.settings import WriterSettings
from services.jobs.process.worker import RunningJob, run
from services.jobs.trainer.kept_trainer import EpochOrder, KeptTrainer
from services.jobs.trainer.pinned_base import pinned_base
from services.jobs.writers.writing_panel import Panel
from services.jobs.writers.writing_report import pairs_for, panel_for, prompts_of
from services.jobs.writers.writing_training import (
    AFTER_FROM,
    BASE,
    BASE_FROM,
    TRAIN_FROM,
    Start,
    arguments_of,
    finish,
    fit,
    texts_before,
)
from services.jobs.writers.writing_watch import WritingWatch
from services.modelling.base_models import BaseModel
from services.modelling.settings import read_settings
from services.modelling.tokens.length_counts import PairLengths, TokenizerLengths, lengths_told

logging.set_verbosity_error()


def train(job: RunningJob) -> None:
    """The whole training, top to bottom."""
    # 1. What to do, and on which pairs.
    config = read_settings(WriterSettings, job.spec["settings"])
    learned, held_out = pairs_for(job, "train"), pairs_for(job, "validation")
    tested = pairs_for(job, "test", config.judged)
    body = config.prompt or own_prompt(job.spec["task"]).body
    panel = panel_for(job, learned, clean=config.clean)

    # 2. The base model, of either kind, and how long the texts are for its tokenizer.
    job.progress(BASE_FROM, f"Gets the base model {config.base_model}.")
    config, base = pinned_base(job, config, BASE_FROM)
    writer = open_writer(
        base.folder, name=base.name, max_source=config.max_source, max_target=config.max_target
    )
    lessons = [
        (asked(body, panel.source_of(one)), text) for one in learned for text in panel.references_of(one)
    ]
    checks = [(asked(body, panel.source_of(one)), panel.references_of(one)[0]) for one in held_out]
    tell_lengths(job, writer, lessons)

    # 3. What it writes before it has learned anything.
    prompts = prompts_of(tested, panel, body)
    before = texts_before(job, writer, prompts, BASE)
    start = Start(writer, {}, learned, tested, panel, prompts, (before,))

    # 4. The training: all of its numbers, or small matrices beside them (LoRA), merged at the end.
    set_seed(config.seed)
    if config.lora_rank:
        writer.model = with_lora(writer, config.lora_rank)
    told = parameters_of(writer.model)
    job.folder.add_event(
        "parameters", message=f"Trains {told['trained']:,} of {told['parameters']:,} parameters.", **told
    )
    trainer = (teaches_encoder_decoder if writer.has_encoder else teaches_decoder)(
        job, writer, config, lessons, checks
    )
    trainer.order = EpochOrder(
        [1] * len(trainer.train_dataset), config.batch_size, seed=config.seed, grouped=False
    )
    fit(job, trainer, f"Halve batch_size (it is {config.batch_size}), or set lora_rank=8.")
    if config.patience:
        trainer.restore_best()
    writer.model = trainer.model.merge_and_unload() if config.lora_rank else trainer.model
    if not writer.has_encoder:
        writer.tokenizer.padding_side = "left"

    # 5. It becomes the model, and writes the same texts again.
    finish(job, start, "the trained model", about(job, config, base, panel, body, told))


class EncoderDecoderTrainer(KeptTrainer, Seq2SeqTrainer):  # type: ignore[misc]
    """The Trainer of encoder-decoders, which can be paused."""


def teaches_encoder_decoder(
    job: RunningJob,
    writer: Writer,
    config: WriterSettings,
    lessons: list[tuple[str, str]],
    checks: list[tuple[str, str]],
) -> KeptTrainer:
    """The trainer that teaches to write each target after its source."""
    return EncoderDecoderTrainer(
        job=job,
        model=writer.model,
        args=Seq2SeqTrainingArguments(**arguments(job, config), predict_with_generate=False),
        train_dataset=tokens_of(writer, lessons),
        eval_dataset=tokens_of(writer, checks),
        data_collator=DataCollatorForSeq2Seq(writer.tokenizer, model=writer.model),
        callbacks=callbacks(job, config),
    )


def teaches_decoder(
    job: RunningJob,
    writer: Writer,
    config: WriterSettings,
    lessons: list[tuple[str, str]],
    checks: list[tuple[str, str]],
) -> KeptTrainer:
    """The trainer that teaches to go on from a prompt with its target; the loss counts the target alone."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    class DecoderTrainer(KeptTrainer, SFTTrainer):  # type: ignore[misc]
        """TRL's trainer, which can be paused."""

    def dataset(pairs: list[tuple[str, str]]) -> Dataset:
        return Dataset.from_list([{"prompt": prompt, "completion": f" {target}"} for prompt, target in pairs])

    return DecoderTrainer(
        job=job,
        model=writer.model,
        args=SFTConfig(**arguments(job, config), max_length=config.max_source + config.max_target),
        train_dataset=dataset(lessons),
        eval_dataset=dataset(checks),
        processing_class=writer.tokenizer,
        callbacks=callbacks(job, config),
    )


def arguments(job: RunningJob, config: WriterSettings) -> dict[str, Any]:
    """Our settings in the words of the Trainer; validation is measured once per epoch."""
    return {
        **arguments_of(job, seed=config.seed, learning_rate=config.learning_rate),
        "num_train_epochs": config.epochs,
        "per_device_train_batch_size": config.batch_size,
        "per_device_eval_batch_size": 32,
        "weight_decay": config.weight_decay,
        "warmup_steps": config.warmup,
        "optim": "adamw_torch_fused",
        "bf16": precision_here(config.precision) == "bf16",
        "dataloader_pin_memory": torch.cuda.is_available(),
        "eval_strategy": "epoch",
        "metric_for_best_model": "eval_loss" if config.patience else None,
        "greater_is_better": False,
        "restore_callback_states_from_checkpoint": True,
        "logging_steps": 5,
        "logging_first_step": True,
    }


def callbacks(job: RunningJob, config: WriterSettings) -> list[Any]:
    """The watch, and the stop where validation gets no better."""
    watch = WritingWatch(job, shares=(TRAIN_FROM, AFTER_FROM))
    return [watch, *([EarlyStoppingCallback(config.patience)] if config.patience else [])]


def with_lora(writer: Writer, rank: int) -> Any:
    """The model with small matrices beside its frozen weights."""
    kind = TaskType.SEQ_2_SEQ_LM if writer.has_encoder else TaskType.CAUSAL_LM
    wanted = LoraConfig(
        task_type=kind, r=rank, lora_alpha=2 * rank, lora_dropout=0.05, target_modules="all-linear"
    )
    return get_peft_model(writer.model, wanted)


def tokens_of(writer: Writer, pairs: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Prompts and targets as numbers, cut to their limits."""
    read = writer.tokenizer([prompt for prompt, _ in pairs], truncation=True, max_length=writer.max_source)
    said = writer.tokenizer(
        text_target=[target for _, target in pairs], truncation=True, max_length=writer.max_target
    )
    return [
        {"input_ids": ids, "attention_mask": mask, "labels": labels}
        for ids, mask, labels in zip(
            read["input_ids"], read["attention_mask"], said["input_ids"], strict=True
        )
    ]


def tell_lengths(job: RunningJob, writer: Writer, lessons: list[tuple[str, str]]) -> None:
    """Say how long sources and targets are in the model's tokens, and how many are cut."""
    found = PairLengths(
        *(
            TokenizerLengths.of(Counter(len(ids) for ids in writer.tokenizer(list(texts))["input_ids"]))
            for texts in zip(*lessons, strict=True)
        )
    )
    told = lengths_told(found, max_source=writer.max_source, max_target=writer.max_target)
    job.folder.add_event("lengths", message=f"{len(lessons):,} lessons. {told}")


def about(
    job: RunningJob, config: WriterSettings, base: BaseModel, panel: Panel, body: str, counts: dict[str, int]
) -> dict[str, Any]:
    """Where the model comes from, for whoever finds its folder."""
    return {
        "task": panel.task,
        "prompt": body,
        "clean": config.clean,
        "pair_set_id": job.spec["snapshot_id"],
        "pairs_sha256": job.spec["snapshot_sha256"],
        "settings": asdict(config),
        "base_model": {name: str(value) for name, value in asdict(base).items() if name != "folder"},
        **counts,
        "libraries": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    }


if __name__ == "__main__":
    sys.exit(run(train))
