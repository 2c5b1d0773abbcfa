"""The server's own tokenizer: at most five letters a piece, so "disallow" is two tokens and "allow" one."""

import re

from tests.provider.wire import Json

PIECE = re.compile(r"\s?\w{1,5}|\s?[^\w\s]|\s")
TOKENS_PER_MESSAGE = 3
TOKENS_PER_EXAMPLE = 3


def pieces(text: str) -> list[str]:
    """Tokens whose concatenation is the text again."""
    return PIECE.findall(text)


def text_of(content: object) -> str:
    """The text of a message's content, which is a string, a list of parts, or null."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part.get("text", part.get("refusal", "")) for part in content)
    return ""


def count_messages(messages: list[Json]) -> int:
    """Tokens of a conversation: 3 per message, its content, and 3 for the answer's opening."""
    counts = (TOKENS_PER_MESSAGE + len(pieces(text_of(message.get("content")))) for message in messages)
    return sum(counts) + TOKENS_PER_EXAMPLE
