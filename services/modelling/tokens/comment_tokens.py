"""Tokens of the message about each comment: counted once, kept as a derived column."""

import hashlib
import json
from collections.abc import Callable, Sequence
from string import ascii_letters, digits, punctuation

import numpy as np
import pyarrow as pa

from domain.json_text import Json
from services.modelling.formats.chat import from_comments, prompt_for
from services.modelling.formats.check import check
from services.modelling.formats.examples import ChatExample
from services.modelling.tokens.encodings import Encoding, get_encoding
from storage.database import Database
from storage.snapshots import get_snapshot
from storage.token_counts import Counter, add_token_counts, get_bodies_table, list_uncounted

Progress = Callable[[str, float], None]

_AT_ONCE = 20_000
_BEGINNINGS = frozenset(ascii_letters + digits + punctuation) - {"/"}


def count_snapshot(db: Database, snapshot_id: str, *, encoding: str, progress: Progress) -> int:
    """Count the comments of a snapshot that were never counted in that encoding; return how many.

    What is counted stays counted when `progress` raises, which it may do to cancel.

    Raises:
        NotFound: there is no such snapshot or encoding.
    """
    snapshot, counts = get_snapshot(db, snapshot_id), get_encoding(encoding)
    counter = counter_of(counts)
    missing = list_uncounted(db, snapshot_id, counter)
    for start in range(0, missing.num_rows, _AT_ONCE):
        progress("Counting tokens", start / missing.num_rows)
        bodies = get_bodies_table(db, missing.slice(start, _AT_ONCE))
        add_token_counts(db, snapshot.dataset_id, counter, _counted(bodies, counts))
    return int(missing.num_rows)


def counter_of(counts: Encoding) -> Counter:
    """The encoding, and the way in which a comment is quoted now, as the column is kept under.

    The hash changes with the template and with the rule that takes tags out of a comment.
    """
    probe = json.dumps(prompt_for("<comment>a</comment>", ""))
    name = counts.name if counts.exact else f"{counts.name} (estimate)"
    return Counter(name, hashlib.sha256(probe.encode()).hexdigest()[:12])


def texts_of(db: Database, comment_ids: Sequence[int]) -> dict[int, str]:
    """The texts of comments by their number; unknown numbers are left out."""
    bodies = get_bodies_table(db, pa.table({"comment_id": pa.array(comment_ids, pa.int64())}))
    return dict(zip(bodies["comment_id"].to_pylist(), bodies["body"].to_pylist(), strict=True))


def _counted(bodies: pa.Table, counts: Encoding) -> pa.Table:
    count, quoting = counts.count, _tokens_of_quoting(counts)
    tokens: list[int | None] = []
    special: list[int] = []
    for place, text in enumerate(bodies.column("body").to_pylist()):
        if quoting and _is_plain(text):
            tokens.append(count(text + "\n") + quoting)
            continue
        tokens.append(count(_quoted(text)) if _makes_example(text) else None)
        if "<|" in text and _has_special_token(text):
            special.append(place)
    has_special = np.zeros(len(tokens), dtype=bool)
    has_special[special] = True
    columns = {"tokens": pa.array(tokens, pa.int32()), "has_special_token": pa.array(has_special)}
    return pa.table({"comment_id": bodies.column("comment_id"), **columns})


def _tokens_of_quoting(counts: Encoding) -> int:
    """What the tags around a plain text and its line end add to it; 0 where that cannot be said."""
    return counts.count(_quoted("a")) - counts.count("a\n") if counts.exact else 0


def _is_plain(text: str) -> bool:
    """Whether the tokens of the quoted text are those of the text with its line end, and those of the tags.

    Both encodings split a text into pieces before they look for tokens. A piece that ends in a line end takes
    only slashes and white space after it, and only punctuation, as a tag's end is, before it: the text must
    begin with neither of the first, and what stands at its end goes with the line end, which is counted with
    it. A text without an opening bracket holds no tag that would be taken out, and no special token.
    """
    return (
        text[:1] in _BEGINNINGS
        and "<" not in text
        and not text[-1].isspace()
        and (text.isascii() or ("\uff1c" not in text and "\ufe64" not in text))
    )


def _quoted(text: str) -> str:
    return prompt_for(text, "")[1]["content"]


def _makes_example(text: str) -> bool:
    # A first letter or digit is enough to be sure; everything else is asked where examples are made.
    return text[:1].isalnum() or bool(
        from_comments([("", text, "a")], system_prompt="-", labels=("a", "b")).examples
    )


def _has_special_token(text: str) -> bool:
    quoted: list[Json] = [{**prompt_for(text, "")[1]}]
    found = check([ChatExample(1, {"messages": quoted})])
    return any(finding.code == "special_token" for finding in found.findings)
