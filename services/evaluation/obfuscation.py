"""Signs that a text was written to get past a filter, each named as the perturbation that makes it."""

import re

from services.evaluation.perturbations import without_links

_FEWEST_CAPITALS = 8  # letters, before a text in capitals is shouting and no abbreviation
_SIGNS = {
    "spacing": re.compile(r"(?<!\w)(?:[^\W\d_][ .\-_*]){3,}[^\W\d_](?!\w)"),
    "leet": re.compile(r"[A-Za-z][013457$@]+[A-Za-z]"),
    # A Latin letter beside one of Greek or Cyrillic, inside one word.
    "homoglyphs": re.compile(r"[A-Za-z][\u0370-\u052f]|[\u0370-\u052f][A-Za-z]"),
    "zero width": re.compile(r"[^\W\d_][\u00ad\u200b\u200c\u2060\ufeff]+[^\W\d_]", re.ASCII),
    "full width": re.compile(r"[\uff21-\uff3a\uff41-\uff5a]{2}"),
}
OBFUSCATIONS = ("capitals", *_SIGNS)


def obfuscations(text: str) -> set[str]:
    """Those of OBFUSCATIONS that the text shows; signs, not proof: "mp3s" looks like leet.

    Links and handles are left aside.
    """
    plain = without_links(text)
    found = {name for name, sign in _SIGNS.items() if sign.search(plain)}
    letters = [letter for letter in plain if letter.isalpha()]
    if len(letters) >= _FEWEST_CAPITALS and sum(map(str.isupper, letters)) > 0.7 * len(letters):
        found.add("capitals")
    return found
