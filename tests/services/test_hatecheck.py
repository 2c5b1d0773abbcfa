"""A baseline does well on the data it comes from and fails where it matters: real data, when here."""

import csv
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.curation.datasets import create_dataset
from services.curation.importing import import_file
from services.curation.snapshots import take_snapshot
from services.evaluation.behaving import get_behaviour, start_functional
from services.homes import home_folder
from services.modelling.training import train
from services.owner import owner_of
from services.release.gate import judge
from services.release.policy import policy_of, write_policy
from storage.database import connect
from tests.waiting import done

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PAIRS, SUITE = DATA / "paradetox" / "paradetox.tsv", DATA / "hatecheck" / "test_suite_cases.csv"
POLICY = [
    {"clause": "f1", "label": "toxic", "at_least": 0.85},
    {"clause": "functionality", "at_least": 0.7},
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (PAIRS.exists() and SUITE.exists()), reason="ParaDetox and HateCheck are not here"
    ),
]


def paradetox(path):
    """Every toxic comment and its first neutral rewriting, as a CSV; a pair is one thread, in one split."""
    with open(PAIRS, encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label", "thread"])
        for number, line in enumerate(line for line in lines if len(line) == 4):
            writer.writerow([f"t{number}", line[0], "toxic", f"pair-{number}"])
            writer.writerow([f"n{number}", line[1], "neutral", f"pair-{number}"])
    return path


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A home in which a baseline learned from ParaDetox, was asked about HateCheck, and has a policy."""
    folder = tmp_path_factory.mktemp("real")
    db = connect(folder / "home")
    create_dataset(db, "detox", ("neutral", "toxic"), actor="ana", group_by="thread", salt="detox")
    import_file(db, paradetox(folder / "pairs.csv"), "detox", actor="ana")
    snapshot = take_snapshot(db, "detox", actor="ana")
    done(db, train(db, snapshot_id=snapshot.snapshot_id, name="TF-IDF", actor="ana"), within_s=300)
    job = start_functional(
        db, model_id="model-1", suite=SUITE.read_bytes(), name=SUITE.name, actor="ana",
        mapping={"hateful": "toxic", "non-hateful": "neutral"},
    )  # fmt: skip
    done(db, job, within_s=300)
    write_policy(db, "detox", policy_of(POLICY), why="first", actor="lena")
    yield db, job.job_id
    db.close()


def test_a_baseline_of_paradetox_passes_its_held_out_f1_and_fails_the_gate_on_hatecheck(judged):
    db, _ = judged
    verdict = judge(db, "model-1", policy_of(POLICY))
    found = {each.clause["clause"]: each.finding for each in verdict.clauses if each.clause}
    assert found["f1"].outcome == "pass", found["f1"]
    assert found["functionality"].outcome == "fail", found["functionality"]
    assert verdict.outcome == "fail"


def test_every_case_and_functionality_of_hatecheck_is_counted(judged):
    db, job_id = judged
    found = get_behaviour(db, job_id).found
    assert (len(found.groups), found.overall.n) == (29, 3_728)
    assert sum(each.n for each in found.groups) == 3_728
    hateful = {each.expected for group in found.groups for each in group.failing if group.name[-3:] != "_nh"}
    assert hateful == {"toxic"}


def test_the_page_says_why_at_its_top(judged, monkeypatch):
    db, _ = judged
    db.close()
    monkeypatch.setenv("WORKBENCH_HOME", str(db.home))
    entry = Path(__file__).resolve().parents[1] / "app" / "entry.py"
    at = AppTest.from_file(entry, default_timeout=60)
    at.session_state["person"] = "lena"
    at.run()
    at.switch_page("../../pages/behaviour.py")
    at.run()
    owner_of(home_folder()).close()
    assert not at.exception
    first = [each.value for each in at.markdown][:3]
    assert "Fail" in first[0] and "Wrong on" in first[0] and "Worst" in first[0]
    assert "below" in first[1]
