"""Headings, lines, tables and drawings as files to take away: Markdown, and HTML that needs no network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from domain.text import escape_markdown, visible

FORMATS = {"md": "text/markdown", "json": "application/json", "html": "text/html"}

_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; color: #1d2433; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: .6rem 0 1rem; width: 100%; }
th, td { border: 1px solid #cfd5e1; padding: .25rem .5rem; text-align: left; vertical-align: top; }
td, p { overflow-wrap: anywhere; } td { min-width: 3.5em; } th { background: #eef1f7; }
tr.few td { color: #7b8494; }
.warning { border: 2px solid #b3261e; padding: .6rem .8rem; font-weight: 600; }
.drawings { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
figure { margin: 0; break-inside: avoid; } figcaption { font-size: .85em; color: #5a6374; }
svg { max-width: 100%; height: auto; font: 11px system-ui, sans-serif; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } h2, tr, .warning { break-inside: avoid; } }
"""  # noqa: E501 - a style sheet
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Table:
    """A head and its rows; every cell is text as it is, never markup. Rows in `few` rest on few comments.

    That is written in a column of its own: print and Markdown know no grey.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    few: frozenset[int] = frozenset()

    @property
    def lines(self) -> list[tuple[str, ...]]:
        """The head and the rows as they are shown."""
        if not self.few:
            return [self.head, *self.rows]
        notes = ["few" if place in self.few else "" for place in range(len(self.rows))]
        return [(*self.head, "note"), *((*row, note) for row, note in zip(self.rows, notes, strict=True))]


@dataclass(frozen=True)
class Drawing:
    """A chart as SVG that one of our own modules has drawn, with every text in it escaped."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Section:
    """One question of the reader. `warning` is what must not be overlooked; drawings are in HTML only."""

    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    warning: str = ""
    drawings: tuple[Drawing, ...] = ()


def pairs(head: str, rows: Iterable[tuple[str, str]]) -> Table:
    """A table of names and what they are."""
    return Table(("", head), tuple((str(name), str(value)) for name, value in rows))


def markdown_page(title: str, sections: Sequence[Section]) -> str:
    """The sections as Markdown in which no name, label or note means anything but its letters."""
    parts = [f"# {escape_markdown(title)}"]
    for section in sections:
        parts.append(f"## {escape_markdown(section.title)}")
        if section.warning:
            parts.append(f"> **{escape_markdown(section.warning)}**")
        parts += [escape_markdown(line) for line in section.lines]
        parts += [_markdown_table(table) for table in section.tables if table.rows]
    return "\n\n".join(parts) + "\n"


def html_page(title: str, sections: Sequence[Section]) -> str:
    """The sections as one HTML page: no script, nothing loaded, every text escaped."""
    name = html_text(title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{name}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{name}</h1>\n"
        + "\n".join(map(_html_section, sections))
        + "\n</body>\n</html>\n"
    )


def html_text(text: str) -> str:
    """The text as HTML shows it letter by letter; what cannot be seen is written out."""
    return escape(visible(text), quote=True)


def _markdown_table(table: Table) -> str:
    head, *rows = [f"| {' | '.join(map(escape_markdown, row))} |" for row in table.lines]
    return "\n".join([head, f"|{'---|' * len(table.lines[0])}", *rows])


def _html_section(section: Section) -> str:
    parts = [f"<h2>{html_text(section.title)}</h2>"]
    if section.warning:
        parts.append(f'<p class="warning">{html_text(section.warning)}</p>')
    parts += [f"<p>{html_text(line)}</p>" for line in section.lines]
    if section.drawings:
        parts += ['<div class="drawings">', *map(_html_drawing, section.drawings), "</div>"]
    parts += [_html_table(table) for table in section.tables if table.rows]
    return "\n".join(parts)


def _html_drawing(drawing: Drawing) -> str:
    return f"<figure>{drawing.svg}<figcaption>{html_text(drawing.caption)}</figcaption></figure>"


def _html_table(table: Table) -> str:
    first, *others = table.lines
    head = "".join(f"<th>{html_text(cell)}</th>" for cell in first)
    rows = "\n".join(_html_row(row, is_few=place in table.few) for place, row in enumerate(others))
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _html_row(row: tuple[str, ...], *, is_few: bool) -> str:
    cells = "".join(f"<td>{html_text(cell)}</td>" for cell in row)
    return f'<tr class="few">{cells}</tr>' if is_few else f"<tr>{cells}</tr>"
