import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BadInput
from services.curation.datasets import create_dataset
from services.generation.pairs import keep_pairs, pairs_of
from services.generation.report_pages import written_file, written_report
from services.generation.table import System, measured, report_of
from services.generation.training import write
from services.jobs.managing import launch
from services.jobs.managing.absorb import absorb
from services.verbs.running import run_verb
from storage.writing_ratings import list_ratings

RUDE = "you **stupid** man <b>number</b> {}"


@pytest.fixture
def kids(db):
    return create_dataset(db, "kids", ("allow", "disallow"), actor="ana").dataset_id


@pytest.fixture
def pairs(db, kids, tmp_path):
    names = [
        first + second for first in "abcde" for second in "fghijklm"
    ]  # what differs in numbers reads alike
    rows = [
        f"{RUDE.format(name)}\tyou man number {name}\t{'test' if place > 20 else 'train'}"
        for place, name in enumerate(names)
    ]
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join(["source\treference\tsplit", *rows, "broken"]), encoding="utf-8")
    return keep_pairs(db, kids, path, task="detoxify", actor="ana").pair_set_id


@pytest.fixture
def wrote(db, pairs, monkeypatch):
    """A job that wrote: the model left the rude word out, and once lost the meaning."""
    held = []  # as long as the lock is held, nobody takes the job for dead
    monkeypatch.setattr(launch, "start_process", lambda _folder, _kind, lock: held.append(os.dup(lock)))
    job = write(db, pair_set_id=pairs, settings={"base_model": "owner/model"}, actor="ana")
    tested = pairs_of(db, pairs, splits=["test"])
    n, folder = len(tested), launch.folder_of(db, job.job_id)
    sources, references = [one.clean_source for one in tested], [one.clean_references for one in tested]
    polite = ["be kind", *(refs[0] for refs in references[1:])]
    systems = []
    for name, kind, texts, toxic in (
        ("delete the toxic words", "trivial", sources, 0.9), ("before", "model", sources, 0.9),
        ("after", "model", polite, 0.1),
    ):  # fmt: skip
        near = np.array([0.2 if text == "be kind" else 0.9 for text in texts])
        system = System(name, kind, tuple(texts))
        systems.append(
            measured(
                "detoxify", system, references, meaning=near, fluency=np.ones(n), toxicity=np.full(n, toxic)
            )
        )
    report = report_of(
        "detoxify", sources, references, systems, signatures={}, source_toxicity=np.full(n, 0.9)
    )
    (folder.path / "report.json").write_text(json.dumps(report))
    rows = [
        {"pair_id": pair.pair_id, "system": one.name, "kind": one.kind, "text": one.outputs[place],
         **{name: float(one.columns[name][place]) for name in ("toxicity", "meaning", "joint")}}
        for one in systems for place, pair in enumerate(tested)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), folder.path / "written.parquet")
    for step in range(1, 4):
        folder.add_metric(
            {"seconds": step, "stage": "reward", "step": step, "reward": step / 4, "kl": 0.1 * step}
        )
    for event in ("queued", "started", "succeeded"):
        folder.add_event(event, pid=1, message="Done.")
    os.close(held.pop())
    absorb(db)
    return job.job_id


def test_without_pairs_the_page_says_to_add_some(kids, open_page):
    app = open_page("generation")
    assert not app.exception
    assert "There are no pairs yet" in app.info[0].value


def test_a_file_of_pairs_is_kept_and_opened(db, kids, open_page):
    app = open_page("generation")
    rows = "\n".join(["toxic\tneutral1", *(f"bad words {chr(97 + n)}\tgood words {n}" for n in range(20))])
    app.file_uploader(key="generation_file").upload("p.tsv", rows.encode(), "text/plain")
    app.button(key="FormSubmitter:generation_add-Keep the pairs").click().run()
    assert not app.exception and not app.error
    assert any("pairs-1 · ParaDetox" in one.value for one in app.caption)


@pytest.mark.slow
def test_pairs_can_be_trained_on_rewarded_and_written(pairs, open_page):
    app = open_page("generation")
    assert not app.exception and not app.error
    assert app.text_input(key="generation_base_pairs").value == "google/flan-t5-base"
    assert app.number_input(key="generation_pairs_lora_rank").value == 0
    for way, key in (("reward", "generation_reward_kl_budget"), ("write", "generation_write_shots")):
        app.button_group(key="generation_way").set_value(way).run()
        assert not app.exception and app.number_input(key=key).value is not None
    app.button_group(key="generation_way").set_value("reward").run()
    app.button(key="generation_start").click().run()
    assert "With which model does the training begin" in app.error[0].value


@pytest.mark.slow
def test_what_was_written_is_judged_marked_and_rated_blind(db, pairs, wrote, open_page):
    app = open_page("generation", pairs=pairs, job=wrote)
    assert not app.exception and not app.error
    assert "beats" in app.success[0].value and "delete the toxic words" in app.success[0].value
    tables = [one.value for one in app.dataframe]
    assert any("J" in table.columns and len(table) == 3 for table in tables)
    changes = next(table for table in tables if "points" in table.columns)
    assert set(changes["relative"]) >= {"-88.9%"}  # of the toxicity, labelled as relative
    shown = [one.value for one in app.markdown]
    assert any(":red-background[" in one and "stupid" in one for one in shown)
    assert not any("<b>" in one for one in shown)
    app.button_group(key="generation_order_detoxify").set_value("meaning lost").run()
    assert len([one for one in app.caption if one.value.startswith("Pair ")]) == 1


def test_the_report_is_one_file_with_differences_marked_and_lost_meanings_named(db, wrote, tmp_path):
    for ending in ("html", "md"):
        out = tmp_path / f"report.{ending}"
        run_verb(db, "written", {"job": wrote, "out": str(out)}, lambda *_: None)
        told = out.read_text(encoding="utf-8")
        for words in (
            "From model to model",
            "The worst texts",
            "relative",
            "1 of 19 texts of after",
            "by embeddings",
        ):
            assert words in told
    told = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "-88.9%" in told and "[-**stupid**-]" in told and "{+be kind+}" in told
    assert "<b>" not in told
    with pytest.raises(BadInput, match="is not written as '.exe'"):
        run_verb(db, "written", {"job": wrote, "out": str(tmp_path / "report.exe")}, lambda *_: None)


def test_ratings_are_kept_one_pair_after_the_other(db, pairs, wrote, open_page):
    app = open_page("generation", pairs=pairs, job=wrote)
    app.session_state[f"generation_tabs_{wrote}"] = "Rate"
    app.run()
    assert not app.exception and not app.error
    keep = next(button for button in app.button if button.label == "Keep and go on")
    assert keep.disabled and any("Not answered yet: 8 of 8" in one.value for one in app.caption)
    opinion = {"relevance": 3, "fluency": 4, "meaning": True, "toxic": False}
    for group in [one for one in app.button_group if str(one.key).startswith("generation_rate_")]:
        assert group.value in (None, [])
        group.set_value(opinion[group.key.rpartition("_")[2]])
    app.run()
    next(button for button in app.button if button.label == "Keep and go on").click().run()
    kept = list_ratings(db, pair_set_id=pairs, job_id=wrote)
    assert {one.system for one in kept} == {"before", "after"}
    assert {(one.relevance, one.same_meaning, one.created_by) for one in kept} == {(3, True, "ana")}
    assert any(one.value.startswith("1 of 19 pairs rated by you") for one in app.caption)
    told = written_file(written_report(db, wrote), "html")
    assert "same meaning" in told and "100.0% of 1" in told and "Krippendorff" in told
