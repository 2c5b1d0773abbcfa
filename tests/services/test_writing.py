"""Pairs, trainings, texts and ratings through the launcher, as the command line and the page do it."""

import math

import pytest

from domain.errors import BadInput, NotFound
from domain.pairs import Pair
from services.curation.datasets import create_dataset
from services.generation.asking import asked_whole
from services.generation.pairs import get_pair_set, keep_pairs
from services.generation.preferences import preferences_of, worth
from services.generation.ratings import Rating, agreement_of, blind_texts, list_ratings, rate, rated_systems
from services.generation.settings import RewardSettings, WriterSettings, WriteSettings
from services.generation.training import list_writers, train_writer, write
from services.generation.written import (
    SideBySide,
    WrittenText,
    differences,
    get_report,
    ordered,
    orders_of,
    side_by_side,
)
from services.jobs.managing import launch
from services.jobs.managing.carried import carry_numbers
from services.jobs.process.folder import JobFolder
from services.modelling.models import get_model
from services.telling.generation import score_told
from services.verbs.running import run_verb
from tests.waiting import done
from tests.writer.conftest import PROMPT, detox_pairs, tiny_decoder, tiny_t5  # noqa: F401 - fixtures

SHORT = {"epochs": 1, "batch_size": 32, "prompt": PROMPT, "max_target": 12, "precision": "fp32", "judged": 12}


@pytest.fixture
def kids(db):
    return create_dataset(db, "kids", ("allow", "disallow"), actor="ana").dataset_id


@pytest.fixture
def pairs(db, kids, tmp_path):
    rows = [f"{one.source}\t{one.references[0]}\t{one.split}" for one in detox_pairs(160)]
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join(["source\treference\tsplit", *rows]), encoding="utf-8")
    return keep_pairs(db, kids, path, task="detoxify", actor="ana").pair_set_id


@pytest.mark.slow
def test_a_model_is_trained_asked_and_rated(db, pairs, tiny_t5):  # noqa: F811
    job = done(
        db, train_writer(db, pair_set_id=pairs, settings={**SHORT, "base_model": str(tiny_t5)}, actor="ana")
    )
    assert list_writers(db, "kids") == ["model-1"]
    model = get_model(db, "model-1")
    assert (model.backend, model.labels, model.name) == ("writer", (), "t5 by pairs on pairs-1")
    report = run_verb(db, "written", {"job": job.job_id, "system": "the trained model"}, lambda *_: None)
    assert report["report"]["n"] == 12 and len(report["texts"]) == 10
    assert report["report"]["verdicts"][-1].startswith(
        "The trained model does not beat “delete the toxic words”"
    )
    asked = {"model": "model-1", "shots": 2, "judged": 12}
    wrote = done(db, write(db, pair_set_id=pairs, settings=asked, actor="ben"))
    found = side_by_side(db, wrote.job_id)
    systems = [one.system for one in found[0].texts if one.kind == "model"]
    assert systems == ["model-1, 2-shot"]

    # What people say of it: blind, appended, the newest counts.
    first = found[0].pair.pair_id
    human = "what people wrote"
    said = [Rating(first, human, 5, 5, True, False), Rating(first, systems[0], 1, 2, False, True)]
    assert rate(db, wrote.job_id, said, actor="ana") == 2
    rate(db, wrote.job_id, [Rating(first, human, 4, 5, True, False)], actor="ana")
    rate(db, wrote.job_id, [Rating(first, human, 4, 4, True, False)], actor="ben")
    kept = list_ratings(db, pair_set_id=pairs, job_id=wrote.job_id)
    assert len(kept) == 3
    assert rated_systems(kept)[0].system == systems[0] or rated_systems(kept)[1].relevance == 4
    assert set(agreement_of(kept)) == {"relevance", "fluency", "same_meaning", "toxic"}
    [preferred] = preferences_of(db, pairs)
    assert preferred == {
        "pair_id": first, "chosen": found[0].of(human).text, "rejected": found[0].of(systems[0]).text,
    }  # fmt: skip
    letters = blind_texts(found[0], [human, systems[0]], actor="ana")
    assert letters == blind_texts(found[0], [human, systems[0]], actor="ana")
    assert {letter for letter, _, _ in letters} == {"A", "B"}
    with pytest.raises(BadInput, match="no text of 'nobody'"):
        rate(db, wrote.job_id, [Rating(first, "nobody", 1, 1, True, True)], actor="ana")
    with pytest.raises(BadInput, match="off the scale"):
        rate(db, wrote.job_id, [Rating(first, human, 6, 1, True, True)], actor="ana")
    with pytest.raises(BadInput, match="preferred one of two texts 1 times"):
        train_writer(db, pair_set_id=pairs, by="preferences", settings={"start": "model-1"}, actor="ana")
    worst = ordered(found, human, "worst")
    assert [one.of(human).joint for one in worst] == sorted(one.of(human).joint for one in found)
    assert get_report(db, wrote.job_id)["job_id"] == wrote.job_id


