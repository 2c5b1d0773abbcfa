"""Score a file of texts against their references: every number with its signature and interval."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput, WorkbenchError
from domain.pairs import TASKS
from services.generation.fluency import FluencyJudge
from services.generation.layouts import ReadPairs, by_number, rows_of, stem, texts_in
from services.generation.opponents import DELETE, telling_words, trivial
from services.generation.table import System, measured, report_of
from services.generation.toxicity import unwanted_label, unwanted_scores
from services.jobs.managing.answering import answering
from services.modelling.models import get_model, model_folder
from storage.database import Database

MOST_ROWS = 20_000
TEXTS, REFERENCES, SOURCES = (
    ("text", "output", "prediction", "hypothesis"),
    ("reference", "target"),
    ("source",),
)

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]
Facts = dict[str, Any]


@dataclass(frozen=True)
class ScoredTexts:
    """What a file holds: texts, the references of each, and the sources where the file has them."""

    texts: tuple[str, ...]
    references: tuple[tuple[str, ...], ...]
    sources: tuple[str, ...] | None
    refused: tuple[tuple[int, str], ...]


def score_file(
    db: Database,
    path: Path,
    *,
    task: str = "summarise",
    columns: Mapping[str, str] | None = None,
    model_id: str | None = None,
    unwanted: str | None = None,
    progress: Progress,
) -> Facts:
    """The report of a file of texts; with sources, the opponents that need no training stand beside it.

    Args:
        db: The database.
        path: A .tsv, .csv or .jsonl with a column of texts, and one or more of references.
        task: What the texts were to do; decides by which number they are judged.
        columns: `text`, `reference` and `source` to the names in the file.
        model_id: A classifier of the workbench that judges toxicity.
        unwanted: Its label that is to be avoided.
        progress: Told what is done, and how much of it.

    Raises:
        BadInput: the file has no such columns or no row of use, or there is no such task.
        NotFound: there is no such model.
    """
    if task not in TASKS:
        raise BadInput(f"There is no task {task!r}.", hint=f"Tasks: {', '.join(TASKS)}.")
    read = read_texts(path, columns)
    written = {path.name: list(read.texts)}
    if read.sources is not None:
        neutral = [text for refs in read.references for text in refs]
        found = trivial(task, read.sources, telling_words(read.sources, neutral))
        if task == "detoxify" and found[DELETE] == list(read.sources):
            del found[DELETE]  # too few rows to tell which words are toxic
        written = found | written
    signatures: dict[str, str] = {}
    judge = _Judging(db, model_id, unwanted, progress) if model_id else None
    fluent = _fluency(read, signatures) if task == "detoxify" else None
    systems: list[System] = []
    for name, outputs in written.items():
        progress(f"Measures {name}.", len(systems) / len(written))
        relevance = _cosines(outputs, read.references, signatures, "relevance", progress)
        meaning = None
        if read.sources is not None:
            meaning = _cosines(outputs, [[one] for one in read.sources], signatures, "meaning", progress)
        systems.append(
            measured(
                task,
                System(name, "model" if name == path.name else "trivial", tuple(outputs)),
                read.references,
                meaning=meaning,
                relevance=relevance,
                fluency=fluent(outputs) if fluent else None,
                toxicity=judge(outputs) if judge else None,
            )
        )
    before = judge(read.sources) if judge and read.sources is not None else None
    if judge:
        signatures["toxicity"] = judge.name
    report = report_of(
        task, read.sources, read.references, systems, signatures=signatures, source_toxicity=before
    )
    return {**report, "file": path.name, "refused": [list(one) for one in read.refused]}


def read_texts(path: Path, columns: Mapping[str, str] | None = None) -> ScoredTexts:
    """The texts of a file; an empty text counts, a row without a reference does not.

    Raises:
        BadInput: the columns are not there, or no row is of use.
    """
    wanted, read = dict(columns or {}), ReadPairs()
    texts: list[str] = []
    references: list[tuple[str, ...]] = []
    sources: list[str] = []
    names: dict[str, str] = {}
    for row, cells in rows_of(path, read):
        if not names:
            names = _columns(cells, wanted)
        found = [
            text for name in sorted(cells, key=by_number) if stem(name) == names["reference"]
            for text in texts_in(cells[name])
        ]  # fmt: skip
        if not found:
            read.refused.append((row, f"No '{names['reference']}' says anything."))
            continue
        texts.append(str(cells.get(names["text"]) or "").strip())
        references.append(tuple(found))
        sources.append(str(cells.get(names.get("source", "")) or "").strip())
    if not texts or len(texts) > MOST_ROWS:
        raise BadInput(
            f"'{path.name}' holds {len(texts):,} texts with a reference.", hint=f"Give 1 to {MOST_ROWS:,}."
        )
    return ScoredTexts(
        tuple(texts), tuple(references), tuple(sources) if "source" in names else None, tuple(read.refused)
    )


def _columns(cells: Mapping[str, Any], wanted: Mapping[str, str]) -> dict[str, str]:
    """Which column holds what; a reference's without its number."""
    stems, found = {stem(name) for name in cells}, {}
    for part, known in (("text", TEXTS), ("reference", REFERENCES), ("source", SOURCES)):
        have = stems if part == "reference" else set(cells)
        named = [stem(wanted[part])] if part == "reference" and part in wanted else [wanted.get(part, "")]
        chosen = next((name for name in (*named, *known) if name in have), None)
        if chosen is None and (part != "source" or part in wanted):
            raise BadInput(
                f"There is no column for the {part}: {', '.join(list(cells)[:12])}.",
                hint=f"Name it: --column {part}=COLUMN.",
            )
        if chosen is not None:
            found[part] = chosen
    return found


def _fluency(read: ScoredTexts, signatures: dict[str, str]) -> FluencyJudge | None:
    """A judge that learned from the references; None where they are too few."""
    human = [text for refs in read.references for text in refs]
    if len(human) < 5:
        return None
    judge = FluencyJudge(human)
    signatures["fluency"] = judge.signature
    return judge


def _cosines(
    texts: Sequence[str],
    others: Sequence[Sequence[str]],
    signatures: dict[str, str],
    name: str,
    progress: Progress,
) -> Floats:
    told = _ask(
        {"kind": "meaning", "texts": list(texts), "others": [list(each) for each in others]}, progress
    )
    signatures[name] = told["signature"]
    return np.array(told["cosines"], dtype=np.float64)


class _Judging:
    """A classifier of the workbench, asked in the process that answers."""

    def __init__(self, db: Database, model_id: str, unwanted: str | None, progress: Progress) -> None:
        model = get_model(db, model_id)
        self.unwanted = unwanted_label(model.labels, unwanted, name=model_id)
        self.name = f"{model_id}, '{self.unwanted}'"
        self._labels, self._folder = model.labels, str(model_folder(db, model_id))
        self._progress = progress

    def __call__(self, texts: Sequence[str]) -> Floats:
        told = _ask({"kind": "classify", "folder": self._folder, "texts": list(texts)}, self._progress)
        rows = told["rows"]
        return unwanted_scores(
            [row["label"] for row in rows], [row["scores"] for row in rows], told["labels"], self.unwanted
        )


def _ask(question: Facts, progress: Progress) -> Facts:
    """The answer of the process that loads models."""
    answers: list[Facts | WorkbenchError] = []
    answering().ask(
        [question],
        arrived=lambda _place, answer: answers.append(answer),
        progress=lambda _place, told: progress(str(told.get("progress", "")), 0.0),
        within_s=3_600.0,
    )
    if isinstance(answers[0], WorkbenchError):
        raise answers[0]
    return answers[0]
