"""/files: upload, list, retrieve, content, delete."""

from typing import get_args

from openai.types.file_create_params import ExpiresAfter
from openai.types.file_list_params import FileListParams
from openai.types.file_purpose import FilePurpose

from tests.provider.formats import jsonl
from tests.provider.limits import BATCH_BYTES_AT_MOST, EXPIRY_SECONDS, FILE_BYTES_AT_MOST, between
from tests.provider.queries import numbers_in
from tests.provider.state import State, StoredFile
from tests.provider.strict import check
from tests.provider.wire import ApiError, Call, Json, Reply, Upload, page, replied

PURPOSES = list(get_args(FilePurpose))
BATCH_FILES_LIVE_S = 30 * 24 * 3600
OCTETS = "application/octet-stream"


def upload(state: State, call: Call) -> Reply:
    unknown = [key for key in call.form if key.partition("[")[0] not in ("file", "purpose", "expires_after")]
    if unknown:
        raise ApiError(f"Unrecognized request argument supplied: {unknown[0]}")
    file, purpose = call.form.get("file"), call.form.get("purpose")
    if not isinstance(file, Upload):
        raise ApiError("'file' is a required property")
    if purpose is None:
        raise ApiError("'purpose' is a required property")
    if not isinstance(purpose, str) or purpose not in PURPOSES:
        raise ApiError(f"'{purpose}' is not one of {PURPOSES} - 'purpose'")
    _check_content(file, purpose)
    lives_s = _expiry(call)
    if lives_s is None and purpose == "batch":
        lives_s = BATCH_FILES_LIVE_S
    return replied(state.add_file(file.filename, purpose, file.content, lives_s).shown())


def _check_content(file: Upload, purpose: str) -> None:
    most = BATCH_BYTES_AT_MOST if purpose == "batch" else FILE_BYTES_AT_MOST
    if len(file.content) > most:
        raise ApiError(
            f"The file exceeds the maximum size of {most} bytes.", status=413, code="file_too_large"
        )
    if purpose in ("fine-tune", "batch"):
        if not file.filename.endswith(".jsonl"):
            message = f'Invalid extension {file.filename.rpartition(".")[2]}. Supported formats: "jsonl"'
            raise ApiError(message, param="file", code="unsupported_file")
        jsonl(file.content)


def _expiry(call: Call) -> int | None:
    given = {
        key[len("expires_after[") : -1]: value
        for key, value in call.form.items()
        if key.startswith("expires_")
    }
    if not given:
        return None
    seconds = str(given.get("seconds", ""))
    policy = given | ({"seconds": int(seconds)} if seconds.isdigit() else {})
    check(ExpiresAfter, policy)
    between("expires_after.seconds", policy["seconds"], *EXPIRY_SECONDS)
    return int(seconds)


def find_file(state: State, name: str) -> StoredFile:
    if name not in state.files:
        raise ApiError(f"No such File object: {name}", status=404, param="id")
    return state.files[name]


def list_files(state: State, call: Call) -> Reply:
    query = numbers_in(call, ("after", "limit", "order", "purpose"))
    check(FileListParams, query)
    limit = query.get("limit", 10_000)
    between("limit", limit, 1, 10_000)
    files = [file for file in state.files.values() if query.get("purpose") in (None, file.purpose)]
    if query.get("order", "desc") == "desc":
        files.reverse()
    return replied(page([file.shown() for file in files], query.get("after"), limit))


def retrieve(state: State, call: Call) -> Reply:
    return replied(find_file(state, call.params["file_id"]).shown())


def content(state: State, call: Call) -> Reply:
    return Reply(find_file(state, call.params["file_id"]).content, media_type=OCTETS)


def delete(state: State, call: Call) -> Reply:
    file = find_file(state, call.params["file_id"])
    del state.files[file.id]
    answer: Json = {"id": file.id, "object": "file", "deleted": True}
    return replied(answer)
