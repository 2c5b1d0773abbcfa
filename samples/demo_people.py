"""The made-up authors of the demo dataset: who they are, how they type, how much they write."""

import random
import re
import tomllib
from dataclasses import dataclass

from demo_text import PHRASES, Template

OTHER_LANGUAGES = ("es", "de", "fr", "pt")
HABITS = ("lower", "bare", "caps", "typos", "long", "emoji", "apostrophes")
CHILD_HABITS = (0.45, 0.5, 0.06, 0.4, 0.2, 0.25, 0.5)
# What only a grown-up, or only a child, would write; decides for templates that suit both.
GROWN_WORDS = re.compile(
    r"(?i)\b(my|our|my little) (son|daughter|husband|wife|class of|grandson|kids|uncle says)\b|\{kid\}|I'm grateful|I'm \[27"
)
CHILD_WORDS = re.compile(
    r"(?i)\b(mum|mom|mama|dad|papa|brother|sister|teacher|school|omg|lol|im)\b|\{sib\}|\{laugh\}"
)
GROWN_HABITS = (0.03, 0.05, 0.01, 0.08, 0.0, 0.05, 0.03)


@dataclass(frozen=True)
class Author:
    """A made-up account. `persona` is child, parent, troll, stranger or bot; `activity` is relative."""

    handle: str
    persona: str
    lang: str
    habits: frozenset[str]
    activity: float


def make_authors(rng: random.Random) -> list[Author]:
    """About 350 authors with unique handles."""
    parts = tomllib.loads((PHRASES / "handles.toml").read_text(encoding="utf-8"))
    taken: set[str] = set()
    authors: list[Author] = []

    def add(persona: str, lang: str, wanted: int) -> None:
        names = parts["first"] if lang == "en" else parts[f"first_{lang}"]
        for rank in range(1, wanted + 1):
            handle = (
                _child_handle(parts, names, rng)
                if persona in ("child", "troll")
                else _grown_handle(parts, names, rng)
            )
            while handle in taken:
                handle += str(rng.randrange(2, 99))
            taken.add(handle)
            authors.append(_author(handle, persona, lang, rank, rng))

    add("child", "en", 150)
    add("parent", "en", 44)
    add("troll", "en", 12)
    for lang, children, parents, trolls in (
        ("es", 24, 8, 7),
        ("de", 22, 8, 7),
        ("fr", 9, 3, 3),
        ("pt", 9, 3, 3),
    ):
        add("child", lang, children)
        add("parent", lang, parents)
        add("troll", lang, trolls)
    add("child", "other", 9)
    add("parent", "other", 3)
    add("troll", "other", 1)
    for persona, group in (("troll", "dark"), ("bot", "bots"), ("stranger", "strangers")):
        authors += [
            _author(handle, persona, "en", rank, rng) for rank, handle in enumerate(parts[group], start=1)
        ]
    return authors


def _child_handle(parts: dict[str, list[str]], names: list[str], rng: random.Random) -> str:
    first, noun, adjective = rng.choice(names), rng.choice(parts["noun"]), rng.choice(parts["adjective"])
    patterns = [
        f"{first}_{noun}",
        f"{first}{rng.randrange(3, 99)}",
        f"{adjective}{noun}",
        f"{adjective}.{noun}{rng.randrange(10, 99)}",
        f"{first}.the.{noun}",
        f"{adjective}_{first}",
        f"{first.title()}{noun.title()}",
        f"its_{first}_{rng.choice('abcdefgh')}",
        f"{noun}_fan_{rng.randrange(100)}",
        f"just{first}",
    ]
    return rng.choice(patterns)


def _grown_handle(parts: dict[str, list[str]], names: list[str], rng: random.Random) -> str:
    return rng.choice(parts["parents"]) + rng.choice([*names, rng.choice(parts["noun"])])


def _author(handle: str, persona: str, lang: str, rank: int, rng: random.Random) -> Author:
    odds = GROWN_HABITS if persona == "parent" else CHILD_HABITS
    habits = frozenset(habit for habit, chance in zip(HABITS, odds, strict=True) if rng.random() < chance)
    return Author(handle, persona, lang, habits, activity=(rank + 8) ** -1.1)


def choose_author(template: Template, authors: list[Author], rng: random.Random) -> Author:
    """Who wrote a text of this template: mostly whom it suits, sometimes somebody else.

    Nasty texts come from ordinary children too, and nasty authors have harmless days; else the author's
    name alone would tell the label.
    """
    persona = template.who
    if persona == "any":
        persona = _persona(template, rng)
    if persona == "troll" and rng.random() < 0.3 or persona == "stranger" and rng.random() < 0.15:
        persona = "child"
    elif persona == "child" and rng.random() < (0.06 if template.label == "allow" else 0.4):
        persona = "troll"
    lang = "en" if template.lang == "und" or persona in ("bot", "stranger") else template.lang
    if lang not in ("en", *OTHER_LANGUAGES):
        lang = "other"
    return _draw(authors, persona, lang, rng)


def _persona(template: Template, rng: random.Random) -> str:
    if GROWN_WORDS.search(template.text):
        return "parent"
    if template.label == "disallow" or CHILD_WORDS.search(template.text):
        return "child"
    return rng.choices(("child", "parent"), (3, 1))[0]


def _draw(authors: list[Author], persona: str, lang: str, rng: random.Random) -> Author:
    fitting = [author for author in authors if author.persona == persona and author.lang == lang]
    return rng.choices(fitting, [author.activity for author in fitting])[0]
