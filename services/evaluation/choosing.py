"""Choosing a threshold on validation, freezing it, and telling once what it does on test."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.errors import BadInput, NotFound
from domain.people import actor_named
from services.evaluation.class_curves import Ranked, ranked
from services.evaluation.clusters import Clustering, clustering_of, flagging_effects
from services.evaluation.outlook import Outlook, outlook, sentence
from services.evaluation.repair import at_temperature, temperature_of
from services.evaluation.scored import Scored, score_of, scored_run
from services.evaluation.targets import Stability, Target, stability_of, targets_of
from services.evaluation.thresholds import Cut, Effects, Rule, Tally, Traffic, cut_by, rule_of, tally_of
from storage import thresholds as stored
from storage.database import Database
from storage.looks import list_same_test
from storage.misses import count_repaired, count_seen_in_training
from storage.models import get_run, list_runs
from storage.thresholds import Look, NewThreshold, Threshold
from storage.token_counts import get_bodies_table

MAX_WHY_LENGTH = 2_000


@dataclass(frozen=True, eq=False)
class Bench:
    """A validation run made ready for choosing: sorted once, then every threshold is a look-up.

    Attributes:
        order: Places of the comments with a score, highest score first.
        temperature: At which the scores are taken; None where they are as they were.
        seen_in_training: Comments of the run that its model has learned from.
        repaired: Comments whose label somebody changed before the freeze, having read a model's answer there.
        effects: What authors or threads with several of these comments do to the intervals.
    """

    scored: Scored
    unwanted: tuple[str, ...]
    ranked: Ranked
    scores: NDArray[np.float64]
    order: NDArray[np.int64]
    temperature: float | None
    seen_in_training: int
    repaired: int
    effects: Effects


@dataclass(frozen=True)
class Choice:
    """A cut, what it does to the comments it was chosen on, and what it will mean in real traffic."""

    rule: Rule
    cut: Cut
    traffic: Traffic
    tally: Tally
    outlook: Outlook
    sentence: str
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Crossing:
    """A comment next to the threshold, with its frozen label; `is_flagged` says on which side."""

    comment_id: int
    body: str
    gold: str
    score: float
    is_flagged: bool


@dataclass(frozen=True)
class Frozen:
    """A frozen threshold on validation, and on test once it was reported there.

    `looks` counts by whom thresholds were held against its test comments, in whatever snapshot.
    """

    threshold: Threshold
    validation: Choice
    test: Choice | None
    look: Look | None
    looks: dict[str, int]


def bench_of(db: Database, run_id: str, unwanted: Sequence[str], *, repaired: bool = False) -> Bench:
    """A run made ready for choosing a threshold. No label is read of a run that is not on validation.

    Args:
        unwanted: Labels whose scores are summed.
        repaired: Take the scores at the temperature that fits this run.

    Raises:
        NotFound: there is no such run.
        BadInput: the run is not on validation, has no scores, or a label cannot be used.
    """
    run = get_run(db, run_id)
    if run.split != "validation":
        raise BadInput(
            f"{run_id} is on the {run.split} split: a threshold is chosen on validation only.",
            hint="Take the validation run of the model; test is told once, after the threshold is frozen.",
        )
    scored = scored_run(db, run_id)
    temperature = temperature_of(scored) if repaired else None
    scores, positive = _scores(scored, unwanted, temperature)
    known = np.flatnonzero(~np.isnan(scores))
    return Bench(
        scored=scored,
        unwanted=tuple(unwanted),
        ranked=ranked(scores, positive),
        scores=scores,
        order=known[np.argsort(-scores[known], kind="stable")],
        temperature=temperature,
        seen_in_training=count_seen_in_training(db, run_id),
        repaired=count_repaired(db, run_id),
        effects=flagging_effects(clustering_of(db, run_id), unwanted),
    )


def choose(bench: Bench, rule: Rule, traffic: Traffic) -> Choice:
    """The cut that the rule chooses on the run.

    Raises:
        BadInput: no threshold does what the rule asks for.
    """
    cut = cut_by(bench.ranked, rule, traffic)
    return _told(rule, cut, traffic, tally_of(bench.ranked, cut), bench.effects)


def stability(bench: Bench, rule: Rule, traffic: Traffic) -> Stability | None:
    """How far the rule's threshold moves when the comments are redrawn; None where it was set by hand."""
    return stability_of(bench.ranked, rule, traffic)


def crossing(db: Database, bench: Bench, threshold: float, *, count: int = 5) -> list[Crossing]:
    """The comments next to a threshold, highest score first: up to `count` on either side."""
    falling = bench.scores[bench.order]
    place = int(np.searchsorted(-falling, -threshold, side="right"))
    chosen = bench.order[max(0, place - count) : place + count]
    numbers = bench.scored.comment_ids[chosen]
    found = get_bodies_table(db, pa.table({"comment_id": np.sort(numbers)}))
    bodies = dict(zip(found["comment_id"].to_pylist(), found["body"].to_pylist(), strict=True))
    labels = (*bench.scored.run.labels, "(another label)")  # a gold of -1 is the last
    return [
        Crossing(number, bodies[number], labels[gold], score, score >= threshold)
        for number, gold, score in zip(
            numbers.tolist(), bench.scored.gold[chosen], bench.scores[chosen].tolist(), strict=True
        )
    ]


