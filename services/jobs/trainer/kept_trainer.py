"""What a training that can be paused adds to any Trainer: the best weights at hand, and few checkpoints."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch.utils.data import Sampler
from transformers import PrinterCallback, Trainer, TrainerCallback
from transformers.trainer_pt_utils import get_length_grouped_indices

from services.jobs.process.worker import RunningJob
from services.jobs.trainer.checkpoint_clock import CheckpointClock

Example = dict[str, Any]
Weights = dict[str, torch.Tensor]

BEST_FILE = "best.safetensors"  # in a checkpoint: the best weights so far, where they are not its own


class Pausing(TrainerCallback):  # type: ignore[misc]
    """Ends a training where somebody asked for a pause, once a checkpoint of that very step is whole."""

    def __init__(self, job: RunningJob) -> None:
        """Look whether the folder of this job asks for it."""
        self._job = job

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask for a checkpoint of this step."""
        if self._job.folder.pauser() is not None:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End the job here.

        Raises:
            Paused: somebody asked for it.
        """
        if (Path(args.output_dir) / f"checkpoint-{state.global_step}").exists():
            self._job.pause_if_asked()


class EpochOrder(Sampler):  # type: ignore[misc]
    """The order of the training comments: another in each epoch, the same for the same seed and epoch.

    The Trainer's own grouping draws from the global random numbers, so that a training that goes on in the
    middle of an epoch would see other comments than one that was never broken off.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, *, seed: int, grouped: bool) -> None:
        """`lengths` in tokens; `grouped` puts comments of similar length into a batch."""
        self._lengths, self._batch_size = list(lengths), batch_size
        self._seed, self._grouped, self._epoch = seed, grouped, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer before each epoch, also when it goes on with one."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        draw = torch.Generator().manual_seed(self._seed + self._epoch)
        if self._grouped:
            return iter(get_length_grouped_indices(self._lengths, self._batch_size, generator=draw))
        return iter(torch.randperm(len(self._lengths), generator=draw).tolist())


class KeptTrainer(Trainer):  # type: ignore[misc]
    """A Trainer with the best weights at hand, few checkpoints, and one where a pause asks for it.

    A checkpoint is several times as large as the weights, and the Trainer writes one whenever the model may
    be the best. Here the best weights stay in memory, and a checkpoint is written when its clock says so;
    where the best are older than it, they lie in it beside its own. It goes before Trainers of other
    libraries too: class Ours(KeptTrainer, Theirs).
    """

    def __init__(self, *, job: RunningJob, order: EpochOrder | None = None, **given: Any) -> None:
        """Train.

        Args:
            job: Whose folder asks for a pause; its timer "checkpoints" runs while weights are kept.
            order: Of the examples, which may be set later too; None leaves it to the Trainer.
            given: To the Trainer.
        """
        self._is_pausing: Callable[[], bool] = lambda: job.folder.pauser() is not None
        self.order = order
        self._saving, self._clock = job.timers["checkpoints"], CheckpointClock()
        self._best: Weights | None = None
        self._best_step = -1
        super().__init__(**given)
        self.remove_callback(PrinterCallback)  # what it prints is in metrics.jsonl
        self.add_callback(Pausing(job))

    def keep_best(self) -> None:
        """Keep a copy of the weights as they are: none before were better."""
        with self._saving:
            self._best, self._best_step = copied(self.model), self.state.global_step

    def restore_best(self) -> None:
        """Give the model the best weights back, in a training that keeps them."""
        if self._best is not None:
            with self._saving, torch.no_grad():
                for name, weight in trained_weights(self.model):
                    weight.copy_(self._best[name])

    def _get_train_sampler(self, *given: Any, **named: Any) -> Any:
        return super()._get_train_sampler(*given, **named) if self.order is None else self.order

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        is_best: bool = super()._determine_best_metric(metrics, trial)
        if is_best:
            self.keep_best()
        return is_best

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        if not (self._clock.is_due or self._is_pausing()):
            return
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        with self._saving, self._clock.writing():
            if self._best is not None and self._best_step != self.state.global_step:
                # First: the state of a checkpoint, which makes it whole, comes last.
                folder.mkdir(parents=True, exist_ok=True)
                save_file(self._best, folder / BEST_FILE)
            super()._save_checkpoint(model, trial)
            for other in folder.parent.glob("checkpoint-*"):
                if other != folder:
                    shutil.rmtree(other)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        folder = Path(resume_from_checkpoint)
        if (folder / BEST_FILE).exists():
            self._best = load_file(folder / BEST_FILE)
        else:
            self._best, self._best_step = copied(self.model), int(folder.name.rpartition("-")[2])


def trained_weights(model: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """The weights that learn, by name; with LoRA that is a small part of them."""
    return ((name, weight) for name, weight in model.named_parameters() if weight.requires_grad)


def copied(model: Any) -> Weights:
    """A copy of the weights that learn, in the memory of the processor."""
    return {name: weight.detach().to("cpu", copy=True) for name, weight in trained_weights(model)}
