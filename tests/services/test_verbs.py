"""Every verb, once with the dashboard down and once with it up: the answer is the same."""

import json
import random
import re
import shutil
import sys
import time
from contextlib import contextmanager, nullcontext

import pytest
from typer.testing import CliRunner

import workbench
from domain.errors import BadInput, NotFound
from services.verbs import VERBS, run_verb
from storage.database import connect
from tests.building import written_csv
from tests.serving import serving, start, until

MORE = [
    {"id": "c0000", "text": "other words under a known id", "label": "allow"},
    {"id": "n1", "text": "NA", "label": "spam"},
    {"id": "n2", "text": "=1+1", "label": "allow"},
    {"id": "n3", "text": "🙂\u202e", "label": "disallow"},
]
LABELS = ("allow", "disallow")
PREDICTED = [{"label": gold, "prediction": said} for gold in LABELS for said in LABELS]

# In this order, on one home. {folder} holds the files; ids follow from the order.
STEPS = {
    "datasets": "datasets",
    "look": "import {folder}/more.csv --dataset small --look",
    "import": "import {folder}/more.csv --dataset small",
    "import again": "import {folder}/more.csv --dataset small",
    "import anew": "import {folder}/more.csv --dataset fresh --label-map spam=other --group-by none",
    "import without text": "import {folder}/predicted.csv --dataset small",
    "findings": "findings 2",
    "clean preview": "clean --dataset small",
    "clean": "clean --dataset small --rule empty",
    "clean again": "clean --dataset small --rule empty",
    "clean undo": "clean --dataset small --undo 1",
    "label queue": "label --dataset small --as dana --wanted 3",
    "label": "label --dataset small --as dana --comment 5 --label DISALLOW",
    "label skip": "label --dataset small --as dana --comment 6 --label skip",
    "label wrongly": "label --dataset small --as dana --comment 7 --label spam",
    "comment": "comment 5",
    "comment unknown": "comment 999999",
    "comments": "comments --dataset small --contains lovely --limit 5",
    "comments by label": "comments --dataset small --label disallow --limit 2 --offset 3",
    "create": "create --dataset second --labels allow,disallow --votes-needed 2",
    "create again": "create --dataset second --labels allow,disallow",
    "guideline write": "guideline --dataset small --file {folder}/guideline.md",
    "guideline": "guideline --dataset small",
    "snapshot": "snapshot --dataset small --note first",
    "snapshot stratified": "snapshot --dataset small --split-mode stratified --seed 3",
    "snapshot list": "snapshot --list --dataset small",
    "snapshot verify": "snapshot --verify snapshot-1",
    "train": "train --snapshot snapshot-1 --name first",
    "train badly": "train --snapshot snapshot-1 --recipe wishes",
    "train second": "train --snapshot snapshot-1 --recipe baseline-weighted",
    "predict": "predict --model model-1 --snapshot snapshot-2 --split test",
    "models": "models --dataset small",
    "model": "models model-1",
    "jobs": "jobs --dataset small",
    "job cancelled too late": "jobs job-1 --cancel",
    "evaluate": "evaluate --model model-1 --snapshot snapshot-1 --split validation",
    "evaluate file": "evaluate --predictions {folder}/predicted.csv",
    "evaluate nothing": "evaluate",
    "review": "review --run {run} --limit 5",
    "review verdict": "review --run {run} --comment {miss} --verdict 'label wrong' --label {right} --why x",
    "review without verdict": "review --run {run} --comment {miss}",
    "compare": "compare {run} {second_run}",
    "compare shown": "compare {run} {second_run} --show both_wrong",
    "tokens of a snapshot": "tokens --snapshot snapshot-1 --model gpt-4o-mini-2024-07-18",
    "tokens balanced": "tokens --snapshot snapshot-1 --keep allow=0.5",
    "tokens by another prompt": "tokens --snapshot snapshot-1 --system-prompt {folder}/guideline.md",
    "export chat": "export --format chat --snapshot snapshot-1 {folder}/chat.jsonl",
    "export chat of nothing": "export --format chat {folder}/chat.jsonl",
    "check": "check {folder}/chat.jsonl --validation {folder}/chat.jsonl",
    "tokens of a file": "tokens {folder}/chat.jsonl --limit 40",
    "tokens of a table": "tokens {folder}/predicted.csv",
    "tokens of nothing": "tokens",
    "export csv": "export --dataset small {folder}/out.csv",
    "export nowhere": "export --dataset small {folder}/nowhere/out.csv",
    "datasets afterwards": "datasets",
}
ERRORS = {
    "import without text": "BadInput",
    "clean again": "BadInput",
    "label wrongly": "BadInput",
    "comment unknown": "NotFound",
    "create again": "Conflict",
    "train badly": "NotFound",
    "job cancelled too late": "Conflict",
    "evaluate nothing": "BadInput",
    "review without verdict": "BadInput",
    "export chat of nothing": "BadInput",
    "tokens of a table": "BadInput",
    "tokens of nothing": "BadInput",
    "export nowhere": "BadInput",
}
_VOLATILE = {"created_at", "voted_at", "absorbed_at", "undone_at", "salt", "client_id"}
_CLOCKED = {"seconds", "latency_ms", "p50_ms", "p95_ms"}


