"""The card of an exported model: what it learned from and how, how good it is, how to make it again."""

import json
from typing import Any

from domain.models import SIGMOID, Model, Run
from domain.text import escape_markdown, shortened
from services.backends.registry import read_about
from services.evaluation import set_reports
from services.jobs.process.folder import JobFolder
from services.modelling.commands import train_command
from services.modelling.model_facts import headline_run
from services.modelling.models import model_folder
from services.modelling.plain_script import FILE_NAME
from services.plain import plain
from storage.database import Database
from storage.snapshots import get_snapshot

Facts = dict[str, Any]

_HEADLINES = ("accuracy", "macro_f1", "weighted_precision", "weighted_recall", "weighted_f1")
_SET_HEADLINES = ("subset_accuracy", "hamming_loss", "macro_f1", "micro_f1", "weighted_f1")
# Any recipe of the kind will do: every setting is spelt out beside it.
_RECIPES = {"huggingface": "solid", "tfidf": "baseline"}


def card_facts(db: Database, model: Model, *, onnx: Facts | None) -> Facts:
    """Everything the card says, as JSON can carry it.

    Args:
        db: The database.
        model: One whose files are on this machine.
        onnx: How its ONNX copies compare, where they are exported.
    """
    about = read_about(model_folder(db, model.model_id))
    snapshot = get_snapshot(db, model.snapshot_id)
    run = headline_run(db, model)
    told = snapshot.manifest
    return {
        "model": {
            "model_id": model.model_id, "name": model.name, "backend": model.backend,
            "labels": list(model.labels), "several": about["score_kind"] == SIGMOID,
            "made_at": plain(model.created_at), "made_by": model.created_by,
        },
        "data": {
            "snapshot_id": snapshot.snapshot_id, "sha256": snapshot.sha256, "rows": snapshot.row_count,
            "split_mode": told["split_mode"], "counts": snapshot.label_counts, "leaks": told["leaks"],
            "guideline_version": told["guideline_version"],
        },
        "base": about.get("base_model"),
        "settings": model.settings,
        "seeds": about.get("seeds"),
        "kept_seed": about.get("kept_seed"),
        "spread": about.get("spread"),
        "opponents": about.get("opponents"),
        "verdict": _verdict(db, model),
        "libraries": about.get("libraries"),
        "measured": _measured(db, run),
        "onnx": onnx,
        "command": train_command(
            model.snapshot_id, _RECIPES[model.backend], name=model.name, settings=model.settings,
            actor=model.created_by,
        ),
    }  # fmt: skip


def card_text(facts: Facts) -> str:
    """The card as Markdown with the head that model hubs read; labels and names stand letter by letter."""
    encoder = facts["model"]["backend"] == "huggingface"
    parts = [
        _head(facts),
        f"# {_plain(facts['model']['name'])}",
        _what(facts),
        "## Data",
        _data(facts["data"]),
        "## Training",
        _training(facts),
        "## Numbers",
        _numbers(facts["measured"]),
        *(["## Against simpler models", _opponents(facts)] if facts["opponents"] else []),
        *(["## ONNX", _plain(facts["onnx"]["told"])] if facts["onnx"] else []),
        "## Limits",
        _LIMITS,
        "## How to load it",
        _LOAD_ENCODER if encoder else _LOAD_LINEAR,
        *([_LOAD_ONNX] if facts["onnx"] else []),
        "## How to make it again",
        _again(facts, has_script=encoder and not facts["model"]["several"]),
    ]
    return "\n\n".join(parts) + "\n"


_LIMITS = """It knows the labels above and what its annotators made of its guideline; it has not seen other
communities, languages or times. A score is what the model believes, not how often it is right. It is a help
for moderators, not a judge: measure it on your own comments before anything is hidden by it."""

_LOAD_ENCODER = """```python
from transformers import pipeline

model = pipeline("text-classification", model="PATH/OF/THIS/FOLDER", top_k=None)
print(model(["a comment"], truncation=True))
```

Without `truncation=True`, long comments are not cut as they were in training."""

_LOAD_LINEAR = """```sh
python predict.py comments.txt
```

It needs numpy and scikit-learn. From a program: `from predict import load`, then `scores, labels = load()`
and `scores(["a comment"])`."""

_LOAD_ONNX = """```python
import onnxruntime
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("PATH/OF/THIS/FOLDER")
session = onnxruntime.InferenceSession("PATH/OF/THIS/FOLDER/onnx/model.onnx")
given = tokenizer(["a comment"], truncation=True, padding=True, return_tensors="np")
print(session.run(["logits"], dict(given)))  # softmax, or of several labels sigmoid, makes scores of them
```"""


def _head(facts: Facts) -> str:
    """YAML, of which JSON is a part: so no name can break out of its quotes."""
    base = facts["base"] or {}
    lines = ["---", "pipeline_tag: text-classification"]
    if base.get("licence"):
        lines.append(f"license: {json.dumps(base['licence'])}")
    if base.get("source") == "hub":
        lines.append(f"base_model: {json.dumps(base['name'])}")
    return "\n".join([*lines, "---"])


