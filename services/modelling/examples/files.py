"""Files of fine-tuning examples: checked, counted, and written from a snapshot."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from domain.comments import CommentFilter
from domain.errors import BadInput
from services.curation.datasets import find_guideline, get_dataset, get_label_set
from services.curation.snapshots import get_snapshot, snapshot_file
from services.modelling.formats.chat import ChatSet, from_comments, write_jsonl
from services.modelling.formats.check import Limits, check
from services.modelling.formats.examples import ChatExample
from services.modelling.formats.findings import Checked, Finding
from services.modelling.formats.reading import ReadExamples, read_examples
from services.modelling.formats.shape import shape_findings
from services.modelling.tokens.budget import Counts, TokenBudget, budget, counts_of, tokens_of_example
from services.modelling.tokens.comment_tokens import Progress
from services.modelling.tokens.encodings import ENCODINGS, Encoding, get_encoding
from services.modelling.tokens.snapshots import DEFAULT_LIMIT, chosen_comments, count_snapshot
from services.several import refuse_several
from storage.database import Database
from storage.exports import reading_comments


@dataclass(frozen=True)
class FileBudget:
    """The budget of a file of examples.

    Attributes:
        rows: The row of each example that was counted; `budget.over_limit` are places in it.
        not_counted: Examples that are wrong in form.
        checked: Everything found in the file.
        tokens: Of each example that was counted, shape (n,), for the costs.
    """

    rows: tuple[int, ...]
    not_counted: int
    checked: Checked
    budget: TokenBudget
    tokens: Counts


@dataclass(frozen=True)
class WrittenExamples:
    """A chat file made of a snapshot, and what a host would say of it."""

    path: Path
    examples: int
    prompt_sha256: str
    ok_to_upload: bool
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]


def budget_of_file(path: Path, *, encoding: str, limit: int) -> FileBudget:
    """Check a file of chat lines, prompt/completion pairs or JSON in the cells of a table, and count it.

    Raises:
        BadInput: the file cannot be read, holds no example that is right in form, or the limit is not
            possible.
        NotFound: there is no such encoding.
    """
    counts, read = get_encoding(encoding), read_file(path)
    fine = [example for example in read.examples if _is_fine(example)]
    if not fine:
        raise BadInput(
            f"'{path.name}' holds no example that is right in form: {len(read.examples):,} are wrong, "
            f"{len(read.findings):,} rows were listed.",
            hint="Check the file to see what is wrong, row by row.",
        )
    counted = counts_of((example.messages for example in fine), counts)
    return FileBudget(
        rows=tuple(example.row for example in fine),
        not_counted=len(read.examples) - len(fine),
        checked=_checked(read, counts, limit=limit),
        budget=budget(counted, encoding=counts, limit=limit),
        tokens=counted.tokens,
    )


def check_file(
    path: Path,
    *,
    validation: Path | None = None,
    encoding: str = ENCODINGS[0],
    limit: int = DEFAULT_LIMIT,
) -> Checked:
    """Everything found in a file of examples, rows that could not be read among it.

    Args:
        validation: A second file; examples that stand in both are found.

    Raises:
        BadInput: a file cannot be read at all.
        NotFound: there is no such encoding.
    """
    held_out = read_file(validation) if validation else ReadExamples()
    return _checked(read_file(path), get_encoding(encoding), limit=limit, validation=held_out)


def write_chat(
    db: Database,
    snapshot_id: str,
    path: Path,
    *,
    split: str = "train",
    system_prompt: str | None = None,
    shares: Mapping[str, float] | None = None,
    weight: int | None = None,
    progress: Progress,
) -> WrittenExamples:
    """Write the labelled comments of a split as chat JSONL, and check what was written.

    Args:
        path: Ends in .jsonl; an existing file is replaced.
        system_prompt: The newest guideline of the dataset if None.
        shares: Per label, the share of its comments that is kept, 0 to 1.
        weight: Written on every answer: 1 is learned from, 0 is not; None writes none, which means 1.

    Raises:
        NotFound: there is no such snapshot.
        BadInput: there is no guideline, a share, the weight or the split is not possible, no example is left,
            or the file cannot be written.
    """
    snapshot, counts = get_snapshot(db, snapshot_id), get_encoding(ENCODINGS[0])
    prompt = system_prompt if system_prompt is not None else guideline_of(db, snapshot.dataset_id)
    count_snapshot(db, snapshot_id, encoding=counts.name, progress=progress)
    chosen = chosen_comments(db, snapshot_id, split=split, encoding=counts.name, shares=shares)
    columns = ["comment_id", "external_id", "text", "label", "split"]
    frozen = pq.read_table(snapshot_file(db, snapshot_id, "comments.parquet"), columns=columns)
    rows = zip(*(frozen.column(name).to_pylist() for name in columns), strict=True)
    made = from_comments(
        ((known_as, text, label) for number, known_as, text, label, _ in rows if number in chosen),
        system_prompt=prompt,
        labels=snapshot.labels,
        weight=weight,
    )
    return _written(made, path, counts, f"The {split} split of {snapshot_id}")


def write_chat_of(
    db: Database,
    wanted: CommentFilter,
    path: Path,
    *,
    system_prompt: str | None = None,
    weight: int | None = None,
    progress: Progress,
) -> WrittenExamples:
    """Write the comments that the filter asks for and that have a label in force as chat JSONL; check them.

    Excluded comments are left out.

    Raises:
        BadInput: as for `write_chat`.
    """
    counts, dataset = get_encoding(ENCODINGS[0]), wanted.dataset_id
    prompt = system_prompt if system_prompt is not None else guideline_of(db, dataset)
    refuse_several(get_dataset(db, dataset), "Chat examples")
    progress("looking for the comments", 0.1)
    with reading_comments(db, replace(wanted, excluded=False)) as reader:
        rows = reader.read_all().select(["id", "text", "label"]).to_pylist()
    made = from_comments(
        ((row["id"], row["text"], row["label"]) for row in rows if row["label"] is not None),
        system_prompt=prompt,
        labels=get_label_set(db, dataset).names,
        weight=weight,
    )
    progress("checking the examples", 0.6)
    return _written(made, path, counts, "What was asked for")


def _written(made: ChatSet, path: Path, counts: Encoding, what: str) -> WrittenExamples:
    if not made.examples:
        raise BadInput(f"{what} makes no example.", hint="Choose another part, or keep more.")
    checked = check(made.examples, count_tokens=_counts(counts), personal_data=True)
    try:
        written = write_jsonl(made.examples, path)
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"{path} cannot be written: {reason}.", hint="Choose another place.") from error
    found = (*made.findings, *checked.findings)
    tally = dict(Counter(finding.code for finding in found).most_common())
    return WrittenExamples(path, written, made.prompt_sha256, checked.ok_to_upload, tally, found)


def guideline_of(db: Database, dataset_id: str) -> str:
    """The newest guideline of a dataset, which is its system prompt.

    Raises:
        BadInput: none was written.
    """
    found = find_guideline(db, dataset_id)
    if found is None:
        raise BadInput(
            f"'{dataset_id}' has no guideline to use as system prompt.",
            hint="Write one: guideline --dataset NAME --file FILE, or give a system prompt.",
        )
    return found[1]


def read_file(path: Path) -> ReadExamples:
    """The examples of a file, with what could not be read of it.

    Raises:
        BadInput: it cannot be read at all.
    """
    try:
        return read_examples(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.", hint="Is it there?") from error


def _checked(
    read: ReadExamples, counts: Encoding, *, limit: int, validation: ReadExamples | None = None
) -> Checked:
    held_out = validation or ReadExamples()
    found = check(
        read.examples,
        validation=held_out.examples,
        limits=Limits(example_tokens=limit),
        count_tokens=_counts(counts),
        personal_data=True,
    )
    rows = sorted((*read.findings, *found.findings), key=lambda finding: finding.row)
    return Checked(found.example_count, tuple(rows))


def _counts(encoding: Encoding) -> Callable[[ChatExample], int]:
    return lambda example: tokens_of_example(example.messages, encoding)[0]


def _is_fine(example: ChatExample) -> bool:
    return all(finding.severity != "error" for finding in shape_findings(example))