def steady(value, folder):
    """The answer without what differs between any two runs: times, durations, random ids, the folder."""
    if isinstance(value, dict):
        return {
            key: "…" if (key in _VOLATILE or key in _CLOCKED) and item is not None else steady(item, folder)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [steady(item, folder) for item in value]
    if isinstance(value, str):
        return re.sub(r"Took .+ s and \d+ MB", "Took a while", value.replace(str(folder), "FOLDER"))
    return value


class Commands:
    """workbench.py on the copy of a home, as a person types it, without starting Python anew each time."""

    def __init__(self, small_home, folder):
        self.folder = folder
        self.home = shutil.copytree(small_home, folder / "home")
        (self.home / "owner.lock").unlink()  # so that its coming shows when somebody takes the database
        written_csv(folder / "more.csv", MORE)
        written_csv(folder / "predicted.csv", PREDICTED)
        (folder / "guideline.md").write_text("Be kind.\n")

    def __call__(self, line, **names):
        words = re.findall(r"'[^']*'|\S+", line.format(folder=self.folder, **names))
        words = [word.strip("'") for word in words] + ["--home", str(self.home), "--json"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["workbench.py", *words])
            patch.setenv("WORKBENCH_AS", "ana")
            patch.setenv("WORKBENCH_PROCESS", "workbench.py")
            answer = CliRunner().invoke(workbench.app, words)
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        return answer.exit_code, steady(json.loads(answer.stdout), self.folder)

    def all_steps(self, beside=nullcontext):
        answers, names = {}, {}
        for step, line in STEPS.items():
            with beside():
                answers[step] = self(line, **names)
            if step == "train":
                names["run"] = answers[step][1]["runs"][-1]["run_id"]
            if step == "train second":
                names["second_run"] = answers[step][1]["runs"][-1]["run_id"]
            if step == "review":
                first = answers[step][1]["misses"][0]
                names["miss"] = first["comment"]["comment_id"]
                names["right"] = next(label for label in LABELS if label != first["gold"])
        return answers


@pytest.fixture(scope="module")
def down(small_home, tmp_path_factory):
    """The answers while there is no dashboard."""
    return Commands(small_home, tmp_path_factory.mktemp("down")).all_steps()


@pytest.fixture(scope="module")
def up(small_home, tmp_path_factory):
    """The answers while a dashboard owns the database."""
    commands = Commands(small_home, tmp_path_factory.mktemp("up"))
    with serving(commands.home) as dashboard:
        answers = commands.all_steps()
        assert dashboard.owns_the_database()
    return answers


@pytest.fixture(scope="module")
def starting(small_home, tmp_path_factory):
    """The answers while a dashboard starts beside each verb, begun up to two seconds before it."""
    commands = Commands(small_home, tmp_path_factory.mktemp("starting"))
    draw = random.Random(20261121)

    @contextmanager
    def beginning():
        dashboard = start(commands.home)
        try:
            time.sleep(draw.uniform(0.0, 2.0))
            yield
        finally:
            dashboard.end()

    return commands.all_steps(beginning)


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_verb_answers_the_same_whenever_the_dashboard_starts(down, starting, step):
    assert starting[step] == down[step]


@pytest.mark.parametrize("step", STEPS)
def test_a_verb_answers_the_same_whether_the_dashboard_is_down_or_up(down, up, step):
    assert up[step] == down[step]


@pytest.mark.parametrize("step", STEPS)
def test_a_verb_exits_with_zero_only_where_it_succeeded(down, step):
    code, answer = down[step]
    if step in ERRORS:
        assert (code, answer["error"]) == (1, ERRORS[step])
        assert answer["message"]
    else:
        assert code == 0, answer


@pytest.mark.parametrize("step", ["datasets", "import", "label", "comment unknown"])
def test_a_verb_answers_the_same_while_the_dashboard_starts(down, small_home, tmp_path, step):
    commands = Commands(small_home, tmp_path)
    if step == "label":
        commands(STEPS["import"])
    dashboard = start(commands.home)
    try:
        if (
            step != "import"
        ):  # the import is there first; the others come when the database has just been taken
            until((commands.home / "owner.lock").exists, "the dashboard takes the database")
        assert commands(STEPS[step]) == down[step]
        until(dashboard.owns_the_database, "the door")
        assert commands("comments --dataset small --limit 1")[0] == 0
    finally:
        dashboard.end()


def test_every_verb_is_among_the_steps():
    words = " ".join(STEPS.values())
    commands = {
        "look": "--look",
        "evaluate-file": "--predictions",
        "show-snapshot": "--verify",
        "demo": "datasets",
    }
    assert [verb for verb in VERBS if commands.get(verb, verb) not in words] == []


@pytest.mark.parametrize(
    ("verb", "arguments", "error"),
    [
        ("fly", {}, NotFound),
        ("comment", {}, BadInput),
        ("comment", {"comment": 1, "colour": "red"}, BadInput),
        ("datasets", {"db": "another"}, BadInput),
    ],
)
def test_a_verb_that_is_not_there_or_called_wrongly_is_refused(home, verb, arguments, error):
    db = connect(home)
    with pytest.raises(error, match=verb):
        run_verb(db, verb, arguments, lambda *_: None)
    db.close()
