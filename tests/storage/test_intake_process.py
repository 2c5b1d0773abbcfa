"""The child process: its limits, its end, and what is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from domain.errors import BadInput, Conflict
from storage.intake import parent
from storage.intake.parent import count_labels, look_at, parse
from tests.storage.intake_files import parsed, written


@pytest.fixture
def many_rows(tmp_path: Path) -> Path:
    return written(tmp_path, "id,text\n" + "".join(f"{n},row number {n} of many\n" for n in range(400_000)))


def test_progress_comes_and_the_parts_are_timed(many_rows: Path):
    told: list[tuple[int, float]] = []
    into = many_rows.parent / "parsed"
    into.mkdir()
    result = parse(many_rows, into, columns={"text": "text"}, on_progress=lambda *now: told.append(now))
    assert result.row_count == 400_000
    assert len(result.sha256) == 64
    assert set(result.seconds) == {"parse", "sketch", "write"}
    assert told == sorted(told) and 0 < told[-1][1] <= 1


def test_a_cancelled_import_ends_at_once_and_leaves_nothing(many_rows: Path):
    into = many_rows.parent / "parsed"
    into.mkdir()
    seen: list[int] = []
    started = time.monotonic()
    with pytest.raises(Conflict, match="cancelled"):
        parse(
            many_rows,
            into,
            columns={"text": "text"},
            on_progress=lambda rows, share: seen.append(rows),
            is_cancelled=lambda: bool(seen),
        )
    assert time.monotonic() - started < 10
    assert list(into.iterdir()) == []


def test_a_child_out_of_memory_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = written(tmp_path, "text\n" + "y" * 31_000_000 + "\n")
    monkeypatch.setitem(parent._LIMITS, "memory_bytes", 10)
    with pytest.raises(BadInput, match="memory"):
        look_at(path)


def test_a_child_that_takes_too_long_is_ended(many_rows: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parent, "_PARSE_WALL_S", 0.5)
    with pytest.raises(BadInput, match="took more than"):
        parsed(many_rows, text="text")


def test_a_child_out_of_processor_time_is_bad_input(many_rows: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(parent._LIMITS, "cpu_s", 1)
    with pytest.raises(BadInput, match="ended before it was done"):
        parsed(many_rows, text="text")


def test_a_file_too_large_to_write_is_bad_input(many_rows: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(parent._LIMITS, "file_bytes", 100_000)
    with pytest.raises(BadInput, match="too large"):
        parsed(many_rows, text="text")


def test_an_unknown_field_or_no_text_is_refused(tmp_path: Path):
    path = written(tmp_path, "a\nb\n")
    with pytest.raises(BadInput, match="No column is chosen"):
        parsed(path, label="a")
    with pytest.raises(BadInput, match="no field colour"):
        parsed(path, text="a", colour="a")


def test_the_child_dies_with_its_parent(many_rows: Path):
    into = many_rows.parent / "parsed"
    into.mkdir()
    program = (
        "import sys; from pathlib import Path; from storage.intake.parent import parse\n"
        "parse(Path(sys.argv[1]), Path(sys.argv[2]), columns={'text': 'text'},"
        " on_progress=lambda *now: print('working', flush=True))"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, many_rows, into], stdout=subprocess.PIPE, cwd=parent._ROOT
    )
    assert owner.stdout is not None and owner.stdout.readline() == b"working\n"
    children = Path(f"/proc/{owner.pid}/task/{owner.pid}/children").read_text().split()
    assert children
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    end = time.monotonic() + 5
    while any(Path(f"/proc/{child}/status").exists() and _is_running(child) for child in children):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_child_sees_none_of_our_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert "OPENAI_API_KEY" not in parent._environment()
    assert "PATH" in parent._environment() or "PATH" not in os.environ


def _is_running(process: str) -> bool:
    status = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return status not in ("Z", "X")


def test_label_values_are_counted_over_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("text,class\n" + "good,0\n" * 30 + "bad,1\n" * 3 + "odd,\n", encoding="utf-8")
    assert count_labels(path, columns={"text": "text", "label": "class"}) == {"0": 30, "1": 3}
