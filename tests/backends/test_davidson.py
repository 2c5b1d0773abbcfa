import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score
from sklearn.model_selection import train_test_split

from services.jobs.process.folder import JobFolder
from services.jobs.process.worker import RunningJob
from services.jobs.train_baseline import train
from services.modelling.recipes import RECIPES

TWEETS = Path(__file__).resolve().parents[3] / "shared" / "data" / "davidson2017" / "labeled_data.csv"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not TWEETS.exists(), reason="the set of Davidson et al. (2017) is not here"),
]


@pytest.fixture(scope="module")
def comments():
    rows = pd.read_csv(TWEETS)
    labels = rows["class"].map({0: "hate", 1: "offensive", 2: "neither"}).to_numpy()
    places = np.arange(len(rows))
    _, held_out = train_test_split(places, test_size=0.2, stratify=labels, random_state=0)
    _, test = train_test_split(held_out, test_size=0.5, stratify=labels[held_out], random_state=0)
    splits = np.full(len(rows), "train", dtype=object)
    splits[held_out], splits[test] = "validation", "test"
    return pa.table(
        {
            "comment_id": places,
            "text": rows["tweet"].tolist(),
            "label": labels.tolist(),
            "split": splits.tolist(),
        }
    )


def answers_on_test(folder, comments, recipe):
    (folder / "inputs").mkdir()
    pq.write_table(comments, folder / "inputs" / "comments.parquet")
    settings = RECIPES[recipe].settings
    spec = {"snapshot_id": "snapshot-1", "snapshot_sha256": "", "settings": settings}
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    train(RunningJob(JobFolder(folder)))
    gold = comments.to_pandas().set_index("comment_id")["label"]
    answers = pq.read_table(folder / "predictions.parquet").to_pandas().query("split == 'test'")
    return gold.loc[answers["comment_id"]].to_numpy(), answers["label"].to_numpy()


def test_the_plain_baseline_is_as_good_as_published_ones(tmp_path, comments):
    gold, answers = answers_on_test(tmp_path, comments, "baseline")
    assert accuracy_score(gold, answers) >= 0.88
    assert f1_score(gold, answers, average="weighted") >= 0.865


def test_the_weighted_baseline_finds_hate(tmp_path, comments):
    gold, answers = answers_on_test(tmp_path, comments, "baseline-weighted")
    assert recall_score(gold, answers, labels=["hate"], average="macro") >= 0.40
