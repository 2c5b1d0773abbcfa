"""Physical lines of a text file, in blocks, with their ends untouched and damage kept visible."""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.errors import BadInput

BLOCK_BYTES = 1 << 20
MAX_LINE_CHARACTERS = 32_000_000


@dataclass(frozen=True)
class Block:
    """Consecutive lines with their ends; `damaged` says that some hold what is not text in the encoding.

    A damaged place is a lone surrogate: U+DC80 to U+DCFF for a byte that is no text in the encoding.
    """

    lines: list[str]
    damaged: bool
    share: float
    is_last: bool


def line_blocks(path: Path, encoding: str) -> Iterator[Block]:
    """The lines of the file, ended by LF, CR or CRLF, about a megabyte at a time.

    Raises:
        BadInput: a line is longer than 32 million characters, or the file ends within a character.
    """
    decoder = _decoder(encoding)
    size = max(1, path.stat().st_size)
    seen, carry = 0, [""]
    with path.open("rb") as file:
        while data := file.read(BLOCK_BYTES):
            carry.append(_decoded(decoder, data, encoding, seen + 1))
            if sum(map(len, carry)) > MAX_LINE_CHARACTERS:
                raise BadInput(
                    f"Line {seen + 1} is longer than {MAX_LINE_CHARACTERS:,} characters.",
                    hint="This is not a table of comments; check the export.",
                )
            # Until a line ends, nothing is joined: a very long one would be copied again and again.
            if carry[0].endswith("\r") or "\n" in carry[-1] or "\r" in carry[-1]:
                lines = _lines("".join(carry))
                # The last line may go on in the next block, and a CR at its end may be half of a CRLF.
                carry = [lines.pop()]
                seen += len(lines)
                yield Block(lines, damaged=_is_damaged(lines), share=file.tell() / size, is_last=False)
    lines = _lines("".join(carry) + _decoded(decoder, b"", encoding, seen + 1))
    yield Block(lines, damaged=_is_damaged(lines), share=1.0, is_last=True)


def encoding_reason(text: str, encoding: str) -> str:
    """Why a damaged text is refused, naming the first byte and its place."""
    for place, character in enumerate(text):
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF and not encoding.startswith("utf-16"):
            name = encoding.removesuffix("-sig").upper()
            return f"Not {name}: byte 0x{code - 0xDC00:02X} at character {place + 1}. Save the file as UTF-8."
        if 0xD800 <= code <= 0xDFFF:
            return f"Not Unicode text: half of a character (U+{code:04X}) at character {place + 1}."
    raise ValueError("The text is not damaged.")


def is_damaged(text: str) -> bool:
    """Whether the text holds a lone surrogate, which no file of ours could store."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _decoded(decoder: codecs.IncrementalDecoder, data: bytes, encoding: str, line: int) -> str:
    try:
        return decoder.decode(data, final=not data)
    except UnicodeDecodeError as error:
        where = f"ends in the middle of a {encoding.upper()} character" if not data else "cannot be decoded"
        raise BadInput(
            f"The file {where}, at line {line} or after it.",
            hint="It was cut off, or is in another encoding; copy it again, or name the encoding.",
        ) from error


def _is_damaged(lines: list[str]) -> bool:
    return is_damaged("".join(lines))


def _lines(text: str) -> list[str]:
    # Not str.splitlines: that also cuts at vertical tabs, U+2028 and other characters of a comment.
    return io.StringIO(text, newline="").readlines()


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    errors = "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    return codecs.getincrementaldecoder(encoding)(errors)
