"""What a check says of a row, and what follows for the upload."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]

# The seven counts of the well-known validator for chat files; its users look for them by these names.
# Source: openai-cookbook, examples/Chat_finetuning_data_prep.ipynb.
PUBLISHED_CODES = (
    "data_type",
    "missing_messages_list",
    "message_missing_key",
    "message_unrecognized_key",
    "unrecognized_role",
    "missing_content",
    "example_missing_assistant_message",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in one row.

    Attributes:
        row: Where the example stands in its source, 1 is the first line; 0 means the set as a whole.
        field: The place within the example, as in messages[2].content; empty for all of it.
        code: What was found, in one word for counting.
        message: The same for a person. Never holds more of a text than a few characters.
        repair: What `repaired` does about it; None where that would be a guess.
        severity: An error keeps the set from being uploaded; a warning or a note does not.
    """

    row: int
    field: str
    code: str
    message: str
    repair: str | None = None
    severity: Severity = "error"


@dataclass(frozen=True)
class Checked:
    """Everything that was found in a set of examples."""

    example_count: int
    findings: tuple[Finding, ...]

    @property
    def ok_to_upload(self) -> bool:
        """Whether no finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each code, the most frequent first."""
        return dict(Counter(finding.code for finding in self.findings).most_common())

    @property
    def format_errors(self) -> dict[str, int]:
        """The counts of the published validator; empty where it would have found nothing."""
        return {code: count for code, count in self.counts.items() if code in PUBLISHED_CODES}

    @property
    def refused_rows(self) -> tuple[int, ...]:
        """The rows with an error, in order."""
        return tuple(sorted({one.row for one in self.findings if one.severity == "error" and one.row}))


class Report:
    """Collects the findings of one row, in the order in which they are added."""

    def __init__(self, row: int) -> None:
        self.row = row
        self.findings: list[Finding] = []

    def add(
        self, field: str, code: str, message: str, *, repair: str | None = None, severity: Severity = "error"
    ) -> None:
        self.findings.append(Finding(self.row, field, code, message, repair, severity))
