"""A provider that takes the call and says nothing, or next to nothing, is not waited for all day."""

import socket
import threading
import time
from contextlib import suppress

import pytest

from services.backends.provider import Provider
from services.backends.provider_errors import ProviderError
from services.modelling.hosted.patience import FOR_A_JOB, FOR_A_LIST, FOR_A_QUESTION, Patience, asking
from services.modelling.hosted.providers import ProviderAddress

HANG_S = 20.0


@pytest.fixture
def silent():
    """A server that takes every call and says nothing; its address and how often it was called."""
    calls = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take():
            while True:
                try:
                    calls.append(listener.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield ProviderAddress("mute", f"http://127.0.0.1:{listener.getsockname()[1]}/v1"), calls
        listener.shutdown(socket.SHUT_RDWR)
    for call in calls:
        call.close()


@pytest.fixture
def dripping():
    """A server whose answer comes a byte at a time, for ever."""
    stop = threading.Event()

    def drip(call):
        call.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        with call, suppress(OSError):
            while not stop.wait(0.05):
                call.sendall(b" ")

    def take(listener):
        while not stop.is_set():
            try:
                call = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=drip, args=(call,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=take, args=(listener,), daemon=True).start()
        yield ProviderAddress("drip", f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)


def test_a_mute_provider_is_asked_as_often_as_told_and_then_named(silent):
    address, calls = silent
    with pytest.raises(ProviderError, match="'mute' did not answer in time when listing models") as caught:
        Provider(address, pause=lambda s: None, patience=Patience(0.2, 2, 5.0)).list_models()
    assert caught.value.retryable and caught.value.hint
    assert len(calls) == 2


def test_everything_together_has_an_end_of_its_own(silent):
    address, calls = silent
    with pytest.raises(ProviderError, match="in time"):
        Provider(address, pause=lambda s: None, patience=Patience(HANG_S, 50, 0.3)).list_newest_jobs(10)
    assert len(calls) == 1


def test_an_answer_that_never_ends_is_cut_off(dripping):
    started = time.monotonic()
    with pytest.raises(ProviderError, match="in time"):
        Provider(dripping, patience=Patience(HANG_S, 1, 0.5)).ask("m", [{"role": "user", "content": "?"}], {})
    assert time.monotonic() - started < HANG_S


def test_people_wait_seconds_and_jobs_wait_on():
    assert asking("ours", FOR_A_LIST, "its models") == "Asks ours for its models; waits 20 s at most."
    assert asking("ours", FOR_A_QUESTION) == "Asks ours; waits 30 s at most."
    assert FOR_A_LIST.silence_s == 10 and FOR_A_LIST.tries == 2
    assert FOR_A_JOB.silence_s == 60 and FOR_A_JOB.tries == 4
