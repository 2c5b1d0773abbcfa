"""How a file is to be read, where a person says so; whatever is not said is found out from the file."""

import codecs
from dataclasses import asdict, dataclass
from typing import Any

from domain.errors import BadInput
from domain.text import shortened

# The name that is shown, and under which Python knows it, with what to call it to a person.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16, little-endian, without a mark",
    "utf-16-be": "UTF-16, big-endian, without a mark",
    "utf-32": "UTF-32",
    "cp1252": "Western European (Windows-1252, Latin-1)",
    "iso8859-15": "Western European with € (Latin-9)",
    "mac_roman": "Western European (Mac)",
    "cp850": "Western European (DOS)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "koi8_r": "Cyrillic (KOI8-R)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "big5": "Chinese, traditional (Big5)",
    "gb18030": "Chinese, simplified (GB18030, GBK)",
    "cp932": "Japanese (Shift-JIS)",
    "euc_jp": "Japanese (EUC-JP)",
    "euc_kr": "Korean (EUC-KR)",
}
QUOTINGS = {
    "double": 'in double quotes, "" for one inside',
    "backslash": 'in double quotes, \\" for one inside',
    "single": "in single quotes",
    "line": "in double quotes that end with their line",
    "none": "not quoted: a quote is a character like others",
}
HEADERS = {"yes": "a line names the columns", "no": "there is no header"}
MAX_HEADER_LINE = 1_000


@dataclass(frozen=True)
class Reading:
    """What a person said of a file; an empty text is found out.

    `header` is one of HEADERS, or the number of the line that it stands on; `part` is the file of an archive,
    or the sheet of a workbook.
    """

    encoding: str = ""
    delimiter: str = ""
    quoting: str = ""
    header: str = ""
    part: str = ""

    @property
    def header_line(self) -> int:
        """The line that was said to be the header, from 1; 0 where none was."""
        return int(self.header) if self.header.isdigit() else 0

    def as_dict(self) -> dict[str, str]:
        """Only what was said."""
        return {name: value for name, value in asdict(self).items() if value}


def reading_of(said: dict[str, Any] | None) -> Reading:
    """What was said, checked.

    Raises:
        BadInput: an encoding, a delimiter or a way of quoting that is not known here.
    """
    said = {name: str(value) for name, value in (said or {}).items() if value}
    unknown = said.keys() - Reading.__dataclass_fields__.keys()
    if unknown:
        raise BadInput(
            f"'{shortened(min(unknown))}' says nothing of how a file is read.",
            hint=f"One of {', '.join(Reading.__dataclass_fields__)}.",
        )
    if "encoding" in said:
        said["encoding"] = _encoding(said["encoding"])
    said["delimiter"] = {"tab": "\t", "\\t": "\t"}.get(said.get("delimiter", ""), said.get("delimiter", ""))
    if len(said["delimiter"]) > 1 or said["delimiter"] in ("\r", "\n", '"'):
        raise BadInput(
            f"'{shortened(said['delimiter'])}' cannot stand between two cells.",
            hint="One character, or the word tab.",
        )
    if said.get("quoting", "") not in ("", *QUOTINGS):
        raise BadInput(
            f"quoting '{shortened(said['quoting'])}' is not known.", hint=f"One of {', '.join(QUOTINGS)}."
        )
    _check_header(said.get("header", ""))
    return Reading(**said)


def _check_header(said: str) -> None:
    is_line = said.isascii() and said.isdigit() and len(said) < 5 and 1 <= int(said) <= MAX_HEADER_LINE
    if said and said not in HEADERS and not is_line:
        raise BadInput(
            f"header '{shortened(said)}' is not known.",
            hint=f"One of {', '.join(HEADERS)}, or its line, from 1 to {MAX_HEADER_LINE:,}.",
        )


def _encoding(name: str) -> str:
    wanted = {"latin-1": "cp1252", "iso-8859-1": "cp1252", "mac": "mac_roman", "gbk": "gb18030"}.get(
        name.casefold(), name.casefold()
    )
    try:
        known = codecs.lookup(wanted).name
    except LookupError:
        known = ""
    found = next((each for each in ENCODINGS if known and codecs.lookup(each).name == known), None)
    if found is None and known == "shift_jis":
        found = "cp932"
    if found is None:
        raise BadInput(
            f"The encoding '{shortened(name)}' is not read here.", hint=f"One of {', '.join(ENCODINGS)}."
        )
    return found
