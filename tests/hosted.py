"""What tests of hosted work need: a job folder, its provider, and comments that are safe to send."""

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from services.backends.provider import Provider
from services.jobs import train_hosted
from services.jobs.process.folder import JobFolder
from services.jobs.process.worker import RunningJob
from services.modelling.formats.chat import prompt_sha256
from services.modelling.hosted.outbound import Prices
from services.modelling.hosted.providers import ProviderAddress
from services.modelling.settings import HostedSettings

KEY_VARIABLE = "TEST_PROVIDER_KEY"
GUIDELINE = "Answer with one word. Say “disallow” to insults and “allow” to everything else."
KIND, RUDE = ["lovely", "great", "funny", "sweet"], ["stupid", "ugly", "idiot", "moron"]
FAST = {"provider": "test", "poll_s": 0.05, "system_prompt": GUIDELINE}


def comments(count=60):
    """(text, label) pairs in which the words tell the label."""
    draw = random.Random(3)
    rows = []
    for number in range(count):
        label = "disallow" if number % 3 == 0 else "allow"
        words = draw.choices(RUDE if label == "disallow" else KIND, k=3)
        rows.append((f"you are {' '.join(words)} said {'abcdefgh'[number % 8] * (number // 8 + 1)}", label))
    return rows


def splits_of(count):
    return [
        {7: "validation", 8: "validation", 9: "test"}.get(number % 10, "train") for number in range(count)
    ]


def address(provider):
    return ProviderAddress("test", provider.base_url, KEY_VARIABLE)


def client(provider, pauses=None):
    """The provider's client; it does not wait, but says how long it would have."""
    return Provider(address(provider), pause=(pauses if pauses is not None else []).append)


def about(model="gpt-4o-mini-2024-07-18", *, labels=("allow", "disallow"), prompt=GUIDELINE, **settings):
    """What model.json says of a hosted model."""
    chosen = vars(HostedSettings(**{**FAST, **settings}))
    prices = Prices(3.0, 0.3, 1.2, as_of="2026-10-15").as_dict()
    return {
        "kind": "openai", "labels": list(labels), "score_kind": "logprob", "model": model,
        "system_prompt": prompt, "prompt_sha256": prompt_sha256(prompt), "settings": chosen, "prices": prices,
    }  # fmt: skip


def job_folder(home: Path, provider, *, rows=None, client_id="click-1", **settings) -> JobFolder:
    """The folder of a hosted job, as the launcher makes it."""
    rows = comments() if rows is None else rows
    path = home / "jobs" / f"job-{len(list((home / 'jobs').glob('*'))) + 1 if home.exists() else 1}"
    (path / "inputs").mkdir(parents=True)
    table = {
        "comment_id": pa.array(range(101, 101 + len(rows)), pa.int64()),
        "text": [text for text, _ in rows],
        "label": [label for _, label in rows],
        "split": splits_of(len(rows)),
    }
    pq.write_table(pa.table(table), path / "inputs" / "comments.parquet")
    (path / "inputs" / "provider.json").write_text(json.dumps(address(provider).as_dict()))
    spec = {
        "job_id": path.name, "snapshot_id": "snapshot-1", "snapshot_sha256": "f00d", "client_id": client_id,
        "settings": {**FAST, "model": "gpt-4o-mini-2024-07-18", **settings},
    }  # fmt: skip
    (path / "spec.json").write_text(json.dumps(spec))
    return JobFolder(path)


def work(folder: JobFolder) -> None:
    """Do the job in this process."""
    train_hosted.train(RunningJob(folder))


def everything_written(folder: Path) -> bytes:
    """All bytes of all files below the folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
