"""The card of an exported dataset: what is in it, where it comes from, how far its labels can be trusted."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from domain.labels import IMPORTED
from domain.splits import SPLITS
from domain.text import escape_markdown, sentence, shortened

_CODE = re.compile(r"[a-z]{2,3}")
_MOST_ROWS = 40  # of a table

_COLUMNS = {
    "id": "what the comment was called where it came from",
    "text": "letter by letter as it came: nothing is cleaned or masked",
    "label": "the label in force",
    "label_from": "how it came about: single or majority vote, decision, aggregation, or the imported file",
    "split": "train, validation or test",
    "author, thread, time, posted_at, language, score, source": "as the imported file gave them",
    "cleaned_text": "of a dataset or slice: the text after the repairs in force, where they change it",
    "language_found, language_confidence": "what the text is written in, `und` where unsure, and how sure",
    "annotator_votes": "JSON: every annotator's vote: kind, label, reason, guideline version, seconds, time",
    "decision_in_force": "JSON: where somebody decided the label: which, why, by whom and when",
}


@dataclass(frozen=True)
class CardFacts:
    """What is known of an export before its rows are read. `leaks` and `left_out` are of a snapshot."""

    title: str
    what: str
    labels: tuple[tuple[str, str], ...]
    guideline_version: int | None
    split_mode: str
    group_by: str
    agreement: dict[str, Any] | None
    leaks: dict[str, int]
    left_out: dict[str, int]
    licence: str


@dataclass(frozen=True)
class Tally:
    """What the rows were counted by; `labels` by (split, label)."""

    labels: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    sources: Counter[str | None] = field(default_factory=Counter)
    languages: Counter[str | None] = field(default_factory=Counter)
    label_from: Counter[str | None] = field(default_factory=Counter)
    annotators: Counter[str] = field(default_factory=Counter)


def card_of(facts: CardFacts, tally: Tally) -> str:
    """The README.md of the folder."""
    title, total = escape_markdown(shortened(facts.title)), sum(tally.labels.values())
    parts = [
        _head(facts, tally),
        f"# {title}",
        f"{escape_markdown(sentence(facts.what))} {total:,} comments, written by Moderation Workbench.",
        '```python\nfrom datasets import load_dataset\n\ncomments = load_dataset("PATH/OF/THIS/FOLDER")\n```',
        "## Columns",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in _COLUMNS.items()),
        f"## Labels\n\n{_labels(facts)}",
        f"## Counts\n\n{_counts(tally)}",
        f"## Splits\n\n{_splits(facts)}",
        f"## Annotators and agreement\n\n{_people(facts, tally)}",
        f"## Sources\n\n{_table(['file', 'comments'], tally.sources)}",
        f"## Licence\n\n{_licence(facts)}",
    ]
    return "\n\n".join(parts) + "\n"


def _head(facts: CardFacts, tally: Tally) -> str:
    """YAML, of which JSON is a part: so no name can break out of its quotes."""
    codes = sorted(code for code in tally.languages if code and _CODE.fullmatch(code))
    used = [split for split in SPLITS if any(known == split for known, _ in tally.labels)]
    lines = ["---", f"pretty_name: {json.dumps(facts.title)}", "task_categories:", "- text-classification"]
    if facts.licence:
        lines.append(f"license: {json.dumps(facts.licence)}")
    if codes:
        lines += ["language:", *(f"- {json.dumps(code)}" for code in codes)]
    lines += ["configs:", "- config_name: default", "  data_files:"]
    for split in used:
        lines += [f"  - split: {split}", f"    path: data/{split}.parquet"]
    return "\n".join([*lines, "---"])


def _labels(facts: CardFacts) -> str:
    told = [
        f"- **{escape_markdown(name)}**: {escape_markdown(meaning) or 'no definition was written'}"
        for name, meaning in facts.labels
    ]
    if facts.guideline_version:
        told.append(f"\nLabelled under guideline v{facts.guideline_version}.")
    return "\n".join(told)


def _counts(tally: Tally) -> str:
    names = sorted({label for _, label in tally.labels}, key=lambda label: (label is None, label or ""))
    lines = [
        _row(["split", *(_name(label, "no label") for label in names)]),
        _row(["---"] * (len(names) + 1)),
    ]
    for split in SPLITS:
        counts = [tally.labels[split, label] for label in names]
        if any(counts):
            lines.append(_row([split, *(f"{n:,}" for n in counts)]))
    return "\n".join([*lines, "", f"By language:\n\n{_table(['language', 'comments'], tally.languages)}"])


def _splits(facts: CardFacts) -> str:
    how = {
        "group": f"Comments of one {facts.group_by} stand in one split, decided when a comment first came in;"
        " near-duplicates join the oldest of them.",
        "stratified": "80, 10 and 10 in 100 of each label, drawn at random.",
        "imported": "As the imported file gave them.",
    }[facts.split_mode]
    if facts.split_mode == "group" and facts.group_by == "none":
        how = "By a hash of each comment; near-duplicates join the oldest of them."
    told = [how]
    if facts.leaks:
        leaks = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in facts.leaks.items() if n) or "none"
        told.append(f"Held-out comments that share something with a training comment: {leaks}.")
    if facts.left_out:
        left = ", ".join(f"{n:,} {name}" for name, n in facts.left_out.items())
        told.append(f"Left out of the snapshot: {left}.")
    return " ".join(told)


def _people(facts: CardFacts, tally: Tally) -> str:
    named = {who: n for who, n in tally.annotators.items() if who != IMPORTED}
    told = [f"{sum(named.values()):,} votes of {len(named):,} annotators; every vote is in the data."]
    if brought := tally.annotators[IMPORTED]:
        told.append(f"{brought:,} labels came with the files, without a name.")
    ways = ", ".join(f"{_name(way, 'none')} {n:,}" for way, n in tally.label_from.most_common())
    told.append(f"How the labels in force came about: {ways}.")
    if facts.agreement is None:
        told.append("Agreement: undefined, because too few comments have two votes, or all votes are alike.")
    else:
        found = facts.agreement
        told.append(
            f"Agreement ({escape_markdown(found['measure'])}) over {found['n']:,} comments of the dataset"
            f" with two votes or more: {found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})."
        )
    return " ".join(told)


def _licence(facts: CardFacts) -> str:
    told = escape_markdown(facts.licence) if facts.licence else "Not told."
    return (
        f"{sentence(told)} The texts are as people wrote them and may hold personal data and insults. Whoever"
        " passes them on has to know that they may."
    )


def _table(header: list[str], counts: Counter[Any]) -> str:
    shown = counts.most_common(_MOST_ROWS)
    rows = [[_name(name, "not told"), f"{n:,}"] for name, n in shown]
    if len(counts) > len(shown):
        rest = sum(counts.values()) - sum(n for _, n in shown)
        rows.append([f"{len(counts) - len(shown):,} others", f"{rest:,}"])
    return "\n".join(_row(row) for row in [header, ["---"] * len(header), *rows])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _name(name: str | None, otherwise: str) -> str:
    return escape_markdown(shortened(name)) or otherwise if name is not None else otherwise
