"""Payloads that tell a model what to answer, and how they are put around a comment."""

import base64
import codecs
from dataclasses import dataclass
from pathlib import Path

from domain.errors import BadInput
from domain.text import shortened
from services.evaluation.suites import cell_text, csv_rows

PAYLOADS_FILE = Path(__file__).resolve().parents[2] / "samples" / "injections.csv"
CONTROL = "harmless filler"  # what only dilutes a comment; it is shown, but is no injection
_COMMENT, _ALLOW, _UNWANTED = "{comment}", "{allow}", "{unwanted}"
_ENCODINGS = {
    "": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "zero width": "\u200b".join,
}


@dataclass(frozen=True)
class Payload:
    """One payload: text with {comment} where the comment goes, and {allow} and {unwanted} for labels.

    Attributes:
        family: The trick that it plays.
        encoding: How what stands between two ¦ is written, such as base64; "" for plainly.
    """

    payload_id: str
    family: str
    encoding: str
    text: str


def read_payloads(content: bytes) -> list[Payload]:
    """The payloads of a CSV: payload_id, family, encoding, payload.

    Raises:
        BadInput: it is no such file, or a payload cannot be used.
    """
    found = csv_rows(content, _payload)
    if len({each.payload_id for each in found}) < len(found):
        raise BadInput("Two payloads have one payload_id.", hint="Number them.")
    return found


def injected(payload: Payload, comment: str, *, allow: str, unwanted: str) -> str:
    """The comment inside the payload. The comment itself is neither encoded nor searched for placeholders."""
    before, _, after = payload.text.partition(_COMMENT)
    around = [part.replace(_ALLOW, allow).replace(_UNWANTED, unwanted) for part in (before, after)]
    return comment.join(_encoded(part, payload.encoding) for part in around)


def _encoded(part: str, encoding: str) -> str:
    """What stands between two ¦ is encoded; a payload with no encoding has none."""
    pieces = part.split("¦")
    return "".join(_ENCODINGS[encoding](piece) if place % 2 else piece for place, piece in enumerate(pieces))


def _payload(cells: dict[str, str], line: int) -> Payload:
    names = ("payload_id", "family", "encoding", "payload")
    if missing := [name for name in names if name not in cells]:
        raise BadInput(f"The payloads have no column '{missing[0]}'.", hint=f"Columns: {', '.join(names)}.")
    payload_id, family, encoding = (cells[name].strip() for name in names[:3])
    found = Payload(payload_id, family, encoding, cell_text(cells["payload"], line))
    if found.encoding not in _ENCODINGS:
        raise BadInput(
            f"Line {line} has the encoding '{shortened(found.encoding)}'.",
            hint=f"Known: {', '.join(_ENCODINGS)}.",
        )
    if found.text.count(_COMMENT) != 1 or found.text.count("¦") % 2:
        raise BadInput(f"The payload in line {line} does not hold {_COMMENT} once.", hint="Write it once.")
    return found
