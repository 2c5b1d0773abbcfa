"""Physical lines of a text file, in blocks, with their ends untouched and damage kept visible."""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.errors import BadInput

BLOCK_BYTES = 1 << 20
MAX_LINE_CHARACTERS = 32_000_000

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Block:
    """Consecutive lines with their ends; `damaged` says that some hold what is not text in the encoding.

    A damaged place is a lone surrogate: U+DC80 to U+DCFF for a byte that is not UTF-8.
    """

    lines: list[str]
    damaged: bool
    share: float
    is_last: bool


def encoding_of(path: Path) -> str:
    """`utf-8`, `utf-8-sig` or `utf-16`, by the first bytes.

    Raises:
        BadInput: the file is empty, or in an encoding that is not read here.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise BadInput(
            "The file is empty.", hint="Choose a file with a header line and at least one comment."
        )
    encoding = next((name for bom, name in _BOMS if head.startswith(bom)), "utf-8")
    if encoding == "utf-32":
        raise BadInput("The file is UTF-32, which is not read here.", hint="Save it as UTF-8.")
    if encoding == "utf-8" and head.count(0) > len(head) // 4:
        raise BadInput(
            "The file is not UTF-8: line 1 is full of zero bytes, as in UTF-16 without a byte order mark.",
            hint="Save it as UTF-8.",
        )
    return encoding


def line_blocks(path: Path, encoding: str) -> Iterator[Block]:
    """The lines of the file, ended by LF, CR or CRLF, about a megabyte at a time.

    Raises:
        BadInput: a line is longer than 32 million characters, or UTF-16 ends within a character.
    """
    decoder = _decoder(encoding)
    size = max(1, path.stat().st_size)
    seen, carry = 0, [""]
    with path.open("rb") as file:
        while data := file.read(BLOCK_BYTES):
            carry.append(decoder.decode(data))
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
    try:
        lines = _lines("".join(carry) + decoder.decode(b"", final=True))
    except UnicodeDecodeError as error:
        raise BadInput(
            f"The file ends in the middle of a {encoding.upper()} character, at line {seen + 1}.",
            hint="It was probably cut off; copy it again.",
        ) from error
    yield Block(lines, damaged=_is_damaged(lines), share=1.0, is_last=True)


def encoding_reason(text: str, encoding: str) -> str:
    """Why a damaged text is refused, naming the first byte and its place."""
    for place, character in enumerate(text):
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF and encoding.startswith("utf-8"):
            return f"Not UTF-8: byte 0x{code - 0xDC00:02X} at character {place + 1}. Save the file as UTF-8."
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


def _is_damaged(lines: list[str]) -> bool:
    return is_damaged("".join(lines))


def _lines(text: str) -> list[str]:
    # Not str.splitlines: that also cuts at vertical tabs, U+2028 and other characters of a comment.
    return io.StringIO(text, newline="").readlines()


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    errors = "surrogatepass" if encoding == "utf-16" else "surrogateescape"
    return codecs.getincrementaldecoder(encoding)(errors)
