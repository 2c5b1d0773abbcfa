"""Examples read from files: chat JSONL, prompt/completion pairs, and JSON in the cells of a table."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from domain.errors import BadInput
from domain.json_cells import read_cell
from domain.json_text import Json, NotJson, read_json
from services.modelling.formats.examples import ChatExample, pair_messages
from services.modelling.formats.findings import Finding
from storage.intake import csv_rows
from storage.intake.encodings import json_encoding_of
from storage.intake.lines import encoding_reason, is_damaged, line_blocks

MAX_FILE_BYTES = 1_000_000_000

_ENDINGS = (".jsonl", ".csv", ".tsv")


@dataclass
class ReadExamples:
    """The examples of a file in its order, what could not be read and what was repaired."""

    system_prompt: str | None = None
    examples: list[ChatExample] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    converted_count: int = 0

    def add(self, value: Json, row: int) -> None:
        """Add the line as it stands, or as messages if it is a prompt/completion pair."""
        if isinstance(value, dict) and {"prompt", "completion"} <= set(value) and "messages" not in value:
            pair = pair_messages(value["prompt"], value["completion"], system_prompt=self.system_prompt)
            if pair is None:
                self.refuse(row, "broken_pair", "prompt and completion must be texts, or lists of messages.")
                return
            self.converted_count += 1
            value = {"messages": pair}
        self.examples.append(ChatExample(row, value))

    def refuse(self, row: int, code: str, message: str) -> None:
        """List a row that could not be read, and why."""
        self.findings.append(Finding(row, "", code, message))


def read_examples(path: Path, *, system_prompt: str | None = None) -> ReadExamples:
    """The examples of a .jsonl, .csv or .tsv file.

    JSONL: chat lines as they stand; prompt/completion lines are converted. Tables: the columns prompt and
    completion, or else the JSON objects in their cells.

    Args:
        path: The file.
        system_prompt: Put before each converted pair; chat lines keep their own.

    Raises:
        BadInput: the file has another ending, is too large, empty, or in an encoding that is not read.
    """
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise BadInput(
            f"'{path.name}' is no file of examples.", hint=f"Its name must end in {', '.join(_ENDINGS)}."
        )
    if path.stat().st_size > MAX_FILE_BYTES:
        raise BadInput(f"'{path.name}' is larger than {MAX_FILE_BYTES:,} bytes.", hint="Split it.")
    read = ReadExamples(system_prompt)
    if ending == ".jsonl":
        _read_jsonl(path, read)
    else:
        _read_table(path, read)
    if read.converted_count:
        message = f"{read.converted_count:,} prompt/completion pairs became chat messages."
        repair = "separators and white space at their ends were left out"
        read.findings.insert(0, Finding(0, "", "converted_pairs", message, repair, "note"))
    return read


def _read_jsonl(path: Path, read: ReadExamples) -> None:
    encoding, before = json_encoding_of(path), 0
    for block in line_blocks(path, encoding):
        for row, line in enumerate(block.lines, start=before + 1):
            if not line.strip(" \t\r\n"):
                continue
            if block.damaged and is_damaged(line):
                read.refuse(row, "not_json", encoding_reason(line, encoding))
                continue
            try:
                value = read_json(line)
            except NotJson as error:
                read.refuse(row, "not_json", str(error))
                continue
            read.add(value, row)
        before += len(block.lines)


def _read_table(path: Path, read: ReadExamples) -> None:
    layout = csv_rows.layout_of(path)
    names = {name.strip().casefold(): name for name in layout.columns}
    if "prompt" in names and "completion" in names:
        wanted = {one: names[one] for one in ("prompt", "completion")}
        for row, record in _records(path, layout, wanted, read):
            read.add({one: record.get(one) or "" for one in wanted}, row)
        return
    if any(_looks_like_json(name) for name in layout.columns):  # there is no header
        _add_cells(read, layout.header_line, list(layout.columns), layout.delimiter)
    for row, record in _records(path, layout, {name: name for name in layout.columns}, read):
        _add_cells(read, row, [cell for cell in record.values() if cell], layout.delimiter)


def _records(
    path: Path, layout: csv_rows.CsvLayout, columns: dict[str, str], read: ReadExamples
) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Every record with its line; a damaged one is listed, unless its line as a whole is JSON."""
    for batch in csv_rows.batches(path, layout, columns):
        records = [
            (row, {name: values[place] for name, values in batch.fields.items()})
            for place, row in enumerate(batch.lines)
        ]
        for finding in batch.findings:
            if read_cell(finding.raw).objects:
                records.append((finding.line, {next(iter(columns)): finding.raw}))
            else:
                read.refuse(finding.line, "broken_record", finding.reason)
        yield from sorted(records, key=lambda record: record[0])


def _add_cells(read: ReadExamples, row: int, texts: list[str], delimiter: str) -> None:
    """The examples in the cells of one row: messages that stand alone make one example together."""
    cells = [read_cell(text) for text in texts if _looks_like_json(text)]
    reason = next((cell.reason for cell in cells if cell.reason), "" if cells else "No cell holds JSON.")
    if reason:
        joined = read_cell(delimiter.join(texts))  # JSON that was not quoted falls apart at its commas
        if joined.reason:
            read.refuse(row, "broken_cell", reason)
            return
        cells = [replace(joined, repairs=("cells of the row put together", *joined.repairs))]
    objects = [one for cell in cells for one in cell.objects]
    if repair := "; ".join(dict.fromkeys(name for cell in cells for name in cell.repairs)):
        message = "The JSON in the row was repaired."
        read.findings.append(Finding(row, "", "repaired_cell", message, repair, "note"))
    if all("role" in one for one in objects):
        read.add({"messages": [*objects]}, row)
        return
    for one in objects:
        read.add(one, row)


def _looks_like_json(cell: str) -> bool:
    return cell.lstrip("\ufeff \"'“”‘’")[:1] in ("{", "[")
