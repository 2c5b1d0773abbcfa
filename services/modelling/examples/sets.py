"""Keep the good examples of a file under a dataset, frozen, so that a model can be tuned on them."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from domain.errors import BadInput, NotFound
from domain.examples import FINDINGS, TRAIN, VALIDATION, ExampleSet
from domain.people import actor_named
from domain.text import shortened
from services.modelling.examples.files import read_file
from services.modelling.formats.chat import write_jsonl
from services.modelling.formats.check import Limits, check
from services.modelling.formats.examples import ChatExample, jsonl_line
from services.modelling.formats.findings import Finding
from services.modelling.formats.questions import (
    files_sha256,
    question_sha256,
    shared_system_prompt,
    split_by_question,
)
from services.modelling.formats.repairs import repaired
from services.modelling.formats.shape import EXAMPLE_KEYS
from storage.database import Database
from storage.datasets import get_dataset
from storage.example_sets import add_example_set, example_set_folder, get_example_set, list_example_sets

__all__ = [
    "MIN_TRAINED", "ExampleSet", "examples_file", "findings_of", "get_example_set", "keep_examples",
    "list_example_sets",
]  # fmt: skip

HELD_OUT = 0.1  # of the examples, where no validation file is given
MIN_TRAINED = 10  # a host refuses fewer, so that none is held out of fewer
MAX_NAME = 100  # characters


def keep_examples(
    db: Database,
    dataset_id: str,
    path: Path,
    *,
    actor: str,
    validation: Path | None = None,
    name: str = "",
    file_name: str = "",
    held_out: float = HELD_OUT,
) -> ExampleSet:
    """Keep the examples of a file that are right in form, repaired where that changes nothing; list the rest.

    The same question never stands in training and in validation, whatever the system prompt.

    Args:
        db: The database.
        dataset_id: Under which they are kept; where its comments may not leave, nor may they.
        path: Chat lines, prompt/completion pairs, or JSON in the cells of a table.
        actor: Who keeps them.
        validation: A second file; without it, a share is held out by the hash of the question.
        name: For people; by default the name of the file.
        file_name: Of the file, where `path` is a copy of it.
        held_out: That share, 0 to 0.5.

    Raises:
        NotFound: there is no such dataset.
        BadInput: a file cannot be read, no example is left, or the share is not possible.
        Conflict: the dataset holds the same examples already.
    """
    who, known_as = actor_named(actor), file_name or path.name
    get_dataset(db, dataset_id)
    if not 0.0 <= held_out <= 0.5:
        raise BadInput(f"A share of {held_out:g} cannot be held out.", hint="Give 0 to 0.5.")
    if len(name) > MAX_NAME:
        raise BadInput(f"The name '{shortened(name)}' is too long.", hint=f"At most {MAX_NAME} characters.")
    trained, findings = _good_examples(path)
    if validation is None:
        trained, asked = split_by_question(trained, held_out, min_trained=MIN_TRAINED)
    else:
        asked, more = _good_examples(validation)
        asked, overlap = _without_known(asked, trained)
        findings += [replace(one, field=f"validation {one.field}".strip()) for one in [*more, *overlap]]
    if not trained:
        raise BadInput(
            f"'{shortened(known_as)}' holds no example that can be kept.",
            hint="Check the file to see what is wrong, row by row.",
        )

    prompt = shared_system_prompt([*trained, *asked])

    def write(folder: Path) -> None:
        write_jsonl(trained, folder / TRAIN)
        write_jsonl(asked, folder / VALIDATION)
        lines = (json.dumps(asdict(finding), ensure_ascii=True) + "\n" for finding in findings)
        (folder / FINDINGS).write_text("".join(lines), encoding="utf-8")

    return add_example_set(
        db,
        dataset_id,
        name=name.strip() or known_as,
        file_name=known_as,
        sha256=_sha256_of(trained, asked),
        counts=_counts(trained, asked, findings),
        prompt_sha256=prompt and hashlib.sha256(prompt.encode()).hexdigest(),
        actor=who,
        write=write,
    )


def examples_file(db: Database, example_set_id: str, name: str) -> Path:
    """Where train.jsonl, validation.jsonl or findings.jsonl of a set lies. They are never changed.

    Raises:
        NotFound: there is no such set, or the file is gone.
    """
    get_example_set(db, example_set_id)
    file = example_set_folder(db.home, example_set_id) / name
    if name not in (TRAIN, VALIDATION, FINDINGS) or not file.is_file():
        raise NotFound(f"{example_set_id} has no file '{shortened(name)}'.", hint="Keep the examples again.")
    return file


def findings_of(db: Database, example_set_id: str) -> list[Finding]:
    """Everything that was found when the examples were kept, in the order of the rows."""
    lines = examples_file(db, example_set_id, FINDINGS).read_text(encoding="utf-8").splitlines()
    return [Finding(**json.loads(line)) for line in lines]


def _good_examples(path: Path) -> tuple[list[ChatExample], list[Finding]]:
    """The examples that a host would take, and everything that was found, in the order of the rows."""
    read = read_file(path)
    mended = repaired(read.examples)
    found = [replace(one, severity="note") for one in _found(read.examples) if one.repair]
    good = [_own_keys(one) for one in mended if all(each.severity != "error" for each in _found([one]))]
    found = [*read.findings, *found, *map(_told_as_left_out, _found(mended))]
    return good, sorted(found, key=lambda finding: finding.row)


def _told_as_left_out(finding: Finding) -> Finding:
    """What is no part of an example may be anything, an author's name too: it is not kept."""
    return replace(finding, repair="left out") if finding.code == "example_unrecognized_key" else finding


def _found(examples: Sequence[ChatExample]) -> tuple[Finding, ...]:
    """What is wrong in the examples themselves; how many a host needs is checked before they leave."""
    return check(examples, limits=Limits(min_examples=0)).findings


def _own_keys(example: ChatExample) -> ChatExample:
    """The example without what is no part of it."""
    value = example.value
    if not isinstance(value, dict):
        return example
    return replace(example, value={key: value[key] for key in value if key in EXAMPLE_KEYS})


def _without_known(
    asked: Sequence[ChatExample], trained: Iterable[ChatExample]
) -> tuple[list[ChatExample], list[Finding]]:
    """The validation examples whose question is not trained on, and a finding for each of the others."""
    known = {question_sha256(one): one.row for one in reversed(list(trained))}
    kept, found = [], []
    for one in asked:
        row = known.get(question_sha256(one))
        if row is None:
            kept.append(one)
            continue
        both = f"Its question is row {row:,} of the training file; it was left out of validation."
        found.append(Finding(one.row, "", "validation_overlap", both, "left out", "warning"))
    return kept, found


def _counts(
    trained: Sequence[ChatExample], asked: Sequence[ChatExample], findings: Sequence[Finding]
) -> dict[str, object]:
    refused = {(one.field.startswith("validation"), one.row) for one in findings if one.severity == "error"}
    found = dict(Counter(one.code for one in findings).most_common())
    return {"train": len(trained), "validation": len(asked), "refused": len(refused), "found": found}


def _sha256_of(trained: Sequence[ChatExample], asked: Sequence[ChatExample]) -> str:
    train, validation = ("".join(map(jsonl_line, part)).encode() for part in (trained, asked))
    return files_sha256(train, validation)
