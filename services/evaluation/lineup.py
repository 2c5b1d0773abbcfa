"""Any number of runs on the same comments: which is better, and is that more than luck among many looks?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np

from domain.errors import BadInput
from domain.models import Run
from services.evaluation.clusters import clustering_of
from services.evaluation.comparison import ALPHA, FEWEST_DISCORDANT, Comparison, Verdict, compare
from services.evaluation.holm import holm_adjusted
from services.evaluation.intervals import Estimate, Proportion, as_number, percentile_interval
from services.evaluation.joint import Joint, joint_of
from services.evaluation.metrics import report
from storage.database import Database
from storage.lineups import count_joint
from storage.misses import count_seen_in_training
from storage.models import get_model, get_run

MOST_RUNS = 12
MARGIN = 0.01  # of accuracy: how much worse still counts as not worse

NotWorse = Literal["shown", "not shown", "shown to be worse"]


@dataclass(frozen=True)
class Entry:
    """One run among the others, on the comments that all answered.

    Attributes:
        name: Of its model, with the run where two have the same. As it is: show it as text only.
        macro_f1: None where a comment may have several labels.
        seen_in_training: Comments of the whole run that its model had learned from.
    """

    run: Run
    name: str
    accuracy: Proportion
    macro_f1: Estimate | None
    seen_in_training: int


@dataclass(frozen=True)
class Pairing:
    """Two of the runs, the second against the first.

    Attributes:
        counts: As of these two alone.
        p_holm: The exact p-value after Holm's correction for all pairs of the lineup, so that any of them may
            be picked out.
        verdict: By `p_holm`.
        macro_f1: Second minus first, by the paired bootstrap; None where fewer than ten comments are right
            in one of them only, or a comment may have several labels.
    """

    before: Run
    after: Run
    counts: Comparison
    p_holm: float
    verdict: Verdict
    macro_f1: Estimate | None

    def not_worse(self, margin: float) -> NotWorse:
        """Whether the second is shown to be at most so much less accurate (non-inferiority)."""
        gap = self.counts.difference
        if gap.low >= -margin:
            return "shown"
        return "shown to be worse" if gap.high < -margin else "not shown"


@dataclass(frozen=True)
class Lineup:
    """Runs side by side, the most accurate first, and every pair of them.

    Attributes:
        n: Comments that all of them answered under the same frozen label.
        always: The commonest label among these, and the share that always saying it would get right.
        sentence: What may be concluded, with names as they are: show it as text only.
    """

    n: int
    entries: tuple[Entry, ...]
    pairs: tuple[Pairing, ...]
    always: tuple[str, Proportion]
    sentence: str

    def against(self, reference: str) -> dict[str, Pairing]:
        """Each other run, by its id, compared with the reference as the one before."""
        found = {each.after.run_id: each for each in self.pairs if each.before.run_id == reference}
        turned = [_turned(each) for each in self.pairs if each.after.run_id == reference]
        return found | {each.after.run_id: each for each in turned}


def line_up(db: Database, run_ids: Sequence[str]) -> Lineup:
    """The runs on the comments that all of them answered under the same frozen label.

    Raises:
        NotFound: there is no such run.
        BadInput: fewer than two or too many are named, one twice, they share no comment, or only some give
            several labels.
    """
    runs = _runs(db, run_ids)
    counted = count_joint(db, [run.run_id for run in runs])
    if counted.num_rows == 0:
        raise BadInput(
            f"{', '.join(run_ids)} share no comment under the same frozen label.",
            hint="Let all models predict the same split of the same snapshot.",
        )
    answers = [counted[f"a{place}"].to_pylist() for place in range(len(runs))]
    joint = joint_of(counted["gold"].to_pylist(), answers, counted["n"].to_numpy().astype(np.int64))
    entries, pairs = _entries(db, joint, runs), _pairs(joint, runs)
    most = int(np.argmax(joint.support))
    always = joint.labels[most], Proportion(int(joint.support[most]), joint.n)
    found = Lineup(joint.n, entries, pairs, always, "")
    return replace(found, sentence=_sentence(found))


def as_dict(lineup: Lineup, reference: str, margin: float = MARGIN) -> dict[str, Any]:
    """The lineup as JSON can carry it, each run against the reference."""
    pairs, (label, share) = lineup.against(reference), lineup.always
    return {
        "n": lineup.n,
        "reference": reference,
        "margin": margin,
        "sentence": lineup.sentence,
        "always": {"label": label, "accuracy": as_number(share)},
        "models": [
            {
                "run_id": each.run.run_id,
                "model": each.name,
                "accuracy": as_number(each.accuracy),
                "macro_f1": as_number(each.macro_f1),
                "seen_in_training": each.seen_in_training,
                "against_reference": _pair_as_dict(pairs.get(each.run.run_id), margin),
            }
            for each in lineup.entries
        ],
    }


def _pair_as_dict(pair: Pairing | None, margin: float) -> dict[str, Any] | None:
    if pair is None:
        return None
    counts = pair.counts
    return {
        "fixed": counts.fixed,
        "broken": counts.broken,
        "difference": as_number(counts.difference),
        "p_value": counts.p_value,
        "mid_p": counts.mid_p,
        "p_holm": pair.p_holm,
        "verdict": pair.verdict,
        "macro_f1_difference": as_number(pair.macro_f1),
        "not_worse": pair.not_worse(margin),
    }


def _runs(db: Database, run_ids: Sequence[str]) -> list[Run]:
    different = len(set(run_ids))
    if not 2 <= different == len(run_ids) <= MOST_RUNS:
        raise BadInput(
            f"{len(run_ids)} runs, {different} of them different, cannot stand side by side.",
            hint=f"Name 2 to {MOST_RUNS} runs, each once.",
        )
    runs = [get_run(db, run_id) for run_id in run_ids]
    if len({run.several for run in runs}) > 1:
        raise BadInput(
            "Only some of these runs give several labels: they cannot stand side by side.",
            hint="Choose runs of one dataset.",
        )
    return runs


def _entries(db: Database, joint: Joint, runs: Sequence[Run]) -> tuple[Entry, ...]:
    models = [get_model(db, run.model_id).name for run in runs]
    found = []
    for place, (run, model) in enumerate(zip(runs, models, strict=True)):
        numbers, shared = report(joint.table(place)), clustering_of(db, run.run_id)
        if shared:
            numbers = shared.over(numbers)
        found.append(
            Entry(
                run=run,
                name=model if models.count(model) == 1 else f"{model} ({run.run_id})",
                accuracy=numbers.accuracy,
                macro_f1=None if run.several else numbers.macro_f1,
                seen_in_training=count_seen_in_training(db, run.run_id),
            )
        )
    return tuple(sorted(found, key=lambda each: -each.accuracy.value))


def _pairs(joint: Joint, runs: Sequence[Run]) -> tuple[Pairing, ...]:
    places = list(combinations(range(len(runs)), 2))
    counts = [joint.pair(before, after) for before, after in places]
    adjusted = holm_adjusted([each.p_value for each in counts]).tolist()
    gaps = _macro_f1_gaps(joint, places, counts) if not runs[0].several else [None] * len(places)
    return tuple(
        Pairing(runs[before], runs[after], each, p_holm, _verdict(each, p_holm), gap)
        for (before, after), each, p_holm, gap in zip(places, counts, adjusted, gaps, strict=True)
    )


def _macro_f1_gaps(
    joint: Joint, places: Sequence[tuple[int, int]], counts: Sequence[Comparison]
) -> list[Estimate | None]:
    """A bootstrap of a handful of differing comments would claim certainty: then there is no gap."""
    values = [report(joint.table(model), resamples=1).macro_f1.value for model in range(len(joint.said))]
    draws = joint.resampled_macro_f1()
    return [
        percentile_interval(values[after] - values[before], draws[after] - draws[before])
        if each.fixed + each.broken >= FEWEST_DISCORDANT
        else None
        for (before, after), each in zip(places, counts, strict=True)
    ]


def _verdict(counts: Comparison, p_holm: float) -> Verdict:
    if counts.fixed + counts.broken < FEWEST_DISCORDANT or p_holm >= ALPHA:
        return "not decidable"
    return "better" if counts.fixed > counts.broken else "worse"


def _turned(pair: Pairing) -> Pairing:
    """The same pair the other way round."""
    now, gap = pair.counts, pair.macro_f1
    counts = compare(both_right=now.both_right, fixed=now.broken, broken=now.fixed, both_wrong=now.both_wrong)
    return Pairing(
        before=pair.after,
        after=pair.before,
        counts=counts,
        p_holm=pair.p_holm,
        verdict=_verdict(counts, pair.p_holm),
        macro_f1=None if gap is None else Estimate(-gap.value, -gap.high, -gap.low),
    )


def _sentence(lineup: Lineup) -> str:
    best, *others = lineup.entries
    pairs = lineup.against(best.run.run_id)
    beaten = [each.name for each in others if pairs[each.run.run_id].verdict == "worse"]
    level = [each.name for each in others if pairs[each.run.run_id].verdict != "worse"]
    told = f"On the same {lineup.n:,} comments {best.name} is right most often: {best.accuracy.value:.3f}."
    if beaten:
        told += f" That is better than {_listed(beaten)} beyond what chance explains."
    if level:
        told += f" It cannot be told from {_listed(level)}."
    label, share = lineup.always
    told += f" Always saying “{label}” would be right on {share.value:.3f}."
    tests = len(lineup.pairs)
    return f"{told} Corrected for all {tests} comparisons (Holm)." if tests > 1 else told


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
