"""The whole report on what a job wrote: its facts, and the same as one file to take away."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from domain.errors import BadInput
from domain.text import shortened
from services.generation.ratings import agreement_of, list_ratings, rated_systems
from services.generation.report_tables import (
    CHANGE_NOTE,
    lowered_told,
    models_table,
    steps_table,
    systems_table,
)
from services.generation.written import (
    FAR_BELOW,
    differences,
    get_report,
    ordered,
    orders_of,
    side_by_side,
)
from services.jobs.managing.launch import get_job
from services.jobs.process.folder import Facts
from services.plain import plain
from services.release.documents import FORMATS, Section, Table, html_page, markdown_page
from storage.database import Database

SHOWN = 10  # texts of each kind
_QUOTED = 600  # characters of a text
_MARKS = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
_KINDS = {
    "worst": "The worst texts",
    "best": "The best texts",
    "meaning lost": f"Far from their source by embeddings (cosine below {FAR_BELOW:g})",
}


def written_report(db: Database, job_id: str, *, shown: int = SHOWN) -> Facts:
    """Everything about what a job wrote, as JSON holds it.

    Raises:
        NotFound: there is no such job, or it has written nothing yet.
        BadInput: a file of it is damaged.
    """
    job, report = get_job(db, job_id), get_report(db, job_id)
    found = side_by_side(db, job_id)
    said = list_ratings(db, pair_set_id=job.snapshot_id, job_id=job_id)
    last = models_of(report)[-1]
    texts: dict[str, Any] = {
        kind: [plain(one) for one in ordered(found, last, kind)[:shown]] for kind in orders_of(report["task"])
    }
    lost = len(ordered(found, last, "meaning lost"))
    return {
        "job_id": job_id,
        "name": job.spec["name"] or f"Written by {last}",
        "pair_set_id": job.snapshot_id,
        "pairs_sha256": job.spec["snapshot_sha256"],
        "report": report,
        "meaning_lost": lost,
        "texts": texts,
        "people": [plain(one) for one in rated_systems(said)],
        "agreement": plain(agreement_of(said)),
    }


def models_of(report: Mapping[str, Any]) -> list[str]:
    """The models of a report by name, in the order of their training."""
    return [row["name"] for row in report["systems"] if row["kind"] == "model"]


def written_file(facts: Mapping[str, Any], format: str) -> str:
    """The report as text in one of FORMATS; no text in it means anything but its letters.

    Raises:
        BadInput: there is no such format.
    """
    if format == "json":
        return json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    if format not in FORMATS:
        raise BadInput(
            f"A report is not written as '.{format[:20]}'.", hint=f"End it in .{', .'.join(FORMATS)}."
        )
    page = markdown_page if format == "md" else html_page
    return page(f"{facts['name']}: what was written", sections_of(facts))


def sections_of(facts: Mapping[str, Any]) -> tuple[Section, ...]:
    """The report in the order of a lead's questions."""
    report = facts["report"]
    steps = steps_table(report)
    last = [*report["verdicts"][-1:], lowered_told(report["systems"][-1])]
    return (
        Section("In short", tuple(filter(None, last))),
        Section("From model to model", (CHANGE_NOTE,), (models_table(report), *([steps] if steps else []))),
        Section(
            "Beside opponents that need no training", tuple(report["verdicts"]), (systems_table(report),)
        ),
        *(_texts(facts, kind) for kind in orders_of(report["task"])),
        *_people(facts),
        _method(facts),
    )


def _method(facts: Mapping[str, Any]) -> Section:
    report = facts["report"]
    pairs = (
        f"{report['n']:,} pairs of the {report.get('split', 'test')} split of {facts['pair_set_id']}, "
        f"sha256 {facts['pairs_sha256']}."
    )
    signatures = (f"{name}: {said}" for name, said in report["signatures"].items())
    return Section("How it was measured", (pairs, *signatures))


def _texts(facts: Mapping[str, Any], kind: str) -> Section:
    found, models = facts["texts"][kind], models_of(facts["report"])
    if not found:
        return Section(_KINDS[kind], (f"None of {facts['report']['n']:,} texts.",))
    count = f"{facts['meaning_lost']:,} of {facts['report']['n']:,} texts of {models[-1]}. "
    count += "Embeddings do not see a negation: a text that is near may still say the opposite. "
    lines = ((count if kind == "meaning lost" else "") + "[-words-] are gone, {+words+} are new.",)
    head = ("pair", "source", "a reference", *(shortened(name, 60) for name in models))
    return Section(_KINDS[kind], lines, (Table(head, tuple(_row(one, models) for one in found)),))


def _row(one: Mapping[str, Any], models: Sequence[str]) -> tuple[str, ...]:
    source = one["pair"]["clean_source"]
    by_name = {text["system"]: text for text in one["texts"]}
    return (
        str(one["pair"]["pair_id"]),
        shortened(source, _QUOTED),
        shortened(one["pair"]["clean_references"][0], _QUOTED),
        *(f"{marked(source, by_name[name]['text'])}  {numbers_of(by_name[name])}" for name in models),
    )


def marked(before: str, after: str) -> str:
    """What became of a text, as plain text: words that are gone and words that are new in brackets."""
    if not after:
        return "(empty)"
    parts = differences(shortened(before, _QUOTED), shortened(after, _QUOTED))
    return " ".join(_MARKS[kind].format(words) for kind, words in parts)


def numbers_of(text: Mapping[str, Any]) -> str:
    """The panel's numbers of one text; empty where it gave none."""
    told = [
        f"{name} {text[key]:.2f}"
        for name, key in (("toxicity", "toxicity"), ("same meaning", "meaning"))
        if text[key] is not None
    ]
    return f"({', '.join(told)})" if told else ""


def _people(facts: Mapping[str, Any]) -> tuple[Section, ...]:
    if not facts["people"]:
        return ()
    rows = tuple(
        (
            shortened(one["system"], 60),
            f"{one['texts']:,}",
            f"{one['relevance']:.2f}",
            f"{one['fluency']:.2f}",
            *(_share(one[name]) for name in ("same_meaning", "toxic")),
        )
        for one in facts["people"]
    )
    head = ("writes", "texts", "relevance", "fluency", "same meaning", "toxic")
    alphas = ", ".join(
        f"{name.replace('_', ' ')} {_alpha(found)}" for name, found in facts["agreement"].items()
    )
    lines = (f"Krippendorff's alpha between people: {alphas}.",)
    return (Section("What people said", lines, (Table(head, rows),)),)


def _share(found: Mapping[str, Any] | None) -> str:
    return "–" if found is None else f"{found['successes'] / found['n']:.1%} of {found['n']:,}"


def _alpha(found: Mapping[str, Any] | None) -> str:
    return (
        "undefined" if found is None else f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
    )
