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
from services.verbs.running import run_verb
from services.verbs.table import VERBS
from storage.database import connect
from tests.building import written_csv
from tests.serving import owner_starting, serving, start
from tests.waiting import until

MORE = [
    {"id": "c0000", "text": "other words under a known id", "label": "allow"},
    {"id": "n1", "text": "NA", "label": "spam"},
    {"id": "n2", "text": "=1+1", "label": "allow"},
    {"id": "n3", "text": "🙂\u202e", "label": "disallow"},
]
LABELS = ("allow", "disallow")
PREDICTED = [{"label": gold, "prediction": said} for gold in LABELS for said in LABELS]

APPEALS = [{"id": f"c{n:04}", "result": ("granted", "upheld")[n % 2]} for n in range(300)]

# In this order, on one home. {folder} holds the files; ids follow from the order.
STEPS = {
    "datasets": "datasets",
    "look": "import {folder}/more.csv --dataset small --look",
    "import check": "import {folder}/more.csv --dataset small --check --read encoding=utf-8",
    "import read wrongly": "import {folder}/more.csv --dataset small --check --read encoding=rot13",
    "import": "import {folder}/more.csv --dataset small",
    "import again": "import {folder}/more.csv --dataset small",
    "import anew": "import {folder}/more.csv --dataset fresh --label-map spam=other --group-by none",
    "import without text": "import {folder}/predicted.csv --dataset small",
    "import with a mapping": "import {folder}/more.csv --dataset small --save-mapping usual",
    "import by the mapping": "import {folder}/more.csv --dataset small --mapping usual",
    "mappings": "mappings",
    "mapping taken away": "mappings --take-away usual",
    "mapping unknown": "mappings --take-away usual",
    "findings": "findings 2",
    "clean preview": "clean --dataset small",
    "clean": "clean --dataset small --rule empty",
    "clean again": "clean --dataset small --rule empty",
    "clean undo": "clean --dataset small --undo 1",
    "health": "health --dataset small",
    "health of a figure": "health --dataset small --figure empty",
    "health of no figure": "health --dataset small --figure colour",
    "duplicates": "duplicates --dataset small --limit 3",
    "duplicates of no group": "duplicates --dataset small --group 999999",
    "duplicates to decide": "duplicates --dataset small --contradicting --limit 3",
    "contradictions decided": "settle --dataset small",
    "contradiction of no group": "settle --dataset small --group 999999 --keep --why fine",
    "contradiction decided how": "settle --dataset small --group 1",
    "clean repair shown": "clean --dataset small --repair spelling --preview",
    "clean repair": "clean --dataset small --repair spelling --as lena",
    "clean repair again": "clean --dataset small --repair spelling --as lena",
    "clean repair of nothing": "clean --dataset small --repair magic",
    "clean repair of names": "clean --dataset small --repair names --preview",
    "clean repair undone": "clean --dataset small --undo-repair 1 --as lena",
    "golden set": "split --dataset small --golden 5 --why kept --as lena",
    "golden set for no reason": "split --dataset small --golden 6",
    "golden set narrowed": "split --dataset small --not-golden 5 --why 'not sure' --as lena",
    "label queue": "label --dataset small --as dana --wanted 3",
    "label": "label --dataset small --as dana --comment 5 --label DISALLOW",
    "label skip": "label --dataset small --as dana --comment 6 --label skip",
    "label wrongly": "label --dataset small --as dana --comment 7 --label spam",
    "vote": "vote 8 DISALLOW --reason 'rule 2' --severity 2 --span 0-4 --as dana",
    "vote beyond the text": "vote 8 allow --span 0-90000 --as dana",
    "vote skip": "vote 9 skip --as dana",
    "desk set": "desk --dataset small --severity 3 --severe disallow --most-severe 40 --masked oaf --as lena",
    "desk": "desk --dataset small --as dana",
    "desk for nobody": "desk --dataset small --severe spam",
    "spare": "spare --dataset small --labels disallow --as eve",
    "labels": "labels --dataset small --label disallow --key x --colour #AA0000 --definition Hurts",
    "labels with a taken key": "labels --dataset small --label allow --key x",
    "labels with no key": "labels --dataset small --label allow --key s",
    "spare what": "spare --dataset small --as eve",
    "comment": "comment 5",
    "comment unknown": "comment 999999",
    "comments": "comments --dataset small --contains lovely --limit 5",
    "comments by label": "comments --dataset small --label disallow --limit 2 --offset 3",
    "create": "create --dataset second --labels allow,disallow --votes-needed 2",
    "create again": "create --dataset second --labels allow,disallow",
    "create of several labels": "create --dataset third --labels insult,threat --several",
    "agreement about a label": "agreement --dataset third --label threat",
    "agreement about no label": "agreement --dataset third",
    "guideline write": "guideline --dataset small --file {folder}/guideline.md",
    "guideline": "guideline --dataset small",
    "agreement": "agreement --dataset small",
    "agreement on a scale": "agreement --dataset small --level ordinal",
    "agreement at no level": "agreement --dataset small --level ratio",
    "aggregate": "aggregate --dataset small --name all --limit 3 --as lena",
    "aggregate by majority": "aggregate --dataset small --method majority --name all --limit 3",
    "aggregate shown": "aggregate --show aggregation-1 --limit 2",
    "aggregate list": "aggregate --dataset small --list",
    "aggregate unknown": "aggregate --show aggregation-9",
    "aggregate nothing": "aggregate",
    "aggregate in force": "aggregate --in-force aggregation-1 --why tried --as lena",
    "aggregate in force for no reason": "aggregate --in-force aggregation-2",
    "aggregate out of force": "aggregate --dataset small --out-of-force --why back --as lena",
    "queue create": "queue create --dataset small --name again --again --order random --people ana,dana"
    " --label disallow --most 20 --golden 0.1",
    "queue create again": "queue create --dataset small --name again --order random",
    "queue create by nobody": "queue create --dataset small --name unsure --order uncertain",
    "queue of what": "queue create",
    "queue list": "queue list --dataset small",
    "queue next": "queue next queue-1 --wanted 3 --as dana",
    "queue next for another": "queue next queue-1 --as eve",
    "queue show": "queue show queue-1",
    "queue close": "queue close queue-1 --as lena",
    "queue sung": "queue sing queue-1",
    "queues closed too": "queue list --dataset small --all",
    "disputes": "adjudicate --dataset small --limit 2 --as lena",
    "adjudicate": "adjudicate --dataset small --comment 4 --label DISALLOW --why 'rule 2' --as lena",
    "adjudicate for no reason": "adjudicate --dataset small --comment 4 --label allow --as lena",
    "adjudicate back": "adjudicate --dataset small --comment 4 --take-back --why mistaken --as lena",
    "example": "example --dataset small --comment 5 --why 'at the border'",
    "example unknown": "example --dataset small --out 9",
    "examples of the guideline": "example --dataset small",
    "snapshot": "snapshot --dataset small --note first",
    "snapshot stratified": "snapshot --dataset small --split-mode stratified --seed 3",
    "snapshot in time": "snapshot --dataset small --split-mode time",
    "snapshot on no day": "snapshot --dataset small --split-mode time --test-from soon",
    "snapshot of repaired texts": "snapshot --dataset small --text cleaned",
    "snapshot list": "snapshot --list --dataset small",
    "split of a snapshot": "split --snapshot snapshot-1",
    "split pairs": "split --snapshot snapshot-1 --leak same_author --limit 2",
    "split of no leak": "split --snapshot snapshot-1 --leak same_colour",
    "split of nothing": "split",
    "snapshot verify": "snapshot --verify snapshot-1",
    "train": "train --snapshot snapshot-1 --name first",
    "estimate of a baseline": "train --snapshot snapshot-1 --recipe baseline --estimate",
    "estimate of nothing": "train --recipe solid --estimate",
    "train badly": "train --snapshot snapshot-1 --recipe wishes",
    "train second": "train --snapshot snapshot-1 --recipe baseline-weighted",
    "predict": "predict --model model-1 --snapshot snapshot-2 --split test",
    "predict a dataset": "predict --model model-1 --dataset small --unlabelled",
    "predict a file": "predict --model model-1 --file {folder}/more.csv --column text=text"
    " --out {folder}/said.csv",
    "predict nothing": "predict --model model-1",
    "predict into no format": "predict --model model-1 --dataset small --out {folder}/said.xlsx",
    "answers": "answers job-4 --out {folder}/said.parquet",
    "answers of a training": "answers job-1",
    "tune": "tune --snapshot snapshot-2 --trials 2 --setting c=1.5",
    "tune hosted": "tune --snapshot snapshot-2 --recipe hosted",
    "learning curve": "learning-curve --snapshot snapshot-2 --repeats 1 --metric accuracy",
    "cross-validate": "cross-validate --snapshot snapshot-2 --folds 2 --metric recall --label disallow",
    "studies": "studies --dataset small",
    "study unknown": "studies job-1",
    "models": "models --dataset small",
    "model": "models model-1",
    "models archive": "models archive model-2",
    "models without archived": "models --dataset small",
    "models archive again": "models archive model-2",
    "models take back": "models take-back model-2",
    "models differences": "models differences model-1 model-2",
    "models base": "models base minilm",
    "models base nowhere": "models base ../nowhere",
    "models export": "models export model-1 --to {folder}/exported",
    "models export there again": "models export model-1 --to {folder}/exported",
    "predict by no engine": "predict --model model-1 --snapshot snapshot-2 --split test --engine onnx",
    "suspects": "suspects --snapshot snapshot-1 --folds 3",
    "suspects listed": "suspects --dataset small --limit 3",
    "suspects of nothing": "suspects",
    "jobs": "jobs --dataset small",
    "job cancelled too late": "jobs job-1 --cancel",
    "job paused too late": "jobs job-1 --pause",
    "evaluate": "evaluate --model model-1 --snapshot snapshot-1 --split validation",
    "report": "report --model model-1 --snapshot snapshot-1 --split validation --base-rate 0.01",
    "report written": "report --model model-1 --snapshot snapshot-1 --out {folder}/report.html",
    "report of no format": "report --model model-1 --out {folder}/report.pdf",
    "report of nothing": "report",
    "evaluate file": "evaluate --predictions {folder}/predicted.csv",
    "evaluate nothing": "evaluate",
    "review": "review --run {run} --limit 5",
    "review verdict": "review --run {run} --comment {miss} --verdict 'label wrong' --label {right} --why x",
    "review without verdict": "review --run {run} --comment {miss}",
    "review in groups": "review --run {run} --similar --limit 3",
    "scores brought in": "import-scores {folder}/theirs.csv --snapshot snapshot-1 --name Perspective --key Id"
    " --score disallow=TOX --scale 100",
    "scores of nothing": "import-scores {folder}/theirs.csv --snapshot snapshot-1 --name P --key Id",
    "cause, the next": "cause --run {run} --limit 2 --size 4",
    "cause": "cause --run {run} --comment {drawn} --says allow",
    "cause read again": "cause --run {run} --second --as ben",
    "cause of nothing": "cause --run {run} --comment {drawn}",
    "causes": "causes --run {run}",
    "causes put in force": "causes --run {run} --put-in-force --as lena",
    "causes of nothing": "causes --run {second_run}",
    "slices": "slices --model model-1 --snapshot snapshot-1 --limit 3",
    "slices of a label": "slices --run {run} --label disallow --contains stupid --limit 3",
    "slice saved": "save-slice --dataset small rude --where contains=stupid --where since=2026-01-01",
    "slice of nothing known": "save-slice --dataset small odd --where colour=red",
    "slice of praise": "save-slice --dataset small praised --where contains=lovely",
    "slices saved": "save-slice --dataset small",
    "slices of no label": "slices --run {run} --label spam",
    "compare": "compare {run} {second_run}",
    "compare at an equal flag rate": "compare {run} {second_run} --equal-flag-rate --unwanted disallow",
    "compare at an equal flag rate shown": "compare {run} {second_run} --equal-flag-rate --unwanted disallow"
    " --show wronged_by_after",
    "compare within a margin": "compare {run} {second_run} --margin 0.02",
    "compare one": "compare {run}",
    "compare at a rate for nothing": "compare {run} {second_run} --equal-flag-rate",
    "thresholds of nothing": "thresholds --rule cost=5",
    "threshold by an unknown rule": "thresholds --model model-1 --unwanted disallow --rule luck=1",
    "threshold on test": "thresholds --run {run} --unwanted disallow --rule at=0.5",
    "threshold": "thresholds --model model-1 --unwanted disallow --rule recall-at-precision=0.8"
    " --base-rate 0.01",
    "threshold frozen": "thresholds --model model-1 --unwanted disallow --rule at=0.5 --freeze --why safe",
    "threshold on test once": "thresholds --report threshold-1",
    "threshold on test again": "thresholds --report threshold-1 --as ben",
    "thresholds": "thresholds --dataset small",
    "behave": "behave --model model-1 --suite {folder}/suite.csv --map bad=disallow --leave-out irony",
    "behave without a mapping": "behave --model model-2 --suite {folder}/other.csv",
    "behave by what was said before": "behave --model model-2 --suite {folder}/suite.csv",
    "behave without a suite": "behave --model model-1",
    "behave otherwise": "behave --model model-1 --invariance --snapshot snapshot-1 --comments 5 --seed 2",
    "behave injected": "behave --model model-1 --injection --snapshot snapshot-1 --comments 2",
    "behave on nothing unwanted": "behave --model model-1 --invariance --unwanted spam",
    "behaviours": "behaviour --dataset small",
    "behaviour of a model": "behaviour --model model-2",
    "behaviour of no test": "behaviour job-1",
    "compare shown": "compare {run} {second_run} --show both_wrong",
    "tokens of a snapshot": "tokens --snapshot snapshot-1 --model gpt-4o-mini-2024-07-18",
    "tokens balanced": "tokens --snapshot snapshot-1 --keep allow=0.5",
    "tokens by another prompt": "tokens --snapshot snapshot-1 --system-prompt {folder}/guideline.md",
    "export snapshot": "export --snapshot snapshot-1 {folder}/frozen.jsonl",
    "export chat": "export --format chat --snapshot snapshot-1 {folder}/chat.jsonl",
    "export chat of nothing": "export --format chat {folder}/chat.jsonl",
    "check": "check {folder}/chat.jsonl --validation {folder}/chat.jsonl",
    "tokens of a file": "tokens {folder}/chat.jsonl --limit 40",
    "tokens of a table": "tokens {folder}/predicted.csv",
    "examples kept": "examples --add {folder}/chat.jsonl --dataset small --name first --held-out 0.2",
    "examples kept again": "examples --add {folder}/chat.jsonl --dataset small --held-out 0.2",
    "examples kept nowhere": "examples --add {folder}/chat.jsonl",
    "examples": "examples --dataset small",
    "examples shown": "examples examples-1",
    "examples unknown": "examples examples-9",
    "train on examples elsewhere": "train --examples examples-1 --setting provider=nowhere",
    "train on nothing": "train --name nothing",
    "pairs kept": "pairs --add {folder}/pairs.tsv --dataset small --task detoxify --name polite",
    "pairs kept again": "pairs --add {folder}/pairs.tsv --dataset small --task detoxify",
    "pairs kept nowhere": "pairs --add {folder}/pairs.tsv",
    "pairs": "pairs --dataset small",
    "pairs shown": "pairs pairs-1 --limit 2",
    "pairs unknown": "pairs pairs-9",
    "prompt written": "prompt --dataset small --task detoxify --file {folder}/prompt.txt",
    "prompt without a place": "prompt --dataset small --task detoxify --file {folder}/guideline.md",
    "prompts": "prompt --dataset small --task detoxify",
    "score": "score {folder}/written.jsonl --task detoxify --model model-1",
    "score of nothing": "score {folder}/chat.jsonl",
    "train on a task alone": "train --snapshot snapshot-1 --task detoxify",
    "train by rewards from nothing": "train --pairs pairs-1 --task detoxify --by reward",
    "generate by a classifier": "generate --pairs pairs-1 --model model-1",
    "written by a classifier": "written job-1",
    "rate what nobody wrote": "rate job-1 --pair 1 --system x --relevance 3 --fluency 3 --same-meaning"
    " --not-toxic",
    "jobs elsewhere": "jobs --provider nowhere",
    "job adopted nowhere": "jobs --provider openai --adopt ftjob-1",
    "tokens of nothing": "tokens",
    "try": "try --model model-1 --model model-2 'lovely stupid ugly great'",
    "try a list": "try --dataset small --file {folder}/guideline.md",
    "try and save": "try --dataset small --save --label disallow 'so new a text, stupid'",
    "try and save again": "try --dataset small --save 'so new a text, stupid'",
    "try what is not there": "try --model model-99 lovely",
    "try nothing": "try --dataset small",
    "export csv": "export --dataset small {folder}/out.csv",
    "export nowhere": "export --dataset small {folder}/nowhere/out.csv",
    "search": "search 'lovely -stupid' --dataset small --where label=allow --limit 3",
    "search by nothing known": "search lovely --dataset small --where colour=red",
    "search a slice": "search --dataset small --slice praised --limit 2",
    "search no slice": "search --dataset small --slice winter",
    "search like none": "search --like 999999",
    "export a slice": "export --dataset small --slice praised --format jsonl {folder}/praised.jsonl",
    "export under another name": "export --dataset small --format parquet {folder}/out.csv",
    "export a snapshot of a slice": "export --snapshot snapshot-1 --slice praised {folder}/out.csv",
    "export for datasets": "export --snapshot snapshot-1 --format datasets --licence cc0-1.0 {folder}/card",
    "export for datasets again": "export --dataset small --format datasets {folder}/card",
    "export chat of a slice": "export --dataset small --slice praised --format chat {folder}/praised.jsonl",
    "providers": "providers",
    "providers elsewhere": "providers --refresh elsewhere",
    "spending": "spending --as dana",
    "prices": "prices",
    "price written": "prices newer-model --reading 0.25 --shuts-on never --source contract --as dana",
    "price without a source": "prices newer-model --reading 0.5 --as dana",
    "price taken back": "prices newer-model --forget --as dana",
    "price taken back again": "prices newer-model --forget --as dana",
    "child data": "child-data --dataset small --yes --as dana",
    "child data gone": "child-data --dataset small --no --why 'Adults only.' --as ben",
    "child data gone without a reason": "child-data --dataset small --no",
    "policy to begin with": "policy --dataset small",
    "policy": "policy --dataset small --file {folder}/policy.json --why first",
    "policy of no use": "policy --dataset small --file {folder}/guideline.md",
    "gate": "gate --model model-1 --snapshot snapshot-1",
    "gate on what it has learned from": "gate --model model-1 --snapshot snapshot-2",
    "gate by label": "gate --model model-1 --snapshot snapshot-1 --threshold label",
    "gate at no threshold": "gate --model model-1 --snapshot snapshot-1 --threshold threshold-9",
    "gate by another policy": "gate --model model-1 --snapshot snapshot-1 --policy {folder}/strict.json",
    "gate of nothing": "gate --model model-9",
    "release proposed": "release propose --model model-1 --snapshot snapshot-1 --why ready --as ben",
    "release approved by its maker": "release approve release-1",
    "release approved by who proposed it": "release approve release-1 --as ben",
    "release approved": "release approve release-1 --as lena",
    "release rejected too late": "release reject release-1 --why late --as lena",
    "release rolled back to itself": "release rollback release-1 --why again --as lena",
    "release sung": "release sing release-1",
    "releases": "release list --dataset small",
    "release card": "release show release-1",
    "release card written": "release show release-1 --to {folder}/card.json",
    "release verified": "release verify release-1",
    "drift": "drift --snapshot snapshot-1 --model model-1",
    "drift of nothing": "drift --snapshot snapshot-99",
    "canary": "canary --model model-1 --snapshot snapshot-1",
    "appeals": "appeals {folder}/appeals.csv --dataset small --column outcome=result",
    "appeals without outcomes": "appeals {folder}/appeals.csv --model model-1",
    "transparency": "transparency --dataset small --to {folder}/figures.csv",
    "transparency as a picture": "transparency --dataset small --to {folder}/figures.pdf",
    "audit": "audit list --limit 100",
    "audit verified": "audit verify --card {folder}/card.json",
    "datasets afterwards": "datasets",
}
# Commands whose exit code is part of the answer: 1 where the gate fails, 3 where it cannot decide.
EXITS = {"gate on what it has learned from": 1, "gate by another policy": 3}
ERRORS = {
    "import read wrongly": "BadInput",
    "mapping unknown": "NotFound",
    "behave without a mapping": "BadInput",
    "behave without a suite": "BadInput",
    "behave on nothing unwanted": "BadInput",
    "behaviour of no test": "NotFound",
    "policy of no use": "BadInput",
    "gate of nothing": "NotFound",
    "gate at no threshold": "NotFound",
    "slices of no label": "BadInput",
    "slice of nothing known": "BadInput",
    "drift of nothing": "NotFound",
    "appeals without outcomes": "BadInput",
    "transparency as a picture": "BadInput",
    "release approved by its maker": "Conflict",
    "release approved by who proposed it": "Conflict",
    "release rejected too late": "Conflict",
    "release rolled back to itself": "Conflict",
    "release sung": "BadInput",
    "providers elsewhere": "NotFound",
    "price without a source": "BadInput",
    "price taken back again": "NotFound",
    "child data gone without a reason": "BadInput",
    "search by nothing known": "BadInput",
    "search no slice": "NotFound",
    "search like none": "NotFound",
    "export under another name": "BadInput",
    "export a snapshot of a slice": "BadInput",
    "export for datasets again": "BadInput",
    "try what is not there": "NotFound",
    "try nothing": "BadInput",
    "import without text": "BadInput",
    "clean again": "BadInput",
    "health of no figure": "NotFound",
    "snapshot in time": "BadInput",
    "snapshot on no day": "BadInput",
    "snapshot of repaired texts": "BadInput",
    "split of no leak": "NotFound",
    "split of nothing": "BadInput",
    "duplicates of no group": "NotFound",
    "contradiction of no group": "NotFound",
    "contradiction decided how": "BadInput",
    "clean repair again": "Conflict",
    "clean repair of nothing": "NotFound",
    "clean repair of names": "BadInput",
    "golden set for no reason": "BadInput",
    "label wrongly": "BadInput",
    "vote beyond the text": "BadInput",
    "desk for nobody": "BadInput",
    "spare what": "BadInput",
    "labels with a taken key": "BadInput",
    "labels with no key": "BadInput",
    "comment unknown": "NotFound",
    "create again": "Conflict",
    "agreement about no label": "BadInput",
    "agreement at no level": "BadInput",
    "aggregate unknown": "NotFound",
    "aggregate nothing": "BadInput",
    "aggregate in force for no reason": "BadInput",
    "queue create again": "Conflict",
    "queue create by nobody": "BadInput",
    "queue of what": "BadInput",
    "queue next for another": "Conflict",
    "queue sung": "BadInput",
    "adjudicate for no reason": "BadInput",
    "example unknown": "NotFound",
    "suspects of nothing": "BadInput",
    "estimate of a baseline": "BadInput",
    "estimate of nothing": "BadInput",
    "job paused too late": "Conflict",
    "train badly": "NotFound",
    "tune hosted": "BadInput",
    "study unknown": "NotFound",
    "job cancelled too late": "Conflict",
    "evaluate nothing": "BadInput",
    "report of no format": "BadInput",
    "report of nothing": "BadInput",
    "models archive again": "Conflict",
    "models base nowhere": "BadInput",
    "models export there again": "BadInput",
    "predict by no engine": "BadInput",
    "predict nothing": "BadInput",
    "predict into no format": "BadInput",
    "answers of a training": "BadInput",
    "review without verdict": "BadInput",
    "scores of nothing": "BadInput",
    "cause of nothing": "BadInput",
    "causes of nothing": "NotFound",
    "compare one": "BadInput",
    "compare at a rate for nothing": "BadInput",
    "thresholds of nothing": "BadInput",
    "threshold by an unknown rule": "BadInput",
    "threshold on test": "BadInput",
    "export chat of nothing": "BadInput",
    "tokens of a table": "BadInput",
    "examples kept again": "Conflict",
    "examples kept nowhere": "BadInput",
    "examples unknown": "NotFound",
    "train on examples elsewhere": "NotFound",
    "train on nothing": "BadInput",
    "pairs kept again": "Conflict",
    "pairs kept nowhere": "BadInput",
    "pairs unknown": "NotFound",
    "prompt without a place": "BadInput",
    "score of nothing": "BadInput",
    "train on a task alone": "BadInput",
    "train by rewards from nothing": "BadInput",
    "generate by a classifier": "BadInput",
    "written by a classifier": "NotFound",
    "rate what nobody wrote": "NotFound",
    "jobs elsewhere": "NotFound",
    "job adopted nowhere": "BadInput",
    "tokens of nothing": "BadInput",
    "export nowhere": "BadInput",
}
_VOLATILE = {
    "logged_at",
    "taken_at",
    "trained_at",
    "judged_on",
    "at",
    "hash",
    "previous",
    "details",
    "created_at",
    "voted_at",
    "absorbed_at",
    "undone_at",
    "closed_at",
    "salt",
    "client_id",
}
_CLOCKED = {
    "seconds",
    "latency_ms",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "comments_per_second",
    "hashes.json",
    "card.json",
    "README.md",
    "model.json",
}


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
        written_csv(folder / "appeals.csv", APPEALS)
        (folder / "guideline.md").write_text("Be kind.\n")
        rows = [f"you stupid man {n} left\tyou man {n} left\t{'gone ' * (n % 2)}" for n in range(14)]
        (folder / "pairs.tsv").write_text("\n".join(["toxic\tneutral1\tneutral2", *rows, "broken"]))
        (folder / "prompt.txt").write_text("Say it kindly: {source}\n")
        written = {"source": "you stupid man left", "text": "you left", "reference": "the man left"}
        (folder / "written.jsonl").write_text(json.dumps(written) + "\n")
        theirs = [f"c{place:04},{place % 101}" for place in range(320)]
        (folder / "theirs.csv").write_text("\n".join(["Id,TOX", *theirs]))
        for name, bad in (("suite", "bad"), ("other", "worse")):
            rows = f"you stupid idiot,{bad},insults,yes\nlovely hate,{bad},irony,no\n"
            (folder / f"{name}.csv").write_text(f"text,expected,functionality,must_pass\n{rows}")
        for name, line in (("policy", 0.2), ("strict", 0.99)):
            clause = {"clause": "recall", "label": "disallow", "at_least": line}
            (folder / f"{name}.json").write_text(json.dumps({"clauses": [clause]}))

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
        """Every answer; `beside` goes on beside the first step of each verb."""
        answers, names, met = {}, {}, set()
        for step, line in STEPS.items():
            verb = line.partition(" ")[0]
            with nullcontext() if verb in met else beside():
                answers[step] = self(line, **names)
            met.add(verb)
            if step == "train":
                names["run"] = answers[step][1]["runs"][-1]["run_id"]
            if step == "train second":
                names["second_run"] = answers[step][1]["runs"][-1]["run_id"]
            if step == "cause, the next":
                names["drawn"] = answers[step][1]["queue"][0]["comment_id"]
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
    """The answers while an owner starts beside each verb's first step, begun up to 1.5 seconds before."""
    commands = Commands(small_home, tmp_path_factory.mktemp("starting"))
    draw = random.Random(20261121)

    @contextmanager
    def beginning():
        with owner_starting(commands.home):
            time.sleep(draw.uniform(0.0, 1.5))
            yield

    return commands.all_steps(beginning)


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_verb_answers_the_same_whenever_an_owner_of_the_database_starts(down, starting, step):
    assert starting[step] == down[step]


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_verb_answers_the_same_whether_the_dashboard_is_down_or_up(down, up, step):
    assert up[step] == down[step]


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_verb_exits_with_zero_only_where_it_succeeded(down, step):
    code, answer = down[step]
    if step in ERRORS:
        assert (code, answer["error"]) == (2 if step.startswith("gate") else 1, ERRORS[step])
        assert answer["message"]
    else:
        assert code == EXITS.get(step, 0), answer


@pytest.mark.slow
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
        "check-import": "--check",
        "archive-model": "models archive",
        "compare-models": "models differences",
        "base-model": "models base",
        "export-model": "models export",
        "evaluate-file": "--predictions",
        "estimate": "--estimate",
        "show-snapshot": "--verify",
        "demo": "datasets",
        "hosted-jobs": "--provider nowhere",
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
