"""Reads the hand-written templates of the demo dataset and turns them into comment texts."""

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PHRASES = Path(__file__).parent / "phrases"
MOST_PER_TEMPLATE = 8

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{([a-z_]+)(\d?)\}")
MARKED = re.compile(r"~([^~]+)~")
RAW_ESCAPES = {"\\0": "", "\\s": " ", "\\n": "\n", "\\r": "\r", "\\t": "\t"}

LEET = str.maketrans("aeiost", "4310$7")
HOMOGLYPHS = str.maketrans("aeocpxyi", "аеосрхуі")  # Cyrillic letters that look Latin
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
ZERO_WIDTH = "\u200b"
# How children spell by ear.
BY_EAR = {
    "again": "agen",
    "because": "becuz",
    "brother": "bruther",
    "cousin": "cusin",
    "different": "diffrent",
    "every": "evry",
    "friend": "freind",
    "laugh": "laff",
    "night": "nite",
    "people": "peple",
    "please": "plese",
    "really": "realy",
    "said": "sed",
    "scared": "scard",
    "school": "skool",
    "teacher": "techer",
    "the": "teh",
    "they": "thay",
    "thought": "thot",
    "tomorrow": "tomorow",
    "video": "vidio",
    "with": "whit",
    "would": "wuld",
}
DRAWN_OUT = re.compile(r"(?i)\b(?:s|n|to|wo|h|lov|om|coo|cut|ver|pl|mu|tro|muit|ye|wh)([oiegylspw])\b")


@dataclass(frozen=True)
class Template:
    """One line of a phrase file and what its section header says about it."""

    id: str
    text: str
    label: str = "allow"
    reason: str = ""
    hard: str = ""
    lang: str = "en"
    who: str = "any"
    kind: str = ""
    uses: int = 1
    keep: bool = False  # True: typing habits of the author leave it as written
    raw: bool = False  # True: brackets and braces mean themselves


def read_templates() -> list[Template]:
    """All templates, in the order of file name and line.

    Raises:
        ValueError: two sections carry the same id, or a header names an unknown field.
    """
    templates: list[Template] = []
    for path in sorted(PHRASES.glob("*.txt")):
        header: dict[str, str] = {}
        position = 0
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("## "):
                header = dict(part.split("=", 1) for part in line[3:].split())
                position = 0
            elif line:
                position += 1
                templates.append(_template(header, position, line))
    if len({template.id for template in templates}) < len(templates):
        raise ValueError("two sections of the phrase files carry the same id")
    return templates


def _template(header: Mapping[str, str], position: int, line: str) -> Template:
    unknown = set(header) - {"id", "label", "reason", "hard", "lang", "who", "kind", "uses", "style", "raw"}
    if unknown:
        raise ValueError(f"section {header['id']!r} has unknown fields {sorted(unknown)}")
    raw = "raw" in header
    varied = not raw and bool(CHOICE.search(line) or SLOT.search(line) or "~" in line)
    return Template(
        id=f"{header['id']}-{position:02d}",
        text=line,
        label=header.get("label", "allow"),
        reason=header.get("reason", ""),
        hard=header.get("hard", ""),
        lang=header.get("lang", "en"),
        who=header.get("who", "any"),
        kind=header.get("kind", ""),
        uses=min(int(header.get("uses", "1")), MOST_PER_TEMPLATE) if varied else 1,
        keep=header.get("style") == "keep",
        raw=raw,
    )


def read_slots() -> dict[str, list[str]]:
    """Word lists by slot name."""
    return tomllib.loads((PHRASES / "slots.toml").read_text(encoding="utf-8"))


def fill(template: Template, slots: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """One text of a template: choices taken, slots filled, marked words disguised.

    A slot keeps its value within one text; `{num2}` is another word of the same list.
    """
    if template.raw:
        return _unescape(template.text)
    text = template.text
    while found := CHOICE.search(text):
        text = text[: found.start()] + rng.choice(found[1].split("|")) + text[found.end() :]
    values: dict[str, list[str]] = {}

    def value(found: re.Match[str]) -> str:
        words = slots[found[1]]
        drawn = values.setdefault(found[1], rng.sample(words, min(3, len(words))))
        return drawn[int(found[2] or 1) - 1]

    text = SLOT.sub(value, text).replace("\\n", "\n")
    if template.hard == "obfuscation":
        text = MARKED.sub(lambda found: disguise(found[1], rng), text)
    return re.sub(r"  +", " ", text).strip()


def _unescape(text: str) -> str:
    text = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
    for escape, character in RAW_ESCAPES.items():
        text = text.replace(escape, character)
    return text


def disguise(word: str, rng: random.Random) -> str:
    """The word as somebody writes it who wants to pass a word filter."""
    inner = rng.randrange(1, max(2, len(word)))
    ways = [
        word.translate(LEET),
        word.translate(HOMOGLYPHS),
        word.translate(FULL_WIDTH),
        " ".join(word),
        rng.choice("._-*").join(word),
        ZERO_WIDTH.join(word),
        word[:inner] + rng.choice("*#.") + word[inner + 1 :],
        word[:inner] + word[inner - 1] * 4 + word[inner:],
    ]
    return rng.choice(ways)


def type_like(text: str, habits: frozenset[str], rng: random.Random) -> str:
    """The text as its author types it.

    Args:
        text: What the author wants to say.
        habits: Any of lower, bare, caps, typos, long, emoji, apostrophes.
        rng: Source of chance; each habit shows in some comments only.
    """
    if "lower" in habits and rng.random() < 0.8:
        text = text.lower()
    if "bare" in habits and rng.random() < 0.8:
        text = text.rstrip(".!")
    if "apostrophes" in habits:
        text = text.replace("'", "")
    if "typos" in habits and rng.random() < 0.5:
        text = misspell(text, rng)
    if "long" in habits and rng.random() < 0.35:
        text = _lengthen(text, rng)
    if "caps" in habits and rng.random() < 0.4:
        text = text.upper()
    if "emoji" in habits and rng.random() < 0.4:
        text += rng.choice([" 😂", " 💀", "!!!", " <3", " :)", " 😭", " ✨✨", " :D", " 🙈", " ..."])
    return text


def misspell(text: str, rng: random.Random) -> str:
    """The text with one word written as it sounds, or with one slip of the finger."""
    if "example." in text:
        return text
    by_ear = [found for found in re.finditer(r"[a-z]+", text) if found[0] in BY_EAR]
    if by_ear and rng.random() < 0.7:
        word = rng.choice(by_ear)
        return text[: word.start()] + BY_EAR[word[0]] + text[word.end() :]
    words = list(re.finditer(r"(?<![@\w])[a-zA-Zäöüñáéí]{5,}\b", text))
    if not words:
        return text
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 1)
    swapped, dropped = text[:at] + text[at + 1] + text[at] + text[at + 2 :], text[:at] + text[at + 1 :]
    return rng.choice((swapped, dropped))


def _lengthen(text: str, rng: random.Random) -> str:
    """Draws out one word that people do draw out, as in "sooooo"."""
    spots = list(DRAWN_OUT.finditer(text))
    if not spots:
        return text
    spot = rng.choice(spots)
    return text[: spot.end(1)] + spot[1] * rng.randrange(2, 7) + text[spot.end(1) :]
