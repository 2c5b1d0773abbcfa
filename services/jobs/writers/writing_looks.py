"""Looks at a training by rewards, by a judge that gives none: they keep the best model and stop in time."""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from transformers import TrainerCallback
from transformers.trainer_callback import ExportableState

from domain.pairs import Pair
from services.generation.settings import RewardSettings
from services.generation.tricks import tricks
from services.jobs.process.worker import RunningJob
from services.jobs.trainer.kept_trainer import KeptTrainer
from services.jobs.writers.rewards import Floats, Rewards
from services.jobs.writers.writing_report import pairs_for, prompts_of
from services.jobs.writers.writing_training import Start

KL_OVER = 10  # steps, over which the KL is averaged
DISAGREES_AFTER = 2  # looks in a row at which the reward rises and the judge's number falls
MARGIN = 0.01  # smaller differences of both are no disagreement


@dataclass
class Seen:
    """What the looks saw so far.

    Attributes:
        best, best_step: What the judge thought of the best model, and the step at which that was.
        before: Reward and the judge's number at the last look before the two began to disagree.
        disagreed: Looks in a row at which the reward rose and the judge's number fell.
    """

    best: float = -1.0
    best_step: int = 0
    before: Sequence[float] | None = None
    disagreed: int = 0

    def saw(self, step: int, reward: float, judged: float) -> bool:
        """Whether the judge never saw a better model; a reward that rises while it sees worse is counted."""
        if self.before is not None:
            worse = judged < self.before[1] - MARGIN and reward > self.before[0] + MARGIN
            self.disagreed = self.disagreed + 1 if worse else 0
        if self.disagreed == 0:
            self.before = (reward, judged)
        is_best = judged > self.best
        if is_best:
            self.best, self.best_step = judged, step
        return is_best


class Looks(TrainerCallback, ExportableState):  # type: ignore[misc]
    """Looks at validation every few steps; the reward must not rise while the judge sees it get worse."""

    def __init__(
        self,
        job: RunningJob,
        start: Start,
        rewards: Rewards,
        config: RewardSettings,
    ) -> None:
        """Look on, at the job's pairs of the validation split."""
        self._job, self._writer, self._panel, self._rewards = job, start.writer, start.panel, rewards
        self._config, self._pairs = config, pairs_for(job, "validation", config.judged)
        self._prompts = prompts_of(self._pairs, start.panel, start.about["prompt"])
        self._kls: deque[float] = deque(maxlen=KL_OVER)
        self._trainer: KeptTrainer | None = None
        self.seen = Seen()
        self.stopped = ""

    def follow(self, trainer: KeptTrainer) -> None:
        """This is who is looked at, and who keeps the best weights."""
        self._trainer = trainer

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of the looks so far."""
        return {"args": {}, "attributes": {"seen": asdict(self.seen), "kls": list(self._kls)}}

    def saw_kl(self, kl: float) -> None:
        """Told the mean KL of an answer at each step, in nats."""
        self._kls.append(kl)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The first look is at the model as it starts; a training that goes on has taken it."""
        if state.global_step == 0:
            self._look(0)
            return
        told = state.stateful_callbacks[type(self).__name__]["attributes"]
        self.seen = Seen(**told["seen"])
        self._kls.extend(told["kls"])

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
        """A trainer that measures KL itself tells it here, per word; the budget is of whole answers."""
        if "kl" in logs:
            self.saw_kl(float(logs["kl"]) * float(logs.get("completions/mean_length", 1.0)))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Look where it is time, and stop where KL has passed its budget or the judge disagrees."""
        step = state.global_step
        kl = float(np.mean(self._kls)) if self._kls else 0.0
        if kl > self._config.kl_budget:
            self._stop(
                control, f"The KL of {kl:.1f} nats passed its budget of {self._config.kl_budget:g}", step
            )
        elif step % self._config.look_every == 0 or step >= state.max_steps:
            self._look(step)
            if self.seen.disagreed >= DISAGREES_AFTER:
                self._stop(control, "The reward rose while the judge saw it get worse, twice in a row", step)

    def restore_best(self) -> None:
        """Give the model the numbers that it had when the judge thought best of it."""
        if self._trainer is not None:
            self._trainer.restore_best()
        self._job.folder.add_event(
            "best_step",
            message=f"Kept is the model of step {self.seen.best_step}: {self.seen.best:.3f} to the judge.",
        )

    def _look(self, step: int) -> None:
        texts = [each[0] for each in self._writer.write(self._prompts)]
        sources = [self._panel.source_of(one) for one in self._pairs]
        reward = float(self._rewards.total(self._rewards.parts(self._pairs, texts)).mean())
        judged = self._judged(sources, texts)
        seen = tricks(sources, texts)
        told = {"toxicity": float(self._panel.judge(texts).mean())} if self._panel.judge else {}
        self._job.metric(
            stage="look", step=step, reward=reward, judged=judged, copied=seen.copied,
            distinct_2=seen.distinct_2, length_ratio=seen.length_ratio, **told,
        )  # fmt: skip
        if self.seen.saw(step, reward, judged) and self._trainer is not None:
            self._trainer.keep_best()

    def _judged(self, sources: list[str], texts: list[str]) -> float:
        """Not toxic, times same meaning, text by text; without a judge, nearness to the references."""
        if self._panel.judge is None:
            wanted = [self._panel.references_of(one) for one in self._pairs]
            return float(self._panel.embedder.cosines(texts, wanted).mean())
        near = self._panel.embedder.cosines(texts, [[one] for one in sources])
        return float(((1 - self._panel.judge(texts)) * near).mean())

    def _stop(self, control: Any, why: str, step: int) -> None:
        control.should_training_stop = True
        self.stopped = why
        self._job.folder.add_event("stopped", message=f"{why}: stopped at step {step}.")


def tell_step(
    job: RunningJob,
    step: int,
    pairs: Sequence[Pair],
    texts: Sequence[str],
    parts: dict[str, Floats],
    **numbers: float,
) -> None:
    """The numbers of one step, for the curves: the parts of the reward, and signs of tricks."""
    seen = tricks([one.clean_source for one in pairs], texts)
    job.metric(
        stage="reward", step=step, copied=seen.copied, distinct_2=seen.distinct_2,
        length_ratio=seen.length_ratio, **{name: float(values.mean()) for name, values in parts.items()},
        **numbers,
    )  # fmt: skip
