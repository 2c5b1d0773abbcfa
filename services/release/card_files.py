"""The release card as files to take away: Markdown, JSON, and HTML that prints and needs no network."""

from html import escape
from typing import Any

from domain.errors import BadInput
from domain.text import escape_markdown, visible
from services.release.card_sections import Section, Table, sections_of, title_of
from services.release.releases import card_of
from storage.database import Database

FORMATS = {"md": "text/markdown", "json": "application/json", "html": "text/html"}

_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; color: #1d2433; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: .6rem 0 1rem; width: 100%; }
th, td { border: 1px solid #cfd5e1; padding: .25rem .5rem; text-align: left; vertical-align: top; }
td, p { overflow-wrap: anywhere; } td { min-width: 3.5em; } th { background: #eef1f7; }
.warning { border: 2px solid #b3261e; padding: .6rem .8rem; font-weight: 600; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } h2, tr, .warning { break-inside: avoid; } }
"""  # noqa: E501 - a style sheet
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


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
    parts = [f"# {escape_markdown(title_of(card))}"]
    for section in sections_of(card):
        parts.append(f"## {escape_markdown(section.title)}")
        if section.warning:
            parts.append(f"> **{escape_markdown(section.warning)}**")
        parts += [escape_markdown(line) for line in section.lines]
        parts += [_markdown_table(table) for table in section.tables if table.rows]
    return "\n\n".join(parts) + "\n"


def html_of(card: dict[str, Any]) -> str:
    """The card as one HTML page: no script, nothing loaded, every text escaped."""
    title = _html(title_of(card))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        + "\n".join(map(_html_section, sections_of(card)))
        + "\n</body>\n</html>\n"
    )


def _markdown_table(table: Table) -> str:
    head, *rows = [f"| {' | '.join(map(escape_markdown, row))} |" for row in (table.head, *table.rows)]
    return "\n".join([head, f"|{'---|' * len(table.head)}", *rows])


def _html_section(section: Section) -> str:
    parts = [f"<h2>{_html(section.title)}</h2>"]
    if section.warning:
        parts.append(f'<p class="warning">{_html(section.warning)}</p>')
    parts += [f"<p>{_html(line)}</p>" for line in section.lines]
    parts += [_html_table(table) for table in section.tables if table.rows]
    return "\n".join(parts)


def _html_table(table: Table) -> str:
    head = "".join(f"<th>{_html(cell)}</th>" for cell in table.head)
    rows = "\n".join(f"<tr>{''.join(f'<td>{_html(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _html(text: str) -> str:
    """The text as HTML shows it letter by letter; what cannot be seen is written out."""
    return escape(visible(text), quote=True)
