"""What the log of the dashboard says of errors."""

import logging

from domain.errors import WorkbenchError
from domain.text import visible, with_hint


class OursInALine(logging.Filter):
    """An error of ours is expected and becomes a line; a bug keeps its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass, errors of ours without their traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, WorkbenchError):
            told = visible(with_hint(str(error), error.hint))
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args, record.exc_info = "%s", (told,), None
        return True
