"""Keys to find equal and nearly equal texts by: a hash of the match key, and MinHash bands.

Two texts whose five-character pieces are mostly the same share at least one band with high probability:
with 8 bands of 4 hashes, 1 - (1 - s^4)^8 for a share s of common pieces (0.8: 99 %; 0.5: 40 %; 0.3: 6 %).
The numbers are kept in the database, so a change of any constant needs a new SKETCH_VERSION. Its first six
bands are those of the version before, so that comments of both are found together.

Source: Broder (1997), On the resemblance and containment of documents; Leskovec, Rajaraman and Ullman,
Mining of Massive Datasets, chapter 3.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from domain.text import folded, match_key, without_repeats

SKETCH_VERSION = "minhash-8x4-5gram-2"
BANDS = 8
ROWS_PER_BAND = 4
GRAM = 5
MIN_KEY_CHARACTERS = 8  # shorter ones that differ never share 0.8: they have too few pieces

Hashes = NDArray[np.uint64]
_Codes = NDArray[np.uint32]

_BASE = np.uint32(0x01000193)
_MIX = np.uint32(0x85EBCA6B)
_BAND_MIX = np.uint64(0x9E3779B97F4A7C15)
_TEXTS_AT_ONCE = 4_000  # so that the arrays stay in the processor's cache


def match_keys(texts: Sequence[str]) -> list[str]:
    """`domain.text.match_key` of each text; repeats are looked for in all of them at once."""
    parts = (texts[start : start + _TEXTS_AT_ONCE] for start in range(0, len(texts), _TEXTS_AT_ONCE))
    return [key for part in parts for key in _match_keys(part)]


def _match_keys(texts: Sequence[str]) -> list[str]:
    keys = [folded(text) for text in texts]
    lengths = np.fromiter(map(len, keys), dtype=np.int64, count=len(keys)) + 1
    codes = _codes(keys)
    tripled = np.flatnonzero((codes[2:] == codes[1:-1]) & (codes[1:-1] == codes[:-2]))
    for place in np.unique(np.searchsorted(np.cumsum(lengths), tripled, side="right")):
        keys[place] = without_repeats(keys[place])
    return keys


def key_hashes(keys: Sequence[str]) -> Hashes:
    """A 64-bit hash of each key, the same on every machine, shape (n,)."""
    digests = b"".join(blake2b(key.encode("utf-8"), digest_size=8).digest() for key in keys)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def bands_of(keys: Sequence[str]) -> tuple[Hashes, NDArray[np.bool_]]:
    """The bands of each key, shape (n, 8), and which keys are long enough to have any, shape (n,)."""
    parts = [_bands(keys[start : start + _TEXTS_AT_ONCE]) for start in range(0, len(keys), _TEXTS_AT_ONCE)]
    lengths = np.fromiter(map(len, keys), dtype=np.int64, count=len(keys))
    empty = np.empty((0, BANDS), dtype=np.uint64)
    return np.concatenate(parts or [empty]), lengths >= MIN_KEY_CHARACTERS


def jaccard(first: str, second: str) -> float:
    """`shared_pieces` of the match keys of two texts."""
    return shared_pieces(match_key(first), match_key(second))


def shared_pieces(first: str, second: str) -> float:
    """Share of five-character pieces that two match keys have in common, 0 to 1.

    A key shorter than five characters is one piece.

    Source: Jaccard (1912), The distribution of the flora in the alpine zone.
    """
    one, other = _grams(first), _grams(second)
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def _grams(key: str) -> set[str]:
    return {key[start : start + GRAM] for start in range(max(1, len(key) - GRAM + 1))}


def _codes(keys: Sequence[str]) -> _Codes:
    """The characters of all keys as numbers, a zero after each key."""
    return np.frombuffer(("\0".join(keys) + "\0").encode("utf-32-le"), dtype="<u4")


def _bands(keys: Sequence[str]) -> Hashes:
    lengths = np.fromiter(map(len, keys), dtype=np.int64, count=len(keys)) + 1
    starts = np.cumsum(lengths) - lengths
    grams = _gram_hashes(_codes(keys))
    # Pieces that reach into the next key are replaced by one of their own key: a minimum ignores doubles.
    for back in range(1, GRAM + 1):
        crossing = np.maximum(starts + lengths - back, starts)
        grams[crossing] = grams[starts]
    lowest = np.empty((BANDS * ROWS_PER_BAND, len(keys)), dtype=np.uint32)
    moved = np.empty_like(grams)
    for row, factor in zip(lowest, _FACTORS, strict=True):
        np.multiply(grams, factor, out=moved)  # modulo 2^32: with an odd factor, a new order of all hashes
        np.minimum.reduceat(moved, starts, out=row)
    return _joined(lowest.reshape(BANDS, ROWS_PER_BAND, len(keys)))


def _gram_hashes(codes: _Codes) -> _Codes:
    """A hash for the five characters from each place on, shape (n,); the last four wrap around."""
    padded = np.concatenate([codes, codes[: GRAM - 1], np.zeros(GRAM - 1, dtype=np.uint32)])
    hashes = codes.copy()
    for ahead in range(1, GRAM):
        hashes *= _BASE
        hashes ^= padded[ahead : ahead + len(codes)]
    for shift in (np.uint32(16), np.uint32(13)):
        hashes ^= hashes >> shift
        hashes *= _MIX
    hashes ^= hashes >> np.uint32(16)
    return hashes


def _joined(lowest: _Codes) -> Hashes:
    """One 64-bit hash for the four hashes of a band, and for the band's number; shape (n, 8)."""
    bands = np.empty((lowest.shape[2], BANDS), dtype=np.uint64)
    for number, rows in enumerate(lowest):
        joined = np.full(lowest.shape[2], number + 1, dtype=np.uint64)
        for row in rows:
            joined = (joined ^ row) * _BAND_MIX
            joined ^= joined >> np.uint64(29)
        bands[:, number] = joined
    return bands


def _odd_factors(seed: bytes) -> _Codes:
    count = BANDS * ROWS_PER_BAND
    drawn = b"".join(blake2b(seed, digest_size=4, salt=bytes([place])).digest() for place in range(count))
    return np.frombuffer(drawn, dtype="<u4") | np.uint32(1)


_FACTORS = _odd_factors(b"moderation-workbench")
