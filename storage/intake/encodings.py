"""Which encoding a text file is in: by its mark, else by its first bytes that are not ASCII."""

import codecs
import re
from pathlib import Path

from domain.errors import BadInput

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CANDIDATES = [
    "cp1252", "mac_roman", "big5", "gb18030", "cp932", "euc_jp", "euc_kr", "cp1250", "cp1251", "koi8_r",
    "cp1253", "cp1254", "cp1255", "cp1256",
]  # fmt: skip
_EVIDENCE_BYTES = 16_384
_SEARCHED_BYTES = 64 << 20
_STEP_BYTES = 1 << 20
_WESTERN = "cp1252"
_ASCII = bytes(range(128))
_MANY_ZEROS, _FEW_ZEROS = 0.4, 0.05  # every other byte of UTF-16 is a zero where letters are Latin
# Letters of the Mac between small ones, that no other encoding of these has there: of ä ü é è ê ç à á and ß.
_MAC_INSIDE_WORD = re.compile(rb"[a-z][\x8a\x9f\x8e\x8f\x90\x8d\x88\x87\xa7]{1,3}[a-z]")
_MAC_ONLY = bytes([*range(0x80, 0xA0), 0xA7, *b"\xae\xaf\xbe\xbf\xc0\xc1\xc7\xc8\xc9", *range(0xD0, 0xD6)])
_FEW_LETTERS = 4  # of so few, every guess is as good as another


def encoding_of(path: Path) -> str:
    """The encoding as Python names it; `utf-8` where there are only ASCII characters.

    A file that is UTF-8 for the most part is UTF-8: what is not, costs its record.

    Raises:
        BadInput: the file is empty.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise BadInput(
            "The file is empty.", hint="Choose a file with a header line and at least one comment."
        )
    marked = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    if marked:
        return marked
    even, odd = (head[start::2].count(0) / max(1, len(head) // 2) for start in (0, 1))
    if max(even, odd) > _MANY_ZEROS and min(even, odd) < _FEW_ZEROS:
        return "utf-16-le" if odd > even else "utf-16-be"
    evidence = _evidence(path)
    return "utf-8" if _is_mostly_utf8(evidence) else _guess(evidence)


def json_encoding_of(path: Path) -> str:
    """The encoding of a file of JSON, which is Unicode by its standard: UTF-8, unless its marks say another.

    Raises:
        BadInput: the file is empty.

    Source: RFC 8259, section 8.1.
    """
    found = encoding_of(path)
    return found if found.startswith("utf-") and found != "utf-8" else "utf-8-sig"


def _evidence(path: Path) -> bytes:
    """The first lines that are not ASCII, about 16 kB of them, from the first 64 MB."""
    found, size, searched, cut = [], 0, 0, b""
    with path.open("rb") as file:
        while (data := file.read(_STEP_BYTES)) and searched < _SEARCHED_BYTES:
            searched += len(data)
            if data.isascii() and not cut:
                continue
            lines = (cut + data).replace(b"\r", b"\n").split(b"\n")
            cut = lines.pop()
            cut = b"" if cut.isascii() or len(cut) > _STEP_BYTES else cut
            for line in lines:
                if not line.isascii():
                    found.append(line[:_EVIDENCE_BYTES])
                    size += len(found[-1])
            if size >= _EVIDENCE_BYTES:
                return b"\n".join(found)[: 2 * _EVIDENCE_BYTES]
    return b"\n".join([*found, cut])[: 2 * _EVIDENCE_BYTES]


def _is_mostly_utf8(evidence: bytes) -> bool:
    text = evidence.decode("utf-8", "surrogateescape")
    strange = [character for character in text if not character.isascii()]
    damaged = sum("\udc80" <= character <= "\udcff" for character in strange)
    return damaged * 2 <= len(strange)


def _guess(evidence: bytes) -> str:
    is_of_mac = not evidence.translate(None, _ASCII + _MAC_ONLY)
    if is_of_mac and _MAC_INSIDE_WORD.search(evidence):
        return "mac_roman"
    if len(evidence) - len(evidence.decode("ascii", "ignore")) <= _FEW_LETTERS:
        return _WESTERN
    from charset_normalizer import from_bytes  # most files are UTF-8, and never need it

    found = from_bytes(evidence, cp_isolation=_CANDIDATES)
    best = found.best()
    if best is None:
        return _WESTERN
    # Several that read the same text, or read it as well: the common one.
    equal = [one for one in found if (one.chaos, one.coherence) == (best.chaos, best.coherence)]
    if any(_WESTERN in one.could_be_from_charset for one in equal):
        return _WESTERN
    return str(best.encoding)
