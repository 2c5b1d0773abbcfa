"""Words of a text in any script, as ROUGE and the word lists here count them."""

import unicodedata
from functools import cache
from typing import Any, Protocol

import regex

# Letters and digits with the marks that belong to them; scripts without spaces give a word per character.
_WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*|[\p{L}\p{N}][\p{L}\p{N}\p{M}]*",
    flags=regex.V1,
)
_SPACELESS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_SENTENCE_END = regex.compile(r"(?<=[.!?…。！？।])\s+|(?<=[。！？])")
STEMMED_FROM = 4  # characters; shorter words stay as they are


class Stemmer(Protocol):
    """What cuts the endings of words off."""

    def stem(self, word: str) -> str:
        """The word without its ending."""
        ...


def words_of(text: str) -> list[str]:
    """The words in lower case, in their order; empty for a text without letters and digits.

    The tokeniser that ROUGE comes with deletes everything but a to z and 0 to 9, so that two identical texts
    in Cyrillic score 0. On texts of ASCII alone this gives the same words.
    """
    found: list[str] = []
    for run in _WORD.findall(unicodedata.normalize("NFC", text.lower())):
        if len(run) > 1 and _SPACELESS.search(run):
            found += _WORD.findall(_SPACELESS.sub(r" \g<0>", run))
        else:
            found.append(run)
    return found


def sentences_of(text: str) -> list[str]:
    """The sentences of a text: lines, and what follows a mark that ends a sentence."""
    parts = (part.strip() for line in text.splitlines() for part in _SENTENCE_END.split(line))
    return [part for part in parts if part]


class UnicodeTokenizer:
    """Words in any script, English ones without their endings; `rouge_score` takes it in place of its own."""

    def __init__(self, *, use_stemmer: bool = False) -> None:
        """With the stemmer, words of ASCII, four characters and longer, lose their endings (Porter)."""
        self._stemmer: Stemmer | None = _porter() if use_stemmer else None

    def tokenize(self, text: str) -> list[str]:
        """The words of the text."""
        words = words_of(text)
        if self._stemmer is None:
            return words
        return [
            self._stemmer.stem(word) if len(word) >= STEMMED_FROM and word.isascii() else word
            for word in words
        ]


@cache
def _porter() -> Any:
    from nltk.stem.porter import PorterStemmer  # with nltk it takes half a second

    return PorterStemmer()