def _what(facts: Facts) -> str:
    model = facts["model"]
    labels = ", ".join(map(_plain, model["labels"]))
    return (
        f"A model that puts {'any' if model['several'] else 'one'} of {len(model['labels'])} labels on a "
        f"comment{', or none' if model['several'] else ''}: {labels}. Made as "
        f"{model['model_id']} by {_plain(model['made_by'])} on {model['made_at'][:10]} with Moderation "
        "Workbench. `card.json` has everything below for programs, `hashes.json` the sha256 of each file."
    )


def _data(data: Facts) -> str:
    labels = sorted({label for counts in data["counts"].values() for label in counts})
    rows = [
        [split, *(f"{counts.get(label, 0):,}" for label in labels)]
        for split, counts in data["counts"].items()
    ]
    leaks = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in data["leaks"].items() if n) or "none"
    version = data["guideline_version"]
    return (
        f"{data['snapshot_id']}, {data['rows']:,} comments, {data['split_mode']} split, labelled under "
        f"{f'guideline v{version}' if version else 'no written guideline'}, sha256 `{data['sha256']}`.\n\n"
        f"{_table(['split', *map(_plain, labels)], rows)}\n\n"
        f"Held-out comments that share something with a training comment: {leaks}."
    )


def _training(facts: Facts) -> str:
    lines = []
    if base := facts["base"]:
        lines.append(
            f"Trained on from {_plain(base['name'])}, revision {_plain(base['revision'] or 'not known')}, "
            f"licence {_plain(base['licence'] or 'not told')}, weights sha256 `{base['sha256']}`."
        )
    settings = [[f"`{name}`", _plain(json.dumps(value))] for name, value in facts["settings"].items()]
    lines.append(_table(["setting", "value"], settings))
    if seeds := facts["seeds"]:
        names = [name for name in seeds[0] if name != "seed"]
        rows = [[str(one["seed"]), *(f"{one[name]:.3f}" for name in names)] for one in seeds]
        lines.append(f"On validation, by seed; {facts['kept_seed']} was kept:")
        lines.append(_table(["seed", *names], rows))
        lines += [
            f"Spread of {name}: mean {one['mean']:.3f}, standard deviation {one['stdev']:.3f}."
            for name, one in facts["spread"].items()
            if one["stdev"] is not None
        ]
    if libraries := facts["libraries"]:
        lines.append("With " + ", ".join(f"{name} {_plain(version)}" for name, version in libraries.items()))
    return "\n\n".join(lines)


def _numbers(measured: Facts | None) -> str:
    if measured is None:
        return "It has answered neither the test nor the validation split: nothing was measured."
    headlines = _SET_HEADLINES if measured.get("several") else _HEADLINES
    rows = [[name.replace("_", " "), _interval(measured[name])] for name in headlines]
    labels = [
        [_plain(one["label"]), f"{one['support']:,}", *(_interval(one[name]) for name in _PER_LABEL)]
        for one in measured["classes"]
    ]
    return (
        f"The {measured['data']['split']} split, n = {measured['n']:,}, with 95 % intervals.\n\n"
        f"{_table(['', 'value'], rows)}\n\n{_table(['label', 'comments', *_PER_LABEL], labels)}"
    )


_PER_LABEL = ("precision", "recall", "f1")


def _opponents(facts: Facts) -> str:
    rows = [
        [_plain(one["name"]), f"{one['accuracy']:.3f}", f"{one['macro_f1']:.3f}", f"{one['seconds']:.1f}"]
        for one in facts["opponents"]
    ]
    table = _table(["on validation", "accuracy", "macro F1", "seconds to train"], rows)
    return f"{table}\n\n{_plain(facts['verdict'] or 'They were not compared.')}"


def _again(facts: Facts, *, has_script: bool) -> str:
    told = f"On the same snapshot, with every setting spelt out:\n\n{_code(facts['command'])}"
    if not has_script:
        return told
    return (
        f"{told}\n\nWithout the workbench, on the rows of the snapshot: `python {FILE_NAME} comments.jsonl`."
    )


def _verdict(db: Database, model: Model) -> str | None:
    """What the job said of the model beside the simple ones."""
    events = JobFolder(db.home / "jobs" / model.job_id).events()
    return next((str(one["message"]) for one in events if one["event"] == "comparison"), None)


def _measured(db: Database, run: Run | None) -> Facts | None:
    return None if run is None else plain(set_reports.as_dict(set_reports.evaluate_either(db, run.run_id)))


def _interval(number: Facts | None) -> str:
    if number is None:
        return "undefined"
    return f"{number['value']:.3f} ({number['low']:.3f} to {number['high']:.3f})"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def _code(text: str) -> str:
    """A block of code that the text cannot end."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _plain(text: str) -> str:
    """Letter by letter, on one line, also inside a table."""
    return escape_markdown(shortened(text, 1_000))