def freeze(db: Database, bench: Bench, rule: Rule, traffic: Traffic, *, why: str, actor: str) -> Threshold:
    """Append the threshold that the rule chooses; it is never changed afterwards.

    Raises:
        BadInput: there is no reason or it is too long, nobody is named, or the rule chooses nothing.
    """
    who, reason, run = actor_named(actor), why.strip(), bench.scored.run
    if not 0 < len(reason) <= MAX_WHY_LENGTH:
        raise BadInput(
            "A threshold is frozen with a reason.",
            hint=f"Say in up to {MAX_WHY_LENGTH:,} characters why it is this one.",
        )
    chosen = choose(bench, rule, traffic)
    threshold = NewThreshold(
        dataset_id=run.dataset_id,
        model_id=run.model_id,
        snapshot_id=run.snapshot_id,
        run_id=run.run_id,
        unwanted=bench.unwanted,
        rule=str(rule),
        upper_score=chosen.cut.upper,
        lower_score=chosen.cut.lower,
        base_rate=traffic.base_rate,
        volume=traffic.volume,
        seconds_per_review=traffic.seconds_per_review,
        temperature=bench.temperature,
        tally=asdict(chosen.tally),
        why=reason,
    )
    return stored.add_threshold(db, threshold, who)


def report_on_test(db: Database, threshold_id: str, *, actor: str) -> Frozen:
    """A frozen threshold with what it does on the test split of its snapshot; the look is recorded.

    A second report tells the recorded one again and counts no look.

    Raises:
        NotFound: there is no such threshold, or its model has not answered the test split.
        BadInput: nobody is named, or the test split has comments of one kind only.
    """
    who, frozen = actor_named(actor), stored.get_threshold(db, threshold_id)
    if stored.find_look(db, threshold_id) is None:
        runs = list_runs(db, model_id=frozen.model_id, snapshot_id=frozen.snapshot_id, split="test")
        if not runs:
            raise NotFound(
                f"{frozen.model_id} has not answered the test split of {frozen.snapshot_id}.",
                hint="Let it predict that split, then report.",
            )
        scored = scored_run(db, runs[0].run_id)
        scores, positive = _scores(scored, frozen.unwanted, frozen.temperature)
        tally = tally_of(ranked(scores, positive), Cut(frozen.upper_score, frozen.lower_score))
        stored.add_look(db, frozen, run_id=runs[0].run_id, tally=asdict(tally), actor=who)
    return _frozen(db, frozen)


def get_frozen(db: Database, threshold_id: str) -> Frozen:
    """One frozen threshold; test is not looked at for it.

    Raises:
        NotFound: there is none of that name.
    """
    return _frozen(db, stored.get_threshold(db, threshold_id))


def list_frozen(db: Database, dataset_id: str | None = None) -> list[Frozen]:
    """The frozen thresholds of a dataset, or of all, newest first; test is not looked at for them."""
    shared = cache(partial(clustering_of, db))  # many thresholds rest on the same few runs
    return [_frozen(db, each, shared) for each in stored.list_thresholds(db, dataset_id)]


def _frozen(
    db: Database, threshold: Threshold, shared: Callable[[str], Clustering | None] | None = None
) -> Frozen:
    look, shared = stored.find_look(db, threshold.threshold_id), shared or partial(clustering_of, db)
    return Frozen(
        threshold=threshold,
        validation=_restated(threshold, threshold.tally, shared(threshold.run_id)),
        test=_restated(threshold, look.tally, shared(look.run_id)) if look else None,
        look=look,
        looks=stored.count_looks(db, list_same_test(db, threshold.snapshot_id)),
    )


def _restated(threshold: Threshold, tally: dict[str, int], shared: Clustering | None) -> Choice:
    """Counts of validation or of test, at the traffic that the threshold was frozen for."""
    traffic = Traffic(threshold.base_rate, threshold.volume, threshold.seconds_per_review)
    cut = Cut(threshold.upper_score, threshold.lower_score)
    effects = flagging_effects(shared, threshold.unwanted)
    return _told(rule_of(threshold.rule), cut, traffic, Tally(**tally), effects)


def _scores(
    scored: Scored, unwanted: Sequence[str], temperature: float | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return score_of(scored if temperature is None else at_temperature(scored, temperature), unwanted)


def _told(rule: Rule, cut: Cut, traffic: Traffic, tally: Tally, effects: Effects) -> Choice:
    day = outlook(tally, traffic, effects)
    return Choice(
        rule=rule,
        cut=cut,
        traffic=traffic,
        tally=tally,
        outlook=day,
        sentence=sentence(day, traffic, has_band=cut.has_band),
        targets=targets_of(rule, tally, traffic, effects),
    )
