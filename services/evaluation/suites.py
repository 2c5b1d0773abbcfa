"""Suites of test cases as CSV, HateCheck's or a policy of one's own, and what their labels mean here."""

import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from domain.errors import BadInput
from domain.text import shortened

MOST_CASES, MOST_BYTES, MOST_CHARACTERS = 20_000, 20_000_000, 20_000
_HATECHECK = {"text": "test_case", "expected": "label_gold", "functionality": "functionality"}
_EXPECTED = ("expected", "expected label", "expected_label", "label")
_YES, _NO = ("1", "true", "yes", "y"), ("0", "false", "no", "n")

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class SuiteCase:
    """One text and the label that it has to get.

    Attributes:
        expected: In the spelling of the suite, until `in_labels_of` says what that is for a model.
        functionality: What is tested, such as "quoted slur".
        must_pass: Whether getting it wrong alone fails the model.
        in_policy: Whether the team's policy decides such cases; others are shown, but do not count.
    """

    text: str
    expected: str
    functionality: str
    must_pass: bool = False
    in_policy: bool = True


@dataclass(frozen=True)
class Suite:
    """The cases of a file, in its order."""

    sha256: str
    cases: tuple[SuiteCase, ...]

    @property
    def suite_id(self) -> str:
        """Names the very bytes of the file."""
        return f"suite-{self.sha256[:16]}"

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels as the suite spells them, in the order of their first use."""
        return tuple(dict.fromkeys(case.expected for case in self.cases))

    @property
    def functionalities(self) -> tuple[str, ...]:
        """What is tested, in the order of the file."""
        return tuple(dict.fromkeys(case.functionality for case in self.cases))


def read_suite(content: bytes) -> Suite:
    """The suite in the bytes of a CSV file.

    HateCheck's columns (functionality, test_case, label_gold), or text, expected and functionality, with
    must_pass (else no) and in_policy (else yes) where they are given.

    Raises:
        BadInput: it is no such file, is too large, or a row cannot be used; the message names the line.
    """
    rows = csv_rows(content, _case)
    if not rows:
        raise BadInput("The suite has no case.", hint="Each row below the header is one.")
    return Suite(hashlib.sha256(content).hexdigest(), tuple(rows))


def csv_rows(content: bytes, read: Callable[[dict[str, str], int], _Row]) -> list[_Row]:
    """Every row of a CSV, by `read` from its cells (column names in lower case) and its line.

    Raises:
        BadInput: it is not UTF-8 or no CSV, is too large, or what `read` raises.
    """
    if len(content) > MOST_BYTES:
        raise BadInput(f"The suite has {len(content):,} bytes.", hint=f"At most {MOST_BYTES:,}.")
    try:
        lines = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        names = {name: (name or "").strip().casefold() for name in lines.fieldnames or ()}
        rows = []
        for row in lines:
            cells = {names[name]: cell or "" for name, cell in row.items() if name is not None}
            rows.append(read(cells, lines.line_num))
            if len(rows) > MOST_CASES:
                raise BadInput(f"The suite has more than {MOST_CASES:,} rows.", hint="Split it.")
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"The suite is no CSV in UTF-8: {error}", hint="Save it as CSV UTF-8.") from error
    return rows


def in_labels_of(
    suite: Suite, labels: Sequence[str], mapping: Mapping[str, str], *, left_out: Sequence[str] = ()
) -> tuple[SuiteCase, ...]:
    """The cases as a model's labels say them.

    Args:
        labels: Of the model.
        mapping: From a label of the suite to one of the model's; those spelt alike need none.
        left_out: Functionalities that the policy does not decide.

    Raises:
        BadInput: a label of the suite means none of `labels`, or the suite does not test what is left out.
    """
    known = {label.casefold(): label for label in labels} | dict(mapping)
    meaning = {each: mapping.get(each, known.get(each.casefold(), "")) for each in suite.labels}
    for written, meant in meaning.items():
        if meant not in labels:
            raise BadInput(
                f"The suite's label '{shortened(written)}' stands for no label of the model.",
                hint=f"Say which: --map '{shortened(written, 30)}={labels[0]}'. Labels: {', '.join(labels)}.",
            )
    if unknown := sorted(set(left_out) - set(suite.functionalities)):
        raise BadInput(
            f"The suite has no functionality '{shortened(unknown[0])}'.", hint="Spell it as the suite does."
        )
    return tuple(
        replace(
            case,
            expected=meaning[case.expected],
            in_policy=case.in_policy and case.functionality not in left_out,
        )
        for case in suite.cases
    )


def cell_text(text: str, line: int) -> str:
    """A text of a suite as it is.

    Raises:
        BadInput: it is empty or too long.
    """
    if not text.strip() or len(text) > MOST_CHARACTERS:
        raise BadInput(
            f"Line {line} of the suite has a text of {len(text):,} characters.",
            hint=f"Each has 1 to {MOST_CHARACTERS:,}.",
        )
    return text


def _case(cells: dict[str, str], line: int) -> SuiteCase:
    if {"test_case", "label_gold"} <= cells.keys():
        names = _HATECHECK
    else:
        expected = next((name for name in _EXPECTED if name in cells), "expected")
        names = {"text": "text", "expected": expected, "functionality": "functionality"}
    if missing := [name for name in names.values() if name not in cells]:
        raise BadInput(
            f"The suite has no column '{missing[0]}'.",
            hint="Columns: text, expected, functionality, must_pass, in_policy; or those of HateCheck.",
        )
    expected, functionality = cells[names["expected"]].strip(), cells[names["functionality"]].strip()
    if not expected or not functionality:
        raise BadInput(f"Line {line} of the suite lacks its expected label or its functionality.")
    return SuiteCase(
        cell_text(cells[names["text"]], line),
        expected,
        functionality,
        must_pass=_flag(cells.get("must_pass", ""), False, line),
        in_policy=_flag(cells.get("in_policy", ""), True, line),
    )


def _flag(written: str, default: bool, line: int) -> bool:
    told = written.strip().casefold()
    if told not in ("", *_YES, *_NO):
        raise BadInput(f"Line {line} of the suite says '{shortened(written)}'.", hint="Say yes or no.")
    return told in _YES if told else default
