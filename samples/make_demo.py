"""Writes the demo dataset beside itself: comments.csv, votes.csv, truth.csv.

Usage: python samples/make_demo.py

The same seed gives the same bytes. The texts come from phrases/, the votes from demo_votes.py.
"""

import csv
import random
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demo_people import Author, choose_author, make_authors
from demo_text import (
    MOST_PER_TEMPLATE,
    PHRASES,
    Template,
    fill,
    misspell,
    read_slots,
    read_templates,
    type_like,
)
from demo_votes import Case, cast_votes, choose_flipped

SEED = 20261115
HERE = Path(__file__).parent
FIRST_DAY = datetime(2026, 6, 15, tzinfo=UTC)
LAST_MOMENT = datetime(2026, 11, 15, 21, 59, 59, tzinfo=UTC)
NEAR_DUPLICATES = 60
EXACT_DUPLICATES = 25
HOUR_WEIGHTS = (1, 1, 1, 0, 0, 1, 4, 8, 5, 4, 4, 5, 6, 6, 7, 10, 13, 15, 15, 13, 9, 5, 3, 2)


@dataclass(frozen=True)
class Video:
    """A made-up video; `things` are what one sees in it."""

    id: str
    kind: str
    host: str
    things: tuple[str, ...]
    published: datetime
    appeal: float


@dataclass(frozen=True)
class Draft:
    """A comment before it has an id."""

    text: str
    author: Author
    video: Video
    posted_at: datetime
    template: Template


def read_videos(rng: random.Random) -> list[Video]:
    """The videos of phrases/videos.csv with a day of publication and a relative number of viewers."""
    with (PHRASES / "videos.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    days = sorted(rng.uniform(-20, 148) for _ in rows)
    return [
        Video(
            id=row["video"],
            kind=row["kind"],
            host=row["host"],
            things=tuple(row["things"].split("|")),
            published=max(FIRST_DAY, FIRST_DAY + timedelta(days=day)),
            appeal=rng.lognormvariate(0, 0.7),
        )
        for row, day in zip(rows, days, strict=True)
    ]


def moment(video: Video, rng: random.Random) -> datetime:
    """When a comment was posted: mostly soon after publication, in a child's waking hours, never later than the last day."""
    wait = timedelta(days=rng.expovariate(1 / 16))
    day = min(video.published + wait, LAST_MOMENT).replace(minute=0, second=0, microsecond=0)
    when = day.replace(
        hour=rng.choices(range(24), HOUR_WEIGHTS)[0], minute=rng.randrange(60), second=rng.randrange(60)
    )
    return min(when, LAST_MOMENT - timedelta(seconds=rng.randrange(40_000)))


def write_texts(rng: random.Random) -> list[Draft]:
    """Every template as often as its section allows, never twice the same words."""
    authors, videos, words = make_authors(rng), read_videos(rng), read_slots()
    topics = tomllib.loads((PHRASES / "topics.toml").read_text(encoding="utf-8"))
    words["user"] = [author.handle for author in authors if author.persona == "child"]
    drafts: list[Draft] = []
    for template in read_templates():
        seen: set[str] = set()
        writers: set[Author] = set()
        for _ in range(template.uses):
            video = _choose_video(template, videos, topics, rng)
            local = {"host": [video.host], "thing": list(video.things)}
            wording = fill(template, {**words, **local}, rng)
            if wording in seen:
                continue
            seen.add(wording)
            author = choose_author(template, authors, rng)
            while author in writers and len(writers) < 3:  # the smallest groups hold three
                author = choose_author(template, authors, rng)
            writers.add(author)
            text = wording if template.keep else type_like(wording, author.habits, rng)
            drafts.append(Draft(text, author, video, moment(video, rng), template))
    return drafts


def _choose_video(
    template: Template, videos: Sequence[Video], topics: Mapping[str, Sequence[str]], rng: random.Random
) -> Video:
    """A video that the text is about, if it names one; else any of the kind that it suits."""
    named = {
        name
        for pattern, names in topics.items()
        if re.search(pattern, template.text.lower())
        for name in names
    }
    suitable = [video for video in videos if not template.kind or video.kind == template.kind]
    fitting = [video for video in suitable if video.id in named] or suitable
    return rng.choices(fitting, [video.appeal for video in fitting])[0]


def repeat_some(drafts: Sequence[Draft], rng: random.Random) -> list[Draft]:
    """Near-duplicates (spam waves, re-posts with a slip) and exact duplicates of some drafts."""
    used = Counter(draft.template.id for draft in drafts)
    copies: list[Draft] = []
    shuffled = rng.sample(
        [draft for draft in drafts if len(draft.text) >= 20 and not draft.template.raw], len(drafts) // 2
    )
    shuffled.sort(key=lambda draft: draft.template.reason != "spam")
    spam = [draft for draft in shuffled if draft.template.reason == "spam"][:22]
    others = [draft for draft in shuffled if draft.template.reason != "spam"]
    for draft in [*spam, *others]:
        if len(copies) == NEAR_DUPLICATES + EXACT_DUPLICATES:
            break
        if used[draft.template.id] >= MOST_PER_TEMPLATE:
            continue
        used[draft.template.id] += 1
        near = len(copies) < NEAR_DUPLICATES
        copies.append(_copy(draft, rng, near=near))
    return copies


def _copy(draft: Draft, rng: random.Random, *, near: bool) -> Draft:
    later = min(draft.posted_at + timedelta(seconds=rng.randrange(20, 9_000)), LAST_MOMENT)
    if not near:
        return replace(draft, posted_at=later)
    text = draft.text
    changes = [
        text + "!!",
        text + " 👍",
        misspell(text, rng),
        "hey " + text,
        text.replace(" ", "  ", 1),
        text + " pls",
    ]
    changed = rng.choice([change for change in changes if change != text])
    return replace(draft, text=changed, posted_at=later)


def write_csv(name: str, header: str, rows: Iterable[Sequence[object]]) -> None:
    """Writes one file beside this script; lines end in a line feed on every machine."""
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def stamp(when: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    """Makes the three files."""
    rng = random.Random(SEED)
    drafts = write_texts(rng)
    drafts += repeat_some(drafts, rng)
    drafts.sort(key=lambda draft: (draft.posted_at, draft.template.id, draft.text))
    cases = [
        Case(
            f"c{number:05d}",
            draft.posted_at,
            draft.template.lang,
            draft.template.label,
            draft.template.reason,
            draft.template.hard,
        )
        for number, draft in enumerate(drafts, start=1)
    ]
    plan = choose_flipped(cases, rng)
    votes = cast_votes(cases, plan, rng)
    write_csv(
        "comments.csv",
        "id,text,author,video,posted_at,language",
        (
            (
                case.id,
                draft.text,
                draft.author.handle,
                draft.video.id,
                stamp(draft.posted_at),
                draft.template.lang,
            )
            for case, draft in zip(cases, drafts, strict=True)
        ),
    )
    write_csv(
        "votes.csv",
        "comment_id,annotator,label,reason,guideline_version,seconds,voted_at",
        (
            (
                vote.comment_id,
                vote.annotator,
                vote.label,
                vote.reason,
                vote.guideline,
                f"{vote.seconds:.1f}",
                stamp(vote.at),
            )
            for vote in votes
        ),
    )
    write_csv(
        "truth.csv",
        "id,label,reason,hard_case,template,flipped",
        (
            (case.id, case.label, case.reason, case.hard, draft.template.id, int(case.id in plan.flipped))
            for case, draft in zip(cases, drafts, strict=True)
        ),
    )


if __name__ == "__main__":
    main()
