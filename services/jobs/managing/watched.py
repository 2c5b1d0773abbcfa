"""The training of an encoder as its folder tells it: what the Jobs page draws."""

from collections import defaultdict
from dataclasses import dataclass, field

from services.jobs.process.folder import Facts, JobFolder

_BESIDE = "beside it: "


@dataclass
class WatchedSeed:
    """One seed's training; every list is oldest first.

    Attributes:
        steps: Loss, learning rate, speed and memory after every few steps.
        evaluations: What validation said, all labels together.
        labels: The same of each label by itself.
        shown: Comments of validation to look at, from each evaluation.
    """

    steps: list[Facts] = field(default_factory=list)
    evaluations: list[Facts] = field(default_factory=list)
    labels: dict[str, list[Facts]] = field(default_factory=lambda: defaultdict(list))
    shown: list[Facts] = field(default_factory=list)


@dataclass
class Watched:
    """A training with one seed or several.

    Attributes:
        seeds: By name, such as "seed 7"; of a single one the name is empty.
        opponents: The simple models, strongest first, each with accuracy, macro F1 and seconds.
        final: The kept model on validation; None until it is known.
        first_batch: Comments as the model sees them, with the message before them; None until it is known.
        warnings: What need not be the end, but mostly leads nowhere; without those that are over.
        told: The last message of "base_model", "comparison" and "own_time", as far as there is one.
    """

    seeds: dict[str, WatchedSeed] = field(default_factory=dict)
    opponents: list[Facts] = field(default_factory=list)
    final: Facts | None = None
    first_batch: Facts | None = None
    warnings: list[Facts] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)


def watched_training(folder: JobFolder) -> Watched:
    """Everything that the folder of a training tells so far."""
    watched = Watched()
    for line in folder.metrics():
        _sort_in(watched, line)
    for shown in folder.shown():
        _seed(watched, shown["stage"], "validation").shown.append(shown)
    for event in folder.events():
        if event["event"] == "warning":
            watched.warnings.append(event)
        elif event["event"] == "warning_over":
            ended = (event["kind"], event["of"])
            watched.warnings = [one for one in watched.warnings if (one.get("kind"), one.get("of")) != ended]
        elif event["event"] == "first_batch":
            watched.first_batch = event
        elif event["event"] in ("base_model", "comparison", "own_time"):
            watched.told[event["event"]] = event["message"]
    watched.opponents.sort(key=lambda line: line["macro_f1"], reverse=True)
    return watched


def _sort_in(watched: Watched, line: Facts) -> None:
    stage = str(line.get("stage", ""))
    if stage.startswith(_BESIDE):
        watched.opponents.append({**line, "name": stage.removeprefix(_BESIDE)})
    elif stage.startswith("train"):
        _seed(watched, stage, "train").steps.append(line)
    elif stage == "validation" and "step" not in line:
        watched.final = line
    elif stage.startswith("validation") and "label" in line:
        whole = stage.removesuffix(f", {line['label']}")
        _seed(watched, whole, "validation").labels[line["label"]].append(line)
    elif stage.startswith("validation"):
        _seed(watched, stage, "validation").evaluations.append(line)


def seed_of(line: Facts) -> str:
    """The seed that a line with a step tells of, by the name that Watched has for it."""
    stage = str(line["stage"])
    if "label" in line:
        stage = stage.removesuffix(f", {line['label']}")
    return stage.removeprefix("train").removeprefix("validation").removeprefix(", ")


def _seed(watched: Watched, stage: str, kind: str) -> WatchedSeed:
    return watched.seeds.setdefault(stage.removeprefix(kind).removeprefix(", "), WatchedSeed())
