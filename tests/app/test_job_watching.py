import json

import pytest

from domain.text import escape_markdown
from services.curation.snapshots import take_snapshot
from services.jobs.managing import launch
from services.jobs.process.folder import JobFolder
from services.modelling.training import train
from tests.stored_jobs import Stage, ready_to_train

LABELS = [f"label {number}" for number in range(11)] + ["*bold* <b>, seed 7"]
HOSTILE = "=1+1 <img src=x> **loud** [x](http://x) \u202ewords"


@pytest.fixture
def stage(db, monkeypatch):
    ready_to_train(db)
    stage = Stage(db, monkeypatch)
    yield stage
    stage.close()


@pytest.fixture
def job(db, stage):
    """A training of two seeds under way, as its folder tells it."""
    taken = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    job = train(db, snapshot_id=taken.snapshot_id, recipe="best", actor="ana")
    folder = launch.folder_of(db, job.job_id)
    folder.add_event("started", pid=stage._started[-1][0], message="Has started.")
    folder.add_metric({"seconds": 1.0, "stage": "beside it: TF-IDF", "accuracy": 0.9, "macro_f1": 0.6,
                       "fit_seconds": 0.4})  # fmt: skip
    told = {"label": "allow", "tokens": ["[CLS]", "**loud**", "[SEP]"], "padding": 3}
    folder.add_event("first_batch", message="The first batch: 16 comments.", comments=[told])
    for seed in (0, 1):
        learn(folder, f", seed {seed}")
    folder.add_event("warning", message="It learns *by heart*.", hint="Fewer epochs.")
    folder.add_event("progress", share=0.5, message="Trains: step 20 of 40.", seconds_left=125.0)
    return job, folder


def learn(folder, told):
    for step in (1, 10, 20):
        folder.add_metric({"seconds": step, "stage": f"train{told}", "step": step, "loss": 1.0 / step,
                           "learning_rate": 1e-4, "examples_per_second": 31, "memory_mb": 1_234})  # fmt: skip
    for step in (10, 20):
        folder.add_metric({"seconds": step, "stage": f"validation{told}", "step": step, "loss": 0.5,
                           "accuracy": 0.8, "macro_f1": step / 40})  # fmt: skip
        for label in LABELS:
            folder.add_metric({"seconds": step, "stage": f"validation{told}, {label}", "label": label,
                               "step": step, "f1": None if step == 10 else 0.5})  # fmt: skip
        shown = {"kind": "worst", "comment_id": 7, "text": HOSTILE, "label": "allow",
                 "scores": {LABELS[-1]: 0.97, "allow": 0.03}}  # fmt: skip
        folder.add_shown({"stage": f"validation{told}", "step": step, "comments": [shown]})


def table_of(app, column):
    return next(one.value for one in app.dataframe if column in one.value.columns)


def test_a_training_under_way_shows_numbers_curves_and_what_to_beat(job, open_page):
    app = open_page("jobs", job=job[0].job_id)
    assert not app.exception
    tiles = {one.label: one.value for one in app.metric}
    assert tiles == {"Step": "20", "Best macro F1": "0.500", "Comments per second": "31",
                     "Time left": tiles["Time left"], "Peak memory": "1.2 GB"}  # fmt: skip
    assert tiles["Time left"].startswith(("2 min", "1 min"))
    assert "**F1 of each label on validation**" in [one.value for one in app.markdown]
    assert table_of(app, "macro_f1")["name"].tolist() == ["TF-IDF"]
    assert app.warning[0].value == r"It learns \*by heart\*\. Fewer epochs\."


def test_twelve_labels_have_a_line_each_and_undefined_values_have_no_point(job, open_page):
    app = open_page("jobs", job=job[0].job_id)
    charts = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]
    domains = [chart["encoding"]["color"]["scale"]["domain"] for chart in charts]
    assert sorted(LABELS) in domains
    place = domains.index(sorted(LABELS))
    assert len(set(charts[place]["encoding"]["color"]["scale"]["range"])) == 12


