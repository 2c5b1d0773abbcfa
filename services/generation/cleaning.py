"""Tags and special characters taken out of a text; the original stays beside it."""

import html
import re
import unicodedata

CLEANING_VERSION = "clean-text-1"

_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,80}>")
_NAMED = re.compile(r"#([A-Za-z]+\d*)#")  # how DialogSum marks speakers and what was made anonymous
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n\s*")
_KEPT = "\n\t\u200d\u200c"  # the joiners belong to the word, in some scripts and inside emoji
_UNSEEN = ("Cc", "Cf", "Co")


def cleaned(text: str) -> str:
    """The text without HTML tags, `#Name#` marks, entities, control and invisible characters; lines stay."""
    kept = _NAMED.sub(r"\1", _TAG.sub(" ", html.unescape(text)))
    kept = unicodedata.normalize("NFC", kept.replace("\r\n", "\n").replace("\r", "\n"))
    if not kept.replace("\n", "").isprintable():
        kept = "".join(one for one in kept if one in _KEPT or unicodedata.category(one) not in _UNSEEN)
    return _LINES.sub("\n", _SPACES.sub(" ", kept)).strip()
