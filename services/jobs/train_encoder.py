"""Train an encoder, such as BERT, on the train split, and predict validation and test with it.

    python -m services.jobs.train_encoder FOLDER

FOLDER holds spec.json and inputs/comments.parquet (comment_id, text, label, split). The script leaves model/,
predictions.parquet, events.jsonl and metrics.jsonl there. Under way it keeps checkpoints in work/; where
work/ holds some already, it goes on from the last whole one.
"""

import json
import math
import platform
import shutil
import statistics
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import torch
import transformers
from transformers import (
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    TrainingArguments,
    set_seed,
)
from transformers.utils import logging

from domain.errors import BackendError
from services.backends.huggingface import (
    FILES,
    HuggingFaceClassifier,
    load,
    out_of_memory_named,
    precision_here,
    save_about,
    save_model,
)
from services.evaluation.comparison import compare, sentence
from services.jobs.encoders.encoder_losses import classification_loss, several_labels_loss
from services.jobs.encoders.lesson import Lesson, order_of, prepare, show_first_batch
from services.jobs.encoders.new_encoder import new_model
from services.jobs.encoders.watch import Watch, headline
from services.jobs.files.answers import write_answers
from services.jobs.opponents.embedding_opponents import EmbeddingOpponents
from services.jobs.opponents.opponents import Opponent, measured_in, train_opponents
from services.jobs.process.folder import write_whole
from services.jobs.process.tracking import track
from services.jobs.process.worker import RunningJob, run
from services.jobs.rows.first_look import check_training_rows, measure, no_validation
from services.jobs.rows.several_labels import training_rows
from services.jobs.trainer.checkpoints import (
    cleared_where_it_fails_again,
    full_disk_named,
    last_whole_checkpoint,
    refuse_full_disk,
)
from services.jobs.trainer.kept_trainer import KeptTrainer
from services.jobs.trainer.pinned_base import pinned_base
from services.modelling.base_models import BaseModel
from services.modelling.settings import EncoderSettings, read_settings

# Where each stage begins, as a share of the whole job.
TOKENS_FROM, OPPONENTS_FROM, TRAIN_FROM, PREDICT_FROM = 0.01, 0.03, 0.07, 0.92

EVALUATED_AT_ONCE = 64

logging.set_verbosity_error()


@dataclass(frozen=True)
class Trained:
    """One seed's model, kept in `folder`, and its answers to the validation comments."""

    seed: int
    folder: Path
    metrics: dict[str, float]
    predicted: list[str]


def train(job: RunningJob) -> None:
    """The whole training, top to bottom."""
    # 1. What to do, and on which comments.
    config = read_settings(EncoderSettings, job.spec["settings"])
    rows, validation = job.comments(["train"]), job.comments(["validation"])
    if job.several is None:
        check_training_rows(rows["label"].to_pylist())
        validation = validation.filter(pc.is_in(validation["label"], pc.unique(rows["label"])))
    if validation.num_rows == 0:
        raise no_validation(job.spec["snapshot_id"])

    # 2. The base model, and the comments as its tokens.
    job.progress(TOKENS_FROM, f"Gets the base model {config.base_model}.")
    config, base = pinned_base(job, config, TOKENS_FROM)
    lesson = prepare(config, base, rows=rows, validation=validation, several=job.several)
    told = f"{base.name}, {base.revision or 'no revision'}, licence {base.licence or 'not told'}"
    job.folder.add_event("base_model", message=f"Trains {told}; at most {lesson.max_length} tokens.")
    show_first_batch(job, config, lesson)

    # 3. What any encoder has to beat, in seconds; some of it stands on the same base, as it is.
    job.progress(OPPONENTS_FROM, "Trains simple models to compare with.")
    new_model(config, base, lesson)  # a damaged one is refused before anything takes time
    on_embeddings = EmbeddingOpponents(base, lesson.tokenizer, lesson.max_length)
    opponents = train_opponents(job, rows, validation, more=on_embeddings)

    # 4. The training, once per seed. What a seed has finished or reached before is not done again.
    #    The best seed on validation is kept; the others are told.
    with cleared_where_it_fails_again(job.folder.path / "work"):
        trained = [train_seed(job, config, base, lesson, number=number) for number in range(config.seeds)]
        kept = max(trained, key=lambda one: one.metrics["macro_f1"])
        refuse_one_answer(kept.predicted, lesson.gold)

    # 5. It becomes the model.
    about = about_model(job, config, base, rows=rows, trained=trained, opponents=opponents)
    with job.new_model() as folder:
        (kept.folder / FILES).rename(folder / FILES)
        save_about(
            folder,
            labels=lesson.labels,
            max_length=lesson.max_length,
            several=lesson.several,
            about={**about, "kept_seed": kept.seed},
        )
    shutil.rmtree(job.folder.path / "work")

    # 6. Its answers to comments that it was not trained on, read back from the disk like any other model's,
    #    and whether it was worth it.
    held_out = job.comments(["validation", "test"])
    write_answers(job, load(job.folder.path / "model"), held_out, from_share=PREDICT_FROM)
    tell_comparison(job, kept, opponents, lesson.gold)
    measure(job, held_out, "validation")
    tell_own_time(job)
    track(job)


