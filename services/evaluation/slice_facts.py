"""What is known of each comment of a run, as yes or no: the facts among which worst slices are looked for."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from domain.errors import BadInput
from domain.filters import filter_of
from domain.models import Run
from domain.text import shortened
from services.evaluation.identity_terms import IdentityTerms, identity_terms
from services.evaluation.intervals import SMALL_N
from services.evaluation.obfuscation import obfuscations
from storage.database import Database
from storage.models import get_run
from storage.saved_slices import list_members, list_saved_slices
from storage.slices import SLICE_SQL, get_slice_facts
from storage.snapshots import get_snapshot

Flags = NDArray[np.bool_]
MOST_FACTS = 150  # pairs grow with the square
TEXT_KINDS = ("mentions", "written in")


@dataclass(frozen=True, eq=False)
class Facts:
    """Comments of a run and what each is like.

    Attributes:
        comment_ids: Shape (n,), rising.
        wrong: Shape (n,): whether the answer is not the frozen label.
        kinds, names: Of each of the F facts, such as "language" and "de"; names may come from a file.
        members: Shape (F, n): whether a comment has the fact.
        left_out: Rarer facts than the MOST_FACTS most common; those of fewer than 30 comments are no facts.
    """

    comment_ids: NDArray[np.int64]
    wrong: Flags
    kinds: tuple[str, ...]
    names: tuple[str, ...]
    members: Flags
    left_out: int

    def comments_of(self, facts: Sequence[int], *, wrong_only: bool = True) -> list[int]:
        """Numbers of the comments that have all of the facts."""
        inside = self.members[list(facts)].all(axis=0) & (self.wrong | (not wrong_only))
        return [int(number) for number in self.comment_ids[inside]]


def facts_of(db: Database, run_id: str, *, label: str | None = None, contains: str = "") -> Facts:
    """The facts about the comments of a run, or of those under one frozen label: then wrong means missed.

    Args:
        contains: A text whose comments are a fact too.

    Raises:
        NotFound: there is no such run.
        BadInput: its snapshot has no such label, or nothing is under it.
    """
    run = get_run(db, run_id)
    labels = get_snapshot(db, run.snapshot_id).labels
    if label is not None and label not in labels:
        raise BadInput(f"There is no label '{shortened(label)}'.", hint=f"Labels: {', '.join(labels)}.")
    rows = get_slice_facts(db, run_id)
    if label is not None:
        rows = rows.filter(pc.equal(rows["gold"], label))
    if not rows.num_rows:
        raise BadInput(f"{run_id} has no comment to look among.", hint="Choose another label or run.")
    found = [*_columns(rows), *_words(rows["body"], identity_terms(db.home), contains)]
    found += _saved(db, run, rows["comment_id"].to_numpy())
    found = [each for each in found if each[2].sum() >= SMALL_N]
    found.sort(key=lambda each: -int(each[2].sum()))
    kept = found[:MOST_FACTS]
    right = pc.fill_null(pc.equal(rows["predicted"], rows["gold"]), False)
    return Facts(
        comment_ids=rows["comment_id"].to_numpy(),
        wrong=~right.to_numpy().astype(np.bool_),
        kinds=tuple(kind for kind, _, _ in kept),
        names=tuple(name for _, name, _ in kept),
        members=np.array([has for _, _, has in kept], dtype=np.bool_).reshape(len(kept), rows.num_rows),
        left_out=len(found) - len(kept),
    )


def mentions_of(bodies: Iterable[str], terms: IdentityTerms) -> dict[str, Flags]:
    """Which of the texts mention each identity term; terms that none mentions are left out."""
    texts = list(bodies)
    found: dict[str, Flags] = defaultdict(lambda: np.zeros(len(texts), dtype=np.bool_))
    for place, text in enumerate(texts):
        for term in terms.mentioned(text):
            found[term][place] = True
    return dict(found)


def _columns(rows: pa.Table) -> list[tuple[str, str, Flags]]:
    """The values of each column that SQL made."""
    found = []
    for kind in SLICE_SQL:
        coded = rows[kind].combine_chunks().dictionary_encode()
        codes = coded.indices.to_numpy()
        found += [(kind, str(name), codes == code) for code, name in enumerate(coded.dictionary.to_pylist())]
    return found


def _saved(db: Database, run: Run, numbers: NDArray[np.int64]) -> list[tuple[str, str, Flags]]:
    """The slices that somebody saved."""
    return [
        (
            "saved",
            each.name,
            np.isin(numbers, list_members(db, run.run_id, filter_of(run.dataset_id, each.wanted))),
        )
        for each in list_saved_slices(db, run.dataset_id)
    ]


def _words(column: pa.ChunkedArray, terms: IdentityTerms, contains: str) -> list[tuple[str, str, Flags]]:
    """What the texts themselves show."""
    texts = column.to_pylist()
    signs: dict[str, Flags] = defaultdict(lambda: np.zeros(len(texts), dtype=np.bool_))
    for place, text in enumerate(texts):
        for sign in obfuscations(text):
            signs[sign][place] = True
    found = [(TEXT_KINDS[0], term, has) for term, has in mentions_of(texts, terms).items()]
    found += [(TEXT_KINDS[1], sign, has) for sign, has in signs.items()]
    if wanted := contains.strip().casefold():
        found.append(("contains", contains.strip(), np.array([wanted in text.casefold() for text in texts])))
    return found
