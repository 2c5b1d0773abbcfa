"""Data sets of a hub on this machine: asked, fetched at a commit, imported; what it may say instead."""

import hashlib
import io
import json
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub.constants
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BackendError, BadInput, NotFound
from services.curation import hub_data
from services.modelling import hub as hub_module
from services.verbs.running import run_verb
from storage.imports import list_imports
from tests.building import KIDS, asked, kids

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def parquet(*texts):
    out = io.BytesIO()
    pq.write_table(pa.table({"text": list(texts), "label": ["allow"] * len(texts)}), out)
    return out.getvalue()


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as fetching a data set asks for: team/NAME is there, hanging/data never answers."""

    sets: dict[str, dict[str, bytes]] = {}

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        if "hanging" in self.path:
            time.sleep(2)
            return None
        for name, files in self.sets.items():
            if self.path.startswith(f"/api/datasets/{name}/tree/"):
                return self.answer(json.dumps([self.listed(*file) for file in files.items()]).encode())
            if self.path.startswith(f"/api/datasets/{name}"):
                siblings = [self.listed(*file, key="rfilename") for file in files.items()]
                tags = ["license:cc-by-4.0"]
                told = {"id": name, "sha": COMMIT, "siblings": siblings, "tags": tags, "author": "team"}
                return self.answer(json.dumps(told).encode())
            if self.path.startswith(f"/datasets/{name}/resolve/{COMMIT}/"):
                return self.answer(files[self.path.partition(f"{COMMIT}/")[2]])
        return self.answer(b'{"error": "Repository not found"}', 404, {"X-Error-Code": "RepoNotFound"})

    def listed(self, name, body, key="path"):
        sha256 = "0" * 64 if name.startswith("forged") else hashlib.sha256(body).hexdigest()
        lfs = {"size": len(body), "sha256": sha256, "oid": sha256, "pointerSize": 130}
        return {
            "type": "file",
            key: name,
            "size": len(body),
            "oid": hashlib.sha1(body).hexdigest(),
            "lfs": lfs,
        }

    def answer(self, body, status=200, headers=None):
        self.send_response(status)
        told = {"Content-Length": len(body), "X-Repo-Commit": COMMIT,
                "ETag": f'"{hashlib.sha1(body).hexdigest()}"', **(headers or {})}  # fmt: skip
        for name, value in told.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(monkeypatch):
    """The address of a hub on this machine."""
    script = b"raise SystemExit('a script ran')"
    tables = {
        "data/train-00000-of-00001.parquet": parquet("one", "two"),
        "data/test-00000-of-00001.parquet": parquet("three"),
        "comments.py": script, "README.md": b"# Comments",
    }  # fmt: skip
    sets = {
        "team/tables": tables,
        "team/lines": {"all.jsonl": b'{"text": "four", "label": "allow"}\n', "dataset_info.json": b"{}"},
        "team/several": {"a.csv": b"text\nx\n", "b.csv": b"text\ny\n"},
        "team/script": {"script.py": script},
        "team/forged": {"forged.csv": b"text\nx\n"},
    }
    monkeypatch.setattr(Hub, "sets", sets)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub_module, "HUB_TIMEOUT_S", 0.5)
    monkeypatch.setattr(hub_module, "LOOK_EVERY_S", 0.05)
    huggingface_hub.close_session()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    for name in ("look_up", "fetched"):
        monkeypatch.setattr(hub_data, name, partial(getattr(hub_data, name), endpoint=address))
    yield address
    server.shutdown()
    server.server_close()
    huggingface_hub.close_session()


def verb(db, name, **given):
    return run_verb(db, name, given, lambda _what, _share: None)


@pytest.mark.slow
def test_a_data_set_of_the_hub_goes_in_at_its_commit_and_nothing_of_it_stays_or_runs(db, hub):
    kids(db)
    look = verb(db, "look", hub="team/tables")["hub"]
    assert (look["revision"], look["licence"]) == (COMMIT, "cc-by-4.0")
    assert [file["name"] for file in look["files"]] == [
        "data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet",
    ]  # fmt: skip
    verb(db, "import", hub="team/tables", revision=COMMIT, dataset=KIDS, actor="ana")
    verb(db, "import", hub="team/lines", revision=COMMIT, dataset=KIDS, actor="ana")
    assert asked(db, "SELECT body, imported_split FROM comments ORDER BY body") == [
        ("four", None), ("one", "train"), ("three", "test"), ("two", "train"),
    ]  # fmt: skip
    assert [done.file_name for done in list_imports(db, KIDS)] == [
        f"team/lines@{COMMIT}", f"team/tables@{COMMIT}",
    ]  # fmt: skip
    assert not list((db.home / "tmp").glob("hub-*"))


def test_only_a_commit_names_the_same_rows_next_week(db, hub):
    for revision in (None, "main"):
        with pytest.raises(BadInput, match=f"is {COMMIT} today") as caught:
            verb(db, "import", hub="team/tables", revision=revision, dataset=KIDS, actor="ana")
        assert f"--revision {COMMIT}" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "part", "kind", "message", "hint"),
    [
        ("team/none", "", NotFound, "The hub has no data set 'team/none'", "by hand"),
        ("not a name", "", BadInput, "cannot be a name on the hub", "by hand"),
        ("../../etc", "", BadInput, r"'../../etc' cannot be a name on the hub\.", "It is OWNER/NAME"),
        ("hanging/data", "", BackendError, "The hub does not answer", "with a network"),
        ("team/script", "", BadInput, "has no Parquet, CSV or JSONL file there", "refs/convert/parquet"),
        ("team/several", "", BadInput, "has 2 files of rows", "a.csv, b.csv"),
        ("team/tables", "other", BadInput, "no Parquet, CSV or JSONL file below 'other'", "never run"),
    ],
)
def test_what_the_hub_cannot_give_is_told(hub, name, part, kind, message, hint):
    with pytest.raises(kind, match=message) as caught:
        hub_data.look_up(name, part=part)
    assert hint in caught.value.hint


def test_without_a_network_the_hub_cannot_be_reached(hub):
    with pytest.raises(BackendError, match=r"^The hub does not answer: it cannot be reached\.$") as caught:
        hub_data.look_up("team/tables", endpoint="http://127.0.0.1:9")
    assert caught.value.retryable and "Check the network" in caught.value.hint


def test_one_of_several_files_can_be_named_and_nothing_named_is_told(db, hub):
    assert [file.name for file in hub_data.look_up("team/several", part="b.csv").files] == ["b.csv"]
    for given in ({}, {"path": "x.csv", "hub": "team/lines"}):
        with pytest.raises(BadInput, match="Import what"):
            verb(db, "check-import", **given)


@pytest.mark.slow
def test_a_file_that_is_another_than_the_hub_names_is_refused(db, hub):
    with pytest.raises(BadInput, match=r"forged\.csv is not the file that the hub names"):
        verb(db, "check-import", hub="team/forged", revision=COMMIT)
