"""The release card as files to take away: Markdown, JSON, and HTML that prints and needs no network."""

from typing import Any

from domain.errors import BadInput
from services.release.card_sections import sections_of, title_of
from services.release.documents import FORMATS, html_page, markdown_page
from services.release.releases import card_of
from storage.database import Database


def card_file(db: Database, release_id: str, format: str) -> str:
    """The release's card as text in one of FORMATS.

    Raises:
        NotFound: there is no such release, or it was rejected.
        BadInput: there is no such format.
    """
    card, text = card_of(db, release_id)
    if format == "json":
        return text
    if format not in FORMATS:
        raise BadInput(f"A card is not written as '{format[:20]}'.", hint=f"One of {', '.join(FORMATS)}.")
    return markdown_of(card) if format == "md" else html_of(card)


def markdown_of(card: dict[str, Any]) -> str:
    """The card as Markdown in which no name, label or note means anything but its letters."""
    return markdown_page(title_of(card), sections_of(card))


def html_of(card: dict[str, Any]) -> str:
    """The card as one HTML page: no script, nothing loaded, every text escaped."""
    return html_page(title_of(card), sections_of(card))
