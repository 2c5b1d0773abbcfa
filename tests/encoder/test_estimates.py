import json

import pytest

from domain.errors import BackendError, BadInput
from services.curation.snapshots import take_snapshot
from services.jobs.probe_encoder import mean_seconds, spread_of
from services.modelling import probing
from services.modelling.estimates import duration, estimated, sentence
from services.modelling.probing import cancel_probe, estimate, find_probe, start_probe
from services.modelling.settings import EncoderSettings
from tests.stored_jobs import ready_to_train
from tests.waiting import until

pytestmark = pytest.mark.slow

PROBE = {
    "train_rows": 1_000, "validation_rows": 100, "answered_rows": 200, "max_length": 64,
    "load_seconds": 8.0, "step_seconds": 0.5, "step_spread": 0.1, "evaluation_seconds": 3.0,
    "checkpoint_seconds": 1.0, "opponents_seconds": 10.0, "memory_mb": 1_400, "gpu_memory_mb": None,
    "disk_bytes": 1_100_000_000, "precision": "fp32", "threads": 2,
}  # fmt: skip


@pytest.fixture
def taken(db):
    ready_to_train(db)
    return take_snapshot(db, "kids", actor="ana", split_mode="stratified").snapshot_id


def silent(*_):
    pass


def test_a_real_probe_tells_time_memory_and_disk_and_is_asked_once(db, taken, tiny_base, monkeypatch):
    told = []
    settings = {"base_model": str(tiny_base), "batch_size": 8}
    found = estimate(db, taken, "quick-look", settings, progress=lambda what, share: told.append(what))
    assert 0 < found.low_seconds < found.seconds < found.high_seconds < 600
    assert found.memory_mb > 100 and 0 < found.disk_bytes < 10_000_000 < found.disk_free_bytes
    assert found.steps == 12 and told

    monkeypatch.setattr(probing, "start_beside", None)  # nothing is tried again
    longer = estimate(db, taken, "solid", settings, progress=silent)
    assert longer.steps == 4 * found.steps and longer.seconds > found.seconds
    assert find_probe(db, taken, "solid", {**settings, "batch_size": 16}).state is None


def test_a_probe_can_be_stopped(db, taken, tiny_base):
    settings = {"base_model": str(tiny_base)}
    start_probe(db, taken, "quick-look", settings)
    cancel_probe(db, taken, "quick-look", settings, actor="ana")
    until(lambda: find_probe(db, taken, "quick-look", settings).state.is_over, "the end of the probe")
    probe = find_probe(db, taken, "quick-look", settings)
    assert (probe.state.name, probe.state.message, probe.estimate) == ("cancelled", "Stopped by ana.", None)


def test_a_base_that_was_not_fetched_is_told_and_nothing_is_downloaded(db, taken):
    with pytest.raises(BackendError, match="owner/model is not on this machine yet, and") as refused:
        estimate(db, taken, "quick-look", {"base_model": "owner/model"}, progress=silent)
    assert str(refused.value).count("tried") == 1
    assert "A training fetches it first" in refused.value.hint and "'minilm'" in refused.value.hint


def test_a_recipe_without_an_encoder_has_nothing_to_try(db, taken):
    with pytest.raises(BadInput, match="'baseline' trains no encoder"):
        estimate(db, taken, "baseline", progress=silent)


def test_the_arithmetic_is_that_of_the_recipe():
    # 32 steps an epoch, measured every 16: 2 epochs are 64 steps and 4 evaluations. They and one more of the
    # best take 47 s, and checkpoints of one second 2 % of that after the first.
    config = EncoderSettings(epochs=2)
    found = estimated(PROBE, config, free=20_000_000_000)
    assert found.steps == 64
    assert found.seconds == pytest.approx(8 + 10 + (64 * 0.5 + 4 * 3 + 3) + (1 + 0.02 * 47) + 6)
    three = estimated(PROBE, EncoderSettings(epochs=2, seeds=3), free=0)
    assert three.seconds - found.seconds == pytest.approx(2 * (47 + 1 + 0.02 * 47))
    patient = estimated(PROBE, EncoderSettings(epochs=2, patience=1), free=0)
    assert patient.seconds == found.seconds
    assert patient.low_seconds == pytest.approx(0.75 * (8 + 10 + 25 + (1 + 0.02 * 25) + 6))


def test_the_sentence_has_every_number():
    assert sentence(estimated(PROBE, EncoderSettings(epochs=2), free=20_000_000_000)) == (
        "About 75 s (55 s to 2 min), 1.4 GB of memory, 1.1 GB of disk for checkpoints (20.0 GB are free); "
        "64 steps in fp32, comments cut at 64 tokens."
    )
    assert [duration(seconds) for seconds in (1, 89, 100, 5_000, 9_000)] == [
        "5 s", "90 s", "2 min", "83 min", "2.5 h",
    ]  # fmt: skip


def test_time_grows_with_the_tokens_of_a_batch_and_noise_does_not_turn_that_round():
    batches = [[{"input_ids": [0] * length}] * 4 for length in (5, 10, 20)]
    timed = [(tokens, 0.1 + 0.01 * tokens) for tokens in (20, 40, 80)]
    assert mean_seconds(timed, batches) == pytest.approx(0.1 + 0.01 * (20 + 40 + 80) / 3)
    assert mean_seconds([(20, 3.0), (40, 2.0), (80, 1.0)], batches) == pytest.approx(6 / 140 * 140 / 3)
    assert spread_of([(10, 1.0)] * 8) == 0.0


def test_a_probe_leaves_only_numbers(db, taken, tiny_base):
    settings = {"base_model": str(tiny_base)}
    estimate(db, taken, "quick-look", settings, progress=silent)
    [folder] = (db.home / "estimates").iterdir()
    told = json.loads((folder / "probe.json").read_text())
    assert told["train_rows"] == 96 and told["step_seconds"] > 0
    assert not list(folder.glob("checkpoint*"))
