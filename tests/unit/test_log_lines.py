import io
import logging

import pytest

from domain.errors import BackendError
from domain.text import sentence, with_hint
from services.log_lines import OursInALine


@pytest.fixture
def log():
    """A logger that does as the dashboard's; what it wrote so far."""
    written = io.StringIO()
    logger = logging.Logger("of a test")
    logger.addHandler(logging.StreamHandler(written))
    logger.addFilter(OursInALine())

    def write(error):
        try:
            raise error
        except Exception as caught:
            logger.error("Uncaught app execution", exc_info=caught)
        return written.getvalue()

    return write


def test_an_error_of_ours_is_a_line_without_traceback(log):
    said = log(BackendError("The key is not accepted", hint="Check the key in OPENAI_API_KEY."))
    assert said == "The key is not accepted. Check the key in OPENAI_API_KEY.\n"


def test_a_bug_keeps_its_traceback(log):
    said = log(ZeroDivisionError("division by zero"))
    assert "Traceback" in said and "ZeroDivisionError: division by zero" in said


@pytest.mark.parametrize(
    ("message", "hint", "said"),
    [
        (
            "(401): the key is not accepted",
            "Check the key.",
            "(401): the key is not accepted. Check the key.",
        ),
        ("Which dataset?", "Give one.", "Which dataset? Give one."),
        ("It is full.", "Make room.", "It is full. Make room."),
        ("Took 3 s and 200 MB", "", "Took 3 s and 200 MB"),
        ("", "Wait.", "Wait."),
    ],
)
def test_a_message_and_its_hint_are_two_sentences(message, hint, said):
    assert with_hint(message, hint) == said


def test_a_sentence_keeps_the_mark_it_ends_with():
    assert [sentence(text) for text in ("a", "a.", "a?", "a…", "")] == ["a.", "a.", "a?", "a…", ""]
