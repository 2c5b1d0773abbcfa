import json
import signal

import pytest

from services.jobs.process.folder import JobFolder
from services.jobs.process.hosted_story import MOST_EVENTS, hosted_checkpoints, provider_events
from services.telling.hosting import events_told
from tests.hostile import HOSTILE

CONTROLS = {chr(code) for code in range(32)} - {"\n"}
ASKED = {"message": "Asks for a job under click-1.", "asked_for": "click-1"}
MADE = {"message": "The provider's job is ftjob-7.", "hosted_job": "ftjob-7"}


@pytest.fixture
def killed(tmp_path):
    """The folder of a job at a provider that was ended by SIGKILL."""
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "provider.json").write_text("{}")
    folder = JobFolder(tmp_path)
    folder.add_event("queued", pid=1)
    folder.add_event("progress", share=0.2, message="Creates the job at the provider.")
    folder.note_exit(-signal.SIGKILL)
    return folder


def test_a_hosted_job_that_was_killed_names_what_may_go_on_at_the_provider(killed):
    killed.add_event("provider", **ASKED)
    killed.add_event("provider", **MADE)
    state = killed.state()
    assert state.name == "died" and "was killed from outside" in state.message
    assert "ftjob-7 may go on there, and cost." in state.message
    assert "Start again takes it over" in state.hint
    assert "batch_size" not in state.hint and "memory" not in state.message


def test_a_hosted_job_whose_end_nobody_saw_names_it_too(killed):
    killed.add_event("provider", **MADE)
    (killed.path / "exit").unlink()  # the dashboard was killed with it
    assert "process is gone" in killed.state().message
    assert "ftjob-7 may go on there, and cost." in killed.state().message


def test_killed_before_the_answer_came_a_job_may_be_there_all_the_same(killed):
    killed.add_event("provider", **ASKED)
    assert "under click-1; it may go on, and cost." in killed.state().message


def test_killed_before_anything_was_asked_for_nothing_goes_on(killed):
    assert killed.state().message.endswith("its last word: Creates the job at the provider.")
    assert "not paid for twice" in killed.state().hint


def test_a_job_that_ended_there_before_does_not_go_on(killed):
    killed.add_event("provider", **MADE)
    killed.add_event("provider", message="It ended there as failed.", hosted_end="failed")
    assert "ftjob-7 has ended" in killed.state().message


def test_what_was_stopped_on_request_says_what_may_go_on_there_too(killed):
    killed.add_event("provider", **MADE)
    (killed.path / "cancel").write_text('{"at": "2026-11-29T10:00:00+00:00", "by": "ana"}')
    state = killed.state()
    assert (state.name, state.message) == (
        "cancelled", "Stopped by ana. The provider's job ftjob-7 may go on there, and cost."
    )  # fmt: skip
    killed.add_event("provider", message="It has made its model.", hosted_end="succeeded")
    assert killed.state().message == "Stopped by ana. The provider's job ftjob-7 has made its model."
    assert "not paid for twice" in killed.state().hint


def test_a_training_on_this_machine_keeps_its_advice(killed):
    (killed.path / "inputs" / "provider.json").unlink()
    assert "memory is full" in killed.state().message and "batch_size" in killed.state().hint
    assert "Creates the job at the provider. A system" in killed.state().message


def test_the_newest_events_come_first_with_the_time_that_the_provider_told(killed):
    killed.add_event("provider", message="Step 1", level="info", told_at=1_700_000_000)
    killed.add_event("provider", message="Oh dear", level="warn", told_at="soon")
    first, second = provider_events(killed.events())
    assert (first["level"], first["message"]) == ("warn", "Oh dear") and first["at"].startswith("20")
    assert second == {"at": "2023-11-14T22:13:20+00:00", "level": "info", "message": "Step 1"}


def test_only_so_many_events_are_told(killed):
    for number in range(MOST_EVENTS + 5):
        killed.add_event("provider", message=f"Step {number}")
    told = provider_events(killed.events())
    assert len(told) == MOST_EVENTS and told[0]["message"] == f"Step {MOST_EVENTS + 4}"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"checkpoints": 3}', '{"checkpoints": [3]}'])
def test_a_model_without_checkpoints_has_none(tmp_path, text):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text(text)
    assert hosted_checkpoints(tmp_path) == []


def test_the_checkpoints_are_those_of_the_model(tmp_path):
    assert hosted_checkpoints(tmp_path) == []
    kept = [{"step": 10, "model": "ft:x:ckpt-step-10", "metrics": {"train_loss": 0.5}}]
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text(json.dumps({"checkpoints": kept}))
    assert hosted_checkpoints(tmp_path) == kept


def test_no_hostile_event_reaches_the_terminal_as_a_control():
    events = [{"at": "2026-11-21", "level": text, "message": text} for text in HOSTILE]
    shown = events_told({"events": events, "checkpoints": [{"step": 1, "model": text} for text in HOSTILE]})
    assert shown and not set(shown) & CONTROLS
