"""What a fine-tuning job goes through: its beats, its curves, and its result file."""

import base64
import csv
import io
import math

from tests.provider.learning import chance
from tests.provider.state import Beat
from tests.provider.wire import Json

VALIDATION_S, QUEUED_S, STARTED_S, TRAINED_S, JUDGED_S = 1.0, 3.0, 5.0, 65.0, 70.0
STEPS_SHOWN = 100
CATEGORIES = (
    "advice",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "highly-sensitive",
    "illicit",
    "propaganda",
    "self-harm/instructions",
    "self-harm/intent",
    "sensitive",
    "sexual/minors",
    "sexual",
    "violence",
)
NEW_COLUMNS = {
    "step": "step",
    "train_loss": "train_loss",
    "train_mean_token_accuracy": "train_mean_token_accuracy",
    "valid_loss": "valid_loss",
    "validation_mean_token_accuracy": "valid_mean_token_accuracy",
    "full_valid_loss": "full_valid_loss",
    "full_valid_mean_token_accuracy": "full_valid_mean_token_accuracy",
}
OLD_COLUMNS = {
    "step": "step",
    "train_loss": "train_loss",
    "train_accuracy": "train_mean_token_accuracy",
    "valid_loss": "valid_loss",
    "valid_mean_token_accuracy": "valid_mean_token_accuracy",
}


def settled_hyperparameters(asked: Json, examples: int) -> Json:
    """What `auto` comes to; epochs by the published rule: 3, up to 25 for few examples, fewer for many."""
    settled: Json = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"} | asked
    if settled["n_epochs"] == "auto":
        settled["n_epochs"] = (
            min(25, 100 // examples) if examples * 3 < 100 else min(3, max(1, 25_000 // examples))
        )
    if settled["batch_size"] == "auto":
        settled["batch_size"] = max(1, min(256, round(examples * 0.002)))
    if settled["learning_rate_multiplier"] == "auto":
        settled["learning_rate_multiplier"] = 1.8
    if settled.get("beta") == "auto":
        settled["beta"] = 0.1
    return settled


def curve(seed: str, settings: Json, examples: int, is_validated: bool) -> list[Json]:
    """Metrics of the steps that are shown, at most 100 of them and the last of each epoch among them."""
    per_epoch = math.ceil(examples / settings["batch_size"])
    steps = per_epoch * settings["n_epochs"]
    ends = {per_epoch * epoch for epoch in range(1, settings["n_epochs"] + 1)}
    stride = math.ceil(steps / STEPS_SHOWN)
    shown = sorted(ends | set(range(stride, steps + 1, stride)) | {1})
    points = []
    for step in shown:
        loss = round(2.6 * math.exp(-4 * step / steps) * (0.8 + 0.4 * chance(seed, str(step))), 5)
        # One value is as small as the real files have them, which Python and CSV write as 6e-05.
        loss = 6e-05 if [step] == shown[-2:-1] else loss
        point = {"step": step, "train_loss": loss, "train_mean_token_accuracy": _accuracy(loss)}
        if is_validated and (step % (10 * stride) == 0 or step in ends):
            point |= {
                "valid_loss": round(loss * 1.3 + 0.05, 5),
                "valid_mean_token_accuracy": _accuracy(loss * 1.3),
            }
        if is_validated and step in ends:
            point |= {"full_valid_loss": round(loss * 1.2 + 0.05, 5)}
            point |= {"full_valid_mean_token_accuracy": _accuracy(loss * 1.2)}
        points.append(point | {"is_epoch_end": step in ends})
    return points


def _accuracy(loss: float) -> float:
    return round(max(0.0, 1 - loss / 3), 5)


def training_beats(points: list[Json]) -> list[Beat]:
    """One beat per shown step, spread evenly; the last three epochs leave a checkpoint."""
    beats = [Beat(STARTED_S, "Fine-tuning job started", "running")]
    total = points[-1]["step"]
    kept = [point["step"] for point in points if point["is_epoch_end"]][-3:]
    for point in points:
        metrics = {key: value for key, value in point.items() if key != "is_epoch_end"}
        at_s = STARTED_S + (TRAINED_S - STARTED_S) * point["step"] / total
        told = f"Step {point['step']}/{total}: training loss={point['train_loss']:.2f}"
        if "valid_loss" in point:
            told += f", validation loss={point['valid_loss']:.2f}"
        beats.append(Beat(at_s, told, type="metrics", data=metrics | {"total_steps": total}))
        if point["step"] in kept:
            beats.append(Beat(at_s, f"Checkpoint created at step {point['step']}", checkpoint=metrics))
    return beats


def opening_beats(job_id: str, training_file: str) -> list[Beat]:
    return [
        Beat(0.0, f"Created fine-tuning job: {job_id}", "queued"),
        Beat(VALIDATION_S, f"Validating training file: {training_file}", "validating_files"),
        Beat(QUEUED_S, "Files validated, moving job to queued state", "queued"),
    ]


def judged_beats(is_blocked: bool) -> list[Beat]:
    """The safety check after training, which a model passes or not."""
    results = [
        {"category": name, "passed": not (is_blocked and name.startswith("hate")), "enforcement": "block"}
        for name in CATEGORIES
    ]
    told = "Evaluating model against our usage policies before enabling"
    data: Json = {"blocked": is_blocked, "results": results}
    verdict = "Usage policy evaluations completed, model is " + ("blocked" if is_blocked else "now enabled")
    level = "error" if is_blocked else "info"
    return [
        Beat(TRAINED_S, told),
        Beat(JUDGED_S, verdict, level=level, type="moderation_checks", data=data),
    ]


def result_csv(points: list[Json], columns: str, encoding: str) -> bytes:
    """The result file, empty where nothing was measured; columns new or old, encoding plain or base64."""
    names = NEW_COLUMNS if columns == "new" else OLD_COLUMNS
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(names)
    rows.writerows([point.get(source, "") for source in names.values()] for point in points)
    content = written.getvalue().encode()
    return base64.b64encode(content) if encoding == "base64" else content
