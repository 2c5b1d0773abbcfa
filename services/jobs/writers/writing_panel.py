"""The panel that measures what was written: a judge of toxicity, one of meaning, one of fluency."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.pairs import Pair
from services.backends.embedding import Embedder, embedder
from services.backends.registry import load_classifier, read_about
from services.backends.toxicity_judge import LETTERS, WORDS, ToxicityJudge, taught_judge
from services.generation.fluency import FluencyJudge
from services.generation.opponents import best_of, random_deletions, telling_words, trivial
from services.generation.table import System, measured
from services.generation.words import words_of

BEST_OF_DELETIONS = "the best of 8 random deletions"
REFERENCES = "what people wrote"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """Who judges. `reward` is what trainings are rewarded by; `judge` never rewards anything.

    Attributes:
        reward, judge: None where the task has no classifier.
        listed: The words that *delete* takes out.
    """

    task: str
    clean: bool
    reward: ToxicityJudge | None
    judge: ToxicityJudge | None
    fluency: FluencyJudge
    embedder: Embedder
    listed: frozenset[str]

    def source_of(self, pair: Pair) -> str:
        """The source as models get it."""
        return pair.clean_source if self.clean else pair.source

    def references_of(self, pair: Pair) -> tuple[str, ...]:
        """The references that outputs are measured against."""
        return pair.clean_references if self.clean else pair.references

    def measured(self, system: System, pairs: Sequence[Pair], reward: Floats | None = None) -> System:
        """The system with all its numbers; `reward` where a training had one."""
        outputs = list(system.outputs)
        return measured(
            self.task,
            system,
            [self.references_of(one) for one in pairs],
            meaning=self.embedder.cosines(outputs, [[self.source_of(one)] for one in pairs]),
            relevance=None
            if system.kind == "human"
            else self.embedder.cosines(outputs, [self.references_of(one) for one in pairs]),
            fluency=self.fluency(outputs),
            toxicity=self.judge(outputs) if self.judge else None,
            reward=reward,
        )

    def opponents(self, pairs: Sequence[Pair]) -> list[System]:
        """What people wrote, and every opponent that needs no training, not yet measured."""
        sources = [self.source_of(one) for one in pairs]
        found = trivial(self.task, sources, self.listed)
        if self.reward is not None and self.task == "detoxify":
            found[BEST_OF_DELETIONS] = self._best_of_deletions(sources, self.reward)
        human = System(REFERENCES, "human", tuple(self.references_of(one)[0] for one in pairs))
        return [human, *(System(name, "trivial", tuple(texts)) for name, texts in found.items())]

    def _best_of_deletions(self, sources: Sequence[str], reward: ToxicityJudge) -> list[str]:
        """By one less the toxicity that the reward sees, times the share of the words that are left."""

        def worth(texts: list[str], owners: list[int]) -> Floats:
            whole = [max(1, len(words_of(sources[owner]))) for owner in owners]
            kept = np.array([len(words_of(text)) for text in texts]) / whole
            return np.asarray((1 - reward(texts)) * kept, dtype=np.float64)

        return best_of([random_deletions(text) for text in sources], worth)

    @property
    def signatures(self) -> dict[str, str]:
        """How each of them measures."""
        told = {"meaning": self.embedder.signature, "fluency": self.fluency.signature}
        if self.judge is not None:
            told["toxicity"] = f"by {self.judge.name}"
        if self.reward is not None:
            told["reward"] = f"by {self.reward.name}"
        return told


def panel_of(
    task: str,
    training: Sequence[Pair],
    *,
    clean: bool = True,
    reward: Path | None = None,
    judge: Path | None = None,
    unwanted: str | None = None,
    ids: Mapping[str, str] | None = None,
) -> Panel:
    """The panel for a task; of the pairs, only those of the train split teach it anything.

    Without classifiers of the workbench, pairs of the task "detoxify" teach two: each learns from one half of
    them, the one words, the other letters, so that the judge does not share the faults of the reward.

    Args:
        task: One of TASKS.
        training: Pairs of the train split.
        clean: Whether models get the cleaned source.
        reward: Folder of the classifier that rewards.
        judge: Folder of the one that only looks on; without it and with a reward, pairs teach it.
        unwanted: The label that both are asked about.
        ids: Of the models in the two folders, by "reward" and "judge".

    Raises:
        BadInput: a folder holds no classifier with such a label, or the pairs are too few to teach one.
    """
    sides = [
        (one.clean_source if clean else one.source, one.clean_references if clean else one.references)
        for one in training
    ]
    teaches, named = task == "detoxify", ids or {}
    return Panel(
        task=task,
        clean=clean,
        reward=_judge(
            reward, named.get("reward", "a model"), sides[0::2] if teaches else None, WORDS, unwanted
        ),
        judge=_judge(
            judge, named.get("judge", "a model"), sides[1::2] if teaches else None, LETTERS, unwanted
        ),
        fluency=FluencyJudge([text for _, refs in sides for text in refs]),
        embedder=embedder(),
        listed=telling_words([text for text, _ in sides], [text for _, refs in sides for text in refs])
        if teaches
        else frozenset(),
    )


def _judge(
    folder: Path | None,
    model_id: str,
    sides: Sequence[tuple[str, Sequence[str]]] | None,
    looks_at: Sequence[tuple[str, tuple[int, int]]],
    unwanted: str | None,
) -> ToxicityJudge | None:
    """A classifier of the workbench, one taught by pairs, or none."""
    if folder is not None:
        about = read_about(folder)
        name = f"{model_id} ({about.get('name') or about['kind']})"
        return ToxicityJudge(load_classifier(folder), unwanted, name=name)
    if sides is None:
        return None
    taught = taught_judge(
        [source for source, _ in sides], [text for _, refs in sides for text in refs], looks_at=looks_at
    )
    seen = "words" if looks_at == WORDS else "letters"
    return ToxicityJudge(taught, name=f"one that {len(sides):,} pairs taught ({seen})")