def train_seed(
    job: RunningJob,
    config: EncoderSettings,
    base: BaseModel,
    lesson: Lesson,
    *,
    number: int,
) -> Trained:
    """The model of the seed of that number, or what an earlier try has made of it.

    Raises:
        BackendError: the loss overflows or diverges, or memory or disk do not suffice.
        BadInput: the base model is damaged, or the disk is too full for the checkpoints.
    """
    job.pause_if_asked()
    seed = config.seed + number
    folder = job.folder.path / "work" / f"seed-{seed}"
    if (folder / "result.json").exists():
        told = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return Trained(seed, folder, told["metrics"], told["predicted"])
    step = (PREDICT_FROM - TRAIN_FROM) / config.seeds
    watch = Watch(
        job,
        lesson,
        shares=(TRAIN_FROM + number * step, TRAIN_FROM + (number + 1) * step),
        batch_size=config.batch_size,
        told=f", seed {seed}" if config.seeds > 1 else "",
    )
    return fit_seed(job, config, base, lesson, seed=seed, folder=folder, watch=watch)


def fit_seed(
    job: RunningJob,
    config: EncoderSettings,
    base: BaseModel,
    lesson: Lesson,
    *,
    seed: int,
    folder: Path,
    watch: Watch,
) -> Trained:
    """One training in a folder of its own, from the last whole checkpoint there; studies do it too.

    Raises:
        BackendError: the loss overflows or diverges, or memory or disk do not suffice.
        BadInput: the base model is damaged, or the disk is too full for the checkpoints.
    """
    set_seed(seed)
    model = new_model(config, base, lesson)
    refuse_full_disk(job.folder.path, model)
    trainer = KeptTrainer(
        order=order_of(config, lesson, seed),
        job=job,
        model=model,
        args=training_arguments(config, lesson, folder, seed),
        train_dataset=lesson.train,
        eval_dataset=lesson.validation,
        data_collator=DataCollatorWithPadding(lesson.tokenizer),
        compute_loss_func=(several_labels_loss if lesson.several else classification_loss)(
            lesson.weights, config.focal_gamma
        ),
        compute_metrics=watch.compute_metrics,
        callbacks=[watch, *([EarlyStoppingCallback(config.patience)] if config.patience else [])],
    )
    with (
        full_disk_named(folder),
        out_of_memory_named(f"Halve batch_size (it is {config.batch_size}), or lower max_length."),
    ):
        trainer.train(resume_from_checkpoint=last_whole_checkpoint(folder))
        trainer.restore_best()
        with job.timers["checkpoints"]:
            save_trained(trainer, config, lesson)
    return finish_seed(job, trainer, config, lesson, seed=seed)


