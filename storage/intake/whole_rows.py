"""All cells of a row, mapped or not: to keep a refused one whole, and to know an unmended one again."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from domain.column_names import REFUSED_COLUMNS
from storage.intake.batch import MARKS_COLUMN, Batch, FileFormat, refusal, without_refused
from storage.intake.csv_records import Dialect

NOT_MENDED = " It stands here as it was refused; mend it."

_CELL = "(row) "  # begins the field that a column of the whole row is read as
_LINE, _BECAUSE, _ROW, _UNLESS_CHANGED = REFUSED_COLUMNS


@dataclass(frozen=True)
class WholeRows:
    """How the rows of a file are asked for whole, and written as a finding keeps them."""

    columns: tuple[str, ...]
    file_format: FileFormat
    delimiter: str
    quoting: str

    @property
    def own(self) -> tuple[str, ...]:
        """The columns without those that only a file of refused rows, or an export of ours, has."""
        return tuple(name for name in self.columns if name not in (*REFUSED_COLUMNS, MARKS_COLUMN))

    @property
    def asked(self) -> dict[str, str]:
        """What the reader of the file is asked for beside the mapped columns."""
        return {f"{_CELL}{name}": name for name in self.columns}

    def raw(self, batch: Batch, place: int) -> str:
        """The row as one text, from which its cells can be told again."""
        own = self.own
        wanted = self.columns[: self.columns.index(own[-1]) + 1] if own else ()
        cells = {name: _cell(batch, place, name) if name in own else "" for name in wanted}
        if self.file_format not in ("csv", "xlsx"):
            return json.dumps({name: cell for name, cell in cells.items() if cell}, ensure_ascii=False)
        if self.quoting == "none":
            return self.delimiter.join(cells.values())
        options = Dialect(self.delimiter, self.quoting).options()
        is_escaped = options.get("escapechar") is not None
        stream = io.StringIO()
        csv.writer(
            stream, lineterminator="", quoting=csv.QUOTE_ALL, doublequote=not is_escaped, **options
        ).writerow(cells.values())
        return stream.getvalue()

    def without_unmended(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches without the rows of a file of refused rows that are still as they were refused."""
        for batch in batches:
            refused = {}
            for place, line in enumerate(batch.lines):
                cells = {name: _cell(batch, place, name) for name in self.own}
                if _cell(batch, place, _UNLESS_CHANGED) == mark_of(cells):
                    because = _cell(batch, place, _BECAUSE).removesuffix(NOT_MENDED)
                    refused[place] = refusal(line, because + NOT_MENDED, self.raw(batch, place))
            yield without_refused(batch, refused)


def is_marked(columns: Iterable[str]) -> bool:
    """Whether the file is one of refused rows, whose rows say what they were."""
    return _UNLESS_CHANGED in columns


def is_cell(field: str) -> bool:
    """Whether the field is a cell of a whole row."""
    return field.startswith(_CELL)


def mark_of(cells: Mapping[str, str]) -> str:
    """What tells whether a cell of the row was changed, in whatever order its columns come."""
    told = sorted((name, cell.replace("\r", "")) for name, cell in cells.items())
    return "as-" + blake2b(json.dumps(told).encode("ascii"), digest_size=8).hexdigest()


def _cell(batch: Batch, place: int, name: str) -> str:
    return batch.fields[f"{_CELL}{name}"][place] or ""