def test_lengths_in_tokens_are_told_before_a_training(db, pairs, tiny_t5):  # noqa: F811
    counts = get_pair_set(db, pairs).counts
    given = {"pairs": pairs, "base": str(tiny_t5), "settings": {"prompt": PROMPT, "max_source": 9}}
    told = run_verb(db, "estimate", given, lambda *_: None)
    # Two words of the prompt, seven of the source, and the end; six of the target, and the end.
    assert (told["sources"]["p50"], told["sources"]["p100"], told["targets"]["p99"]) == (10, 10, 7)
    assert told["sources"]["cut"] == told["sources"]["texts"] == counts["train"]
    assert (told["targets"]["cut"], told["targets"]["histogram"][0][2]) == (0, counts["train"])
    assert told["steps"] == 3 * math.ceil(counts["train"] / 16)
    shown = run_verb(db, "pairs", {"pairs": pairs, "base": str(tiny_t5)}, lambda *_: None)
    assert shown["lengths"]["sources"]["p50"] > 10  # with the task's own words
    with pytest.raises(NotFound, match="owner/model is not on this machine yet"):
        run_verb(db, "pairs", {"pairs": pairs, "base": "owner/model"}, lambda *_: None)


def test_a_training_to_write_that_goes_on_takes_its_numbers_along(tmp_path):
    before, after = (JobFolder(tmp_path / name) for name in ("before", "after"))
    (before.path / "work" / "checkpoint-3").mkdir(parents=True)
    (before.path / "work" / "checkpoint-3" / "trainer_state.json").write_text('{"global_step": 3}')
    after.path.mkdir()
    for step in range(6):
        before.add_metric({"seconds": step, "stage": "look" if step == 0 else "reward", "step": step})
    carry_numbers(before, after, {"steps": 40})
    assert [(one["stage"], one["step"]) for one in after.metrics()] == [
        ("look", 0), ("reward", 1), ("reward", 2), ("reward", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("by", "settings", "error"),
    [
        ("magic", {}, "no training by 'magic'"),
        ("reward", {}, "With which model does the training begin"),
        ("reward", {"start": "model-9"}, "no model 'model-9'"),
        ("pairs", {"epochs": 0}, "epochs is 0"),
        ("pairs", {"epochs": True}, "epochs is True"),
        ("pairs", {"colour": "red"}, "no setting 'colour'"),
        ("pairs", {"prompt": "no place"}, "names {source} 0 times"),
        ("pairs", {"base_model": "../evil"}, "neither the whole path"),
    ],
)
def test_a_training_that_cannot_be_is_refused_before_it_starts(db, pairs, by, settings, error):
    with pytest.raises((BadInput, NotFound), match=error):
        train_writer(db, pair_set_id=pairs, by=by, settings=settings, actor="ana")


def test_a_version_of_the_prompt_is_trained_with_and_must_be_there(db, pairs, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "start_process", lambda *_: None)
    (tmp_path / "prompt.txt").write_text("so {source} :\n")
    said = {"dataset": "kids", "task": "detoxify", "path": str(tmp_path / "prompt.txt"), "actor": "ana"}
    run_verb(db, "prompt", said, lambda *_: None)
    asked = {"actor": "ana", "pairs": pairs, "base": "owner/model", "prompt": 1}
    assert run_verb(db, "train", asked, lambda *_: None)["spec"]["settings"]["prompt"] == "so {source} :"
    with pytest.raises(NotFound, match="no version 2 of the prompt"):
        run_verb(db, "train", {**asked, "prompt": 2}, lambda *_: None)


def test_pairs_without_a_split_that_is_needed_are_refused_at_once(db, kids, tmp_path):
    rows = "\n".join(["source\treference\tsplit", *(f"{chr(97 + n)} bad\tgood {n}\ttest" for n in range(20))])
    (tmp_path / "p.tsv").write_text(rows)
    kept = keep_pairs(db, kids, tmp_path / "p.tsv", task="reply", actor="ana").pair_set_id
    with pytest.raises(BadInput, match="holds no pair of the train and the validation split"):
        train_writer(db, pair_set_id=kept, settings={"base_model": "owner/model"}, actor="ana")


def test_a_task_other_than_that_of_the_pairs_is_refused(db, pairs):
    with pytest.raises(BadInput, match="teaches to detoxify, not to reply"):
        train_writer(db, pair_set_id=pairs, task="reply", actor="ana")
    arguments = {"actor": "ana", "pairs": pairs, "snapshot": "snapshot-1"}
    with pytest.raises(BadInput, match="trained on pairs alone"):
        run_verb(db, "train", arguments, lambda *_: None)


@pytest.mark.parametrize(
    ("kind", "given", "error"),
    [
        (RewardSettings, {"style": 0.0, "meaning": 0.0, "fluency": 0.0, "length": 0.0}, "weight 0"),
        (RewardSettings, {"beta": 0.0}, "beta is 0.0"),  # without KL control nothing holds it
        (RewardSettings, {"temperature": 0.0}, "temperature is 0"),
        (WriteSettings, {"max_source": 12.5}, "max_source is 12.5"),
        (RewardSettings, {"meaning_by": "magic"}, "meaning_by is 'magic'"),
        (WriteSettings, {"best_of": 4}, "wants a temperature"),
        (WriterSettings, {"clean": "yes"}, "clean is 'yes'"),
        (WriterSettings, {"base_model": 3}, "base_model is 3"),
    ],
)
def test_settings_out_of_their_limits_are_refused_by_name(kind, given, error):
    with pytest.raises(BadInput, match=error):
        kind(**given)


def test_the_words_that_went_and_came_are_told_in_reading_order():
    assert differences("you stupid man", "you kind man today") == [
        ("same", "you"), ("gone", "stupid"), ("new", "kind"), ("same", "man"), ("new", "today"),
    ]  # fmt: skip


def test_examples_that_do_not_fit_are_dropped_whole_and_the_question_stays():
    shots = [("one two", "1 2"), ("three four", "3 4"), ("five six", "5 6")]

    def fits(prompt):
        return len(prompt.split()) <= 13

    assert asked_whole("ask: {source} :", "seven eight", shots, fits) == (
        "ask: one two : 1 2\n\n\nask: seven eight :", 2,
    )  # fmt: skip
    assert asked_whole("ask: {source} :", "long " * 20, shots, fits) == (f"ask: {'long ' * 20} :", 3)
    assert asked_whole("ask: {source} :", "seven", shots[:1], fits)[1] == 0


def test_texts_are_ordered_by_the_measure_of_their_task():
    found = [
        SideBySide(
            Pair(n, "a", ("b",), "test", "a", ("b",)),
            (WrittenText("m", "model", "t", None, near, None, worth),),
        )
        for n, near, worth in ((1, 0.9, 0.1), (2, 0.2, 0.8))
    ]
    assert [one.pair.pair_id for one in ordered(found, "m", "worst")] == [1, 2]
    assert [one.pair.pair_id for one in ordered(found, "m", "best")] == [2, 1]
    assert "meaning lost" in orders_of("summarise") and "meaning lost" not in orders_of("reply")


def test_the_terminal_tells_rows_that_were_not_scored():
    answer = {"refused": [[4, "No 'reference' says anything."]], "systems": [], "comparisons": [],
              "verdicts": [], "signatures": {}, "n": 3}  # fmt: skip
    assert score_told(answer).splitlines()[0] == "row 4 refused: No 'reference' says anything."


def test_what_people_like_is_polite_of_the_same_meaning_and_fluent():
    best, worst = Rating(1, "a", 5, 5, True, False), Rating(1, "b", 1, 1, False, True)
    assert (worth(best), worth(worst)) == (1.0, 0.0)
    assert worth(Rating(1, "c", 5, 5, True, True)) == 0.75