def test_comments_and_tokens_stay_letters_and_another_evaluation_can_be_looked_at(job, open_page):
    app = open_page("jobs", job=job[0].job_id)
    table = table_of(app, "answer")
    assert table["text"].tolist() == [HOSTILE.replace("\u202e", "⟦RLO⟧")]
    assert table["answer"].tolist() == [f"{LABELS[-1]} 0.97 · allow 0.03"]
    assert "[CLS] **loud** [SEP]  + 3 × padding" in [one.value for one in app.code]
    [slider] = app.select_slider
    assert slider.value == 20
    slider.set_value(10).run()
    assert not app.exception and app.select_slider[0].value == 10


def tell_evaluation(folder, step):
    shown = {"kind": "best", "comment_id": step, "text": "x", "label": "allow", "scores": {"allow": 1.0}}
    folder.add_shown({"stage": "validation, seed 1", "step": step, "comments": [shown]})


def test_the_newest_evaluation_is_shown_until_another_is_chosen_and_again_after(job, open_page):
    started, folder = job
    app = open_page("jobs", job=started.job_id)
    assert app.select_slider[0].value == 20
    tell_evaluation(folder, 30)
    app.run()
    assert app.select_slider[0].value == 30 and table_of(app, "answer")["comment"].tolist() == ["30"]
    app.select_slider[0].set_value(10).run()
    tell_evaluation(folder, 40)
    app.run()
    assert app.select_slider[0].value == 10 and table_of(app, "answer")["comment"].tolist() == ["7"]
    app.select_slider[0].set_value(40).run()
    tell_evaluation(folder, 50)
    app.run()
    assert app.select_slider[0].value == 50


def test_the_newest_seed_is_shown_until_another_is_chosen(job, open_page):
    started, folder = job
    app = open_page("jobs", job=started.job_id)
    assert app.segmented_control[0].value == "seed 1"
    learn(folder, ", seed 2")
    app.run()
    assert app.segmented_control[0].value == "seed 2"
    app.segmented_control[0].set_value("seed 0").run()
    learn(folder, ", seed 3")
    app.run()
    assert not app.exception and app.segmented_control[0].value == "seed 0"


def test_the_train_page_tells_the_licence_of_the_base(db, stage, open_page, tmp_path):
    taken = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    app = open_page("train", snapshot=taken.snapshot_id)
    app.radio(key="train_recipe").set_value("solid").run()
    assert escape_markdown("Base model minilm, licence: apache-2.0.") in [one.value for one in app.caption]
    (tmp_path / "mine").mkdir()
    for file in ("model.safetensors", "config.json"):
        (tmp_path / "mine" / file).write_text("{}", encoding="utf-8")
    app.text_input(key="train_solid_base_model").set_value(str(tmp_path / "mine")).run()
    assert any("not told here" in one.value for one in app.caption)
    app.text_input(key="train_solid_base_model").set_value("/nowhere").run()
    assert (
        any(escape_markdown("There is no folder '/nowhere'") in one.value for one in app.caption)
        and not app.exception
    )


def test_pause_asks_once_and_a_paused_job_can_go_on(db, job, open_page, stage):
    started, folder = job
    app = open_page("jobs", job=started.job_id)
    app.button(key=f"jobs_pause_{started.job_id}").click().run()
    assert folder.pauser() == "ana"
    assert "ana asked it to pause; it does at its next step." in [one.value for one in app.caption]
    assert f"jobs_pause_{started.job_id}" not in [button.key for button in app.main.button]
    folder.add_event("paused", message="Paused by ana.", hint="Started again, it goes on from here.")
    app.run()
    assert app.button(key=f"jobs_again_{started.job_id}").label == "Go on"