def training_arguments(config: EncoderSettings, lesson: Lesson, folder: Path, seed: int) -> TrainingArguments:
    """Our settings in the words of the Trainer; every evaluation may bring a checkpoint."""
    steps_per_epoch = math.ceil(len(lesson.train) / config.batch_size)
    every = max(1, math.ceil(steps_per_epoch / config.evaluations_per_epoch))
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=EVALUATED_AT_ONCE,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        warmup_steps=config.warmup,
        optim="adamw_torch_fused",
        bf16=precision_here(config.precision) == "bf16",
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        seed=seed,
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        metric_for_best_model="macro_f1",
        greater_is_better=True,
        restore_callback_states_from_checkpoint=True,
        logging_steps=max(1, min(20, every // 5)),
        logging_first_step=True,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
    )


def save_trained(trainer: KeptTrainer, config: EncoderSettings, lesson: Lesson) -> None:
    """Write the model, in which LoRA's matrices are merged from now on."""
    if config.lora_rank > 0:
        trainer.model = trainer.model.merge_and_unload()
    save_model(Path(trainer.args.output_dir), trainer.model, lesson.tokenizer, max_length=lesson.max_length)


def finish_seed(
    job: RunningJob, trainer: KeptTrainer, config: EncoderSettings, lesson: Lesson, *, seed: int
) -> Trained:
    """Note the model's answers to validation; the checkpoints are removed."""
    folder = Path(trainer.args.output_dir)
    classifier = HuggingFaceClassifier(
        lesson.labels,
        trainer.model,
        lesson.tokenizer,
        max_length=lesson.max_length,
        precision=config.precision,
        several=lesson.several,
    )
    predicted = [str(label) for label in classifier.predict(lesson.asked).labels]
    metrics = headline(measured_in(job, lesson.gold, predicted))
    write_whole(folder / "result.json", json.dumps({"metrics": metrics, "predicted": predicted}))
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    return Trained(seed, folder, metrics, predicted)


def refuse_one_answer(predicted: list[str], gold: list[str]) -> None:
    """Refuse a model that has learned nothing but one label.

    Raises:
        BackendError: every validation comment got the same label, although they have several.
    """
    if len(set(predicted)) == 1 and len(set(gold)) > 1:
        raise BackendError(
            f"The model answers every comment of validation with '{predicted[0]}'.",
            hint="Set class_weight=balanced, train for more epochs, or change learning_rate.",
        )


def about_model(
    job: RunningJob,
    config: EncoderSettings,
    base: BaseModel,
    *,
    rows: pa.Table,
    trained: list[Trained],
    opponents: list[Opponent],
) -> dict[str, Any]:
    """Where the model comes from, for whoever finds its folder."""
    names = list(trained[0].metrics)
    values = {name: [one.metrics[name] for one in trained] for name in names}
    return {
        "snapshot_id": job.spec["snapshot_id"],
        "snapshot_sha256": job.spec["snapshot_sha256"],
        "settings": asdict(config),
        "base_model": {name: value for name, value in asdict(base).items() if name != "folder"},
        "training_rows": dict(sorted(training_rows(job, rows["label"].to_pylist()).items())),
        "trained_at": precision_here(config.precision),
        "seeds": [{"seed": one.seed, **one.metrics} for one in trained],
        "spread": {
            name: {"mean": statistics.mean(each), "stdev": statistics.stdev(each) if len(each) > 1 else None}
            for name, each in values.items()
        },
        "opponents": [
            {name: value for name, value in asdict(one).items() if name != "predicted"} for one in opponents
        ],
        "libraries": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    }


def tell_comparison(job: RunningJob, kept: Trained, opponents: list[Opponent], gold: list[str]) -> None:
    """Say in a sentence whether the encoder beats the simple models on validation.

    Each number against the opponent that is best by it: the most accurate is often not the one with the best
    macro F1, and beating one of two would look like beating both.
    """
    rival = max(opponents, key=lambda one: one.accuracy)
    rights = Counter(
        (before == label, after == label)
        for before, after, label in zip(rival.predicted, kept.predicted, gold, strict=True)
    )
    found = compare(
        both_right=rights[True, True],
        fixed=rights[False, True],
        broken=rights[True, False],
        both_wrong=rights[False, False],
    )
    told = sentence(found, rival.name, "The encoder")
    by_f1 = max(opponents, key=lambda one: one.macro_f1)
    scores = f"Macro F1 {kept.metrics['macro_f1']:.3f}, and {by_f1.macro_f1:.3f} of {by_f1.name}."
    job.folder.add_event("comparison", message=f"{told} {scores}", verdict=found.verdict)


def tell_own_time(job: RunningJob) -> None:
    """Say what of the time went into watching and writing instead of training."""
    own, saving, whole = job.timers["own"].seconds, job.timers["checkpoints"].seconds, job.seconds
    job.folder.add_event(
        "own_time",
        message=f"Of {whole:.1f} s, watching and writing took {own / whole:.1%} and checkpoints "
        f"{saving / whole:.1%}.",
        own_seconds=round(own, 3),
        checkpoint_seconds=round(saving, 3),
        seconds=round(whole, 3),
    )


if __name__ == "__main__":
    sys.exit(run(train))
