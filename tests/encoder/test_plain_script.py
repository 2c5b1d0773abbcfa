import csv
import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from services.jobs.train_encoder import train
from services.modelling.plain_script import FILE_NAME, plain_script
from services.modelling.settings import EncoderSettings, read_settings
from tests.encoder.conftest import comments

pytestmark = pytest.mark.slow


def written(folder, rows, name):
    """The rows as a file, of which a script knows nothing but its columns."""
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        if name.endswith(".csv"):
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        else:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def run_alone(folder, config, file):
    """The script as a person runs it: in a folder of its own, without our code; what it printed last."""
    (folder / FILE_NAME).write_text(plain_script(config), encoding="utf-8")
    start = f"runpy.run_path({FILE_NAME!r}, run_name='__main__')"
    alone = f"import torch, runpy; torch.set_num_threads(1); {start}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", alone, str(file)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"seed"')]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("comments.jsonl", {}),
        pytest.param(
            "comments.csv",
            {
                "class_weight": "balanced",
                "focal_gamma": 1.0,
                "group_by_length": False,
                "patience": 2,
                "seeds": 2,
            },
            marks=pytest.mark.slow,
        ),
        pytest.param("comments.jsonl", {"lora_rank": 4, "learning_rate": 2e-2}, marks=pytest.mark.slow),
    ],
)
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft asks
def test_the_script_makes_the_very_weights_of_our_training(
    new_job, unbroken, tmp_path, monkeypatch, name, settings
):
    monkeypatch.setattr("services.jobs.train_encoder.refuse_one_answer", lambda *_: None)
    job = new_job(**settings) if settings else unbroken
    if settings:
        train(job)
    config = read_settings(EncoderSettings, job.spec["settings"])
    told = run_alone(tmp_path, config, written(tmp_path, comments().to_pylist(), name))

    ours = load_file(job.folder.path / "model" / "hf" / "model.safetensors")
    plain = load_file(tmp_path / "model" / "model.safetensors")
    assert ours.keys() == plain.keys()
    assert all(torch.equal(weight, plain[key]) for key, weight in ours.items())
    about = json.loads((job.folder.path / "model" / "model.json").read_text())
    for seed, alone in zip(about["seeds"], told, strict=True):
        assert alone == pytest.approx({key: seed[key] for key in alone}, abs=1e-6)


def test_the_script_holds_every_setting_and_nothing_of_ours():
    script = plain_script(EncoderSettings(learning_rate=1e-4, base_model='/a "model"\n', seed=7))
    assert "'learning_rate': 0.0001" in script and r"""'/a "model"\n'""" in script
    assert "services" not in script and "SETTINGS = {}" not in script
    compile(script, FILE_NAME, "exec")