def test_the_end_says_whether_it_was_worth_it_and_how_to_repeat_it(db, job, open_page):
    started, folder = job
    folder.add_metric({"seconds": 90.0, "stage": "validation", "accuracy": 0.7, "macro_f1": 0.9, "rows": 9})
    folder.add_event("comparison", message="No *better*.", verdict="not decidable")
    folder.add_event("own_time", message="Of 90.0 s, watching and writing took 0.8%.")
    folder.add_event("succeeded", message="Took 90.0 s.")
    app = open_page("jobs", job=started.job_id)
    assert not app.exception
    assert app.info[0].value == r"No \*better\*\."
    assert table_of(app, "macro_f1")["name"].tolist() == ["this encoder", "TF-IDF"]
    assert r"Of 90\.0 s, watching and writing took 0\.8%\." in [one.value for one in app.caption]
    codes = [one.value for one in app.code]
    [command] = [code for code in codes if "workbench.py train" in code]
    assert "--recipe best" in command and "--setting" not in command, "the recipe says it all"
    assert any(f"export --snapshot {started.snapshot_id} comments.jsonl" in code for code in codes)
    assert any("'seeds': 3" in code for code in codes)


def test_the_train_page_tells_what_a_training_would_take(db, stage, open_page):
    taken = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    app = open_page("train", snapshot=taken.snapshot_id)
    assert "train_probe" not in [button.key for button in app.button]
    app.radio(key="train_recipe").set_value("solid").run()
    app.button(key="train_probe").click().run()
    [probed] = (db.home / "estimates").iterdir()
    folder = JobFolder(probed)
    folder.add_event("started", pid=stage._started[-1][0], message="Has started.")
    folder.add_event("progress", share=0.3, message="Step 3 of 10.")
    app.run()
    assert (app.get("progress")[0].value, app.get("progress")[0].text) == (30, r"Step 3 of 10\.")
    assert app.button(key="train_probe_stop").label == "Stop trying"
    told = {
        "train_rows": 96, "validation_rows": 12, "answered_rows": 24, "max_length": 16, "load_seconds": 6,
        "step_seconds": 1.0, "step_spread": 0.1, "evaluation_seconds": 1, "checkpoint_seconds": 1,
        "opponents_seconds": 3, "memory_mb": 900, "gpu_memory_mb": None, "disk_bytes": 10**9,
        "precision": "fp32", "threads": 1,
    }  # fmt: skip
    (probed / "probe.json").write_text(json.dumps(told))
    folder.add_event("succeeded", message="Took 9 s.")
    app.run()
    sentence = next(one.value for one in app.markdown if ":material/timer:" in one.value)
    assert sentence.startswith(":material/timer: About 30 s ") and "0\\.9 GB of memory" in sentence
    app.radio(key="train_recipe").set_value("best").run()
    assert any("About 2 min" in one.value for one in app.markdown)
    assert "train_plain.py" in app.code[1].value


def test_a_probe_that_failed_says_why(db, stage, open_page):
    taken = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    app = open_page("train", snapshot=taken.snapshot_id)
    app.radio(key="train_recipe").set_value("classic").run()
    app.button(key="train_probe").click().run()
    [probed] = (db.home / "estimates").iterdir()
    JobFolder(probed).add_event("failed", message="It is *not* here.", hint="Train first.")
    app.run()
    assert app.warning[0].value == r"It is \*not\* here\. Train first\."
    assert app.button(key="train_probe").label == "How long?"


def test_a_training_that_failed_opens_the_page_where_its_settings_are_changed(db, stage, open_page):
    taken = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    settings = {"epochs": 2, "learning_rate": 0.5, "class_weight": "balanced"}
    job = train(db, snapshot_id=taken.snapshot_id, recipe="solid", settings=settings, actor="ana")
    folder = launch.folder_of(db, job.job_id)
    folder.add_event("failed", message="The training diverges.", hint="Lower learning_rate.")
    app = open_page("jobs", job=job.job_id)
    app.button(key=f"jobs_change_{job.job_id}").click().run()
    assert not app.exception
    assert app.radio(key="train_recipe").value == "solid"
    assert app.number_input(key="train_solid_epochs").value == 2
    assert app.number_input(key="train_solid_learning_rate").value == 0.5
    assert app.selectbox(key="train_solid_class_weight").value == "balanced"
    command = next(one.value for one in app.code if "workbench.py train" in one.value)
    assert "--recipe solid" in command and "class_weight=balanced" in command and "epochs=2" in command
