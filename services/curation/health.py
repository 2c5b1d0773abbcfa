"""What is in a dataset and what is wrong with it: figures with their comments, problems with an action."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from domain.comments import Comment
from domain.errors import NotFound
from domain.labels import count_labels
from services.curation.texts import steps_in_force
from services.evaluation.drift import Drift, drift_of_counts
from services.evaluation.intervals import Proportion, proportion
from storage import groups
from storage import health as stored
from storage.comments import list_comments_by_id
from storage.database import Database
from storage.datasets import get_dataset, get_label_set
from storage.groups import Cluster
from storage.health import LENGTHS, PROBLEMS, SHARES, TOO_LONG_CHARACTERS, TOO_SHORT_LETTERS, Figures
from storage.health_figures import figures_of
from storage.imports import list_imports

__all__ = [
    "LENGTHS", "Cluster", "Health", "ImportDrift", "Problem", "clusters", "comments_of", "health_of",
    "members_of",
]  # fmt: skip

Act = Literal["exclude", "repair", "relabel", "decide"]
_MOST_SHOWN = 500
_DRIFTS = ("label", "language", "length")

# Of each problem: its title, what it means, and the one thing to do about it.
_ABOUT: dict[str, tuple[str, str, Act, str]] = {
    "contradictory duplicates": (
        "Duplicates that contradict each other",
        "Nearly the same text under different labels: no model can be right about both.",
        "decide", "contradictory duplicate",
    ),
    "exact duplicates": (
        "Exact duplicates",
        "The same text, letter by letter, as another comment; the oldest with a label stays.",
        "exclude", "exact duplicate",
    ),
    "near duplicates": (
        "Near-duplicates",
        "At least 80 % of its pieces of five characters are those of another comment; the oldest with a"
        " label stays.",
        "exclude", "near duplicate",
    ),
    "suspected labels": (
        "Suspected wrong labels", "A model that never saw the comment holds its label for unlikely.",
        "relabel", "suspected",
    ),
    "personal data": (
        "Personal data", "E-mail addresses, phone numbers, links, handles, accounts; no names of people.",
        "repair", "personal",
    ),
    "obfuscated text": (
        "Obfuscated text", "Look-alike letters, hidden characters, spread letters, digits for letters.",
        "repair", "spelling",
    ),
    "broken characters": (
        "Broken characters", "Text read in a wrong encoding, letters in pieces, control characters.",
        "repair", "characters",
    ),
    "html entities": ("HTML entities", "Such as &amp; in place of the character.", "repair", "entities"),
    "empty": ("Empty", "Nothing but white space and invisible characters.", "exclude", "empty"),
    "emoji only": ("Emoji only", "Pictures and not one letter.", "exclude", "emoji only"),
    "too short": (
        "Too short", f"At most {TOO_SHORT_LETTERS} letters: hardly anybody could label it.",
        "exclude", "too short",
    ),
    "too long": (
        "Too long", f"More than {TOO_LONG_CHARACTERS:,} characters: a model reads only the beginning.",
        "exclude", "too long",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """A kind of problem: how many comments have it, and what is done about it.

    `act` with `what`: exclude by a rule, repair by a step, label again through a queue of an order, or decide
    group by group. Of a repair in force the count stays: the comments are as they came. An exclusion leaves
    `left` groups alone, whose labels contradict each other.
    """

    name: str
    title: str
    meaning: str
    count: int
    act: Act
    what: str
    in_force: bool = False
    left: int = 0


@dataclass(frozen=True)
class ImportDrift:
    """How the newest import differs from all that came before it."""

    newest: str
    before: int
    drifts: tuple[Drift, ...]


@dataclass(frozen=True)
class Health:
    """What is in a dataset and what is wrong with it; excluded comments are not counted.

    `rarest` is the share of the rarest label among labelled comments; None where fewer than two are in use.
    """

    dataset_id: str
    comments: int
    unseen: int
    problems: tuple[Problem, ...]
    shares: dict[str, dict[str, int]]
    clusters: int
    contradictory_clusters: int
    rarest: tuple[str, Proportion] | None
    drift: ImportDrift | None


def health_of(db: Database, dataset_id: str) -> Health:
    """Every figure of the dataset's health.

    Raises:
        NotFound: there is no such dataset.
    """
    dataset = get_dataset(db, dataset_id)
    found = figures_of(db, dataset_id)
    in_force = set(steps_in_force(db, dataset_id))
    problems = tuple(
        Problem(
            name, title, meaning, found.problems[name], act, what, what in in_force, found.left.get(name, 0)
        )
        for name, (title, meaning, act, what) in _ABOUT.items()
    )
    labelled = {label: n for label, n in found.shares["label"].items() if label != "(none)"}
    if dataset.several:
        labelled = count_labels(labelled)
    return Health(
        dataset_id, found.comments, found.comments - found.seen, problems, _ordered(found.shares),
        found.clusters, found.contradictory, _rarest(db, dataset_id, labelled), _drift(db, dataset_id, found),
    )  # fmt: skip


def comments_of(
    db: Database, dataset_id: str, figure: str, value: str = "", *, limit: int = 200
) -> list[tuple[Comment, int | None]]:
    """The comments behind a figure, each with the comment that it repeats, if any.

    Args:
        figure: A problem, or a share: then of its `value`.

    Raises:
        NotFound: there is no such dataset or figure.
    """
    get_dataset(db, dataset_id)
    most = min(limit, _MOST_SHOWN)
    if figure in PROBLEMS:
        pairs = stored.list_problem_ids(db, dataset_id, figure, limit=most)
    elif figure in SHARES:
        pairs = [
            (number, None) for number in stored.list_share_ids(db, dataset_id, figure, value, limit=most)
        ]
    else:
        raise NotFound(f"There is no figure '{figure}'.", hint=f"Figures: {', '.join((*PROBLEMS, *SHARES))}.")
    comments = list_comments_by_id(db, dataset_id, [number for number, _ in pairs])
    repeats = dict(pairs)
    return [(comment, repeats[comment.comment_id]) for comment in comments]


def clusters(db: Database, dataset_id: str, *, limit: int = 100) -> list[Cluster]:
    """Groups of near-duplicates: those whose labels contradict each other first, then the largest."""
    get_dataset(db, dataset_id)
    return groups.list_clusters(db, dataset_id, limit=min(limit, _MOST_SHOWN))


def members_of(db: Database, dataset_id: str, cluster: int) -> list[Comment]:
    """The comments of a group, oldest first.

    Raises:
        NotFound: there is no such dataset or group.
    """
    get_dataset(db, dataset_id)
    numbers = groups.list_members(db, dataset_id, cluster, limit=_MOST_SHOWN)
    if not numbers:
        raise NotFound(f"'{dataset_id}' has no group {cluster}.", hint="`duplicates` lists them.")
    return list_comments_by_id(db, dataset_id, numbers)


def _ordered(shares: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Lengths and months in their own order, everything else by size."""
    ordered = {}
    for name, counts in shares.items():
        if name == "length":
            ordered[name] = {value: counts[value] for value in LENGTHS if value in counts}
        elif name == "month":
            ordered[name] = dict(sorted(counts.items()))
        else:
            ordered[name] = dict(Counter(counts).most_common())
    return ordered


def _rarest(db: Database, dataset_id: str, labelled: dict[str, int]) -> tuple[str, Proportion] | None:
    names: Sequence[str] = get_label_set(db, dataset_id).names
    counts = {name: labelled.get(name, 0) for name in names}
    name = min(counts, key=lambda label: counts[label])
    share = proportion(counts[name], sum(labelled.values()))
    return None if share is None else (name, share)


def _drift(db: Database, dataset_id: str, found: Figures) -> ImportDrift | None:
    """The newest import that brought comments against the others; None while there is only one."""
    imports = sorted({number for number, _, _ in found.by_import["length"]})
    if len(imports) < 2:
        return None
    newest = imports[-1]
    name = next((one.file_name for one in list_imports(db, dataset_id) if one.import_id == newest), "")
    drifts = []
    before_count = 0
    for what in _DRIFTS:
        before: Counter[str] = Counter()
        after: Counter[str] = Counter()
        for number, value, count in found.by_import[what]:
            (after if number == newest else before)[value] += count
        if what == "label":
            for side in (before, after):
                side.pop("(none)", None)
        if before and after:
            drifts.append(drift_of_counts(what, before, after))
        before_count = max(before_count, before.total())
    return ImportDrift(name, before_count, tuple(drifts))
