import json

import pytest

from domain.errors import BackendError, BadInput, Busy, Conflict, NotFound, WorkbenchError, from_dict


@pytest.mark.parametrize("kind", [BadInput, NotFound, Conflict, Busy, BackendError, WorkbenchError])
def test_an_error_crosses_the_socket_unchanged(kind):
    error = kind("Comment 7 is gone.", hint="Reload the page.")
    back = from_dict(json.loads(json.dumps(error.as_dict())))
    assert (type(back), str(back), back.hint) == (kind, "Comment 7 is gone.", "Reload the page.")


def test_an_error_of_an_unknown_class_is_still_an_error_of_ours():
    back = from_dict({"error": "SystemExit", "message": "no", "hint": ""})
    assert type(back) is WorkbenchError


def test_whoever_waits_for_a_conflict_also_catches_busy():
    assert issubclass(Busy, Conflict)


def test_a_backend_error_says_whether_trying_again_makes_sense():
    assert BackendError("429", retryable=True).retryable
    assert not BackendError("401").retryable
