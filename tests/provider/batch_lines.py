"""What the lines of a batch file must hold."""

from tests.provider.limits import BATCH_LINES_AT_MOST
from tests.provider.wire import Json

NEEDED = {"custom_id": str, "method": str, "url": str, "body": dict}


def batch_errors(lines: list[Json], endpoint: str) -> list[Json]:
    """What is wrong with a batch file, line by line; empty where nothing is."""
    if len(lines) > BATCH_LINES_AT_MOST:
        told = f"The file has more than {BATCH_LINES_AT_MOST} requests."
        return [_error(None, "too_many_requests", told, None)]
    errors: list[Json] = []
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        error = _line_error(number, line, endpoint, seen)
        if error is not None:
            errors.append(error)
        seen.add(str(line.get("custom_id")))
    bodies = [line["body"] for line in lines if isinstance(line.get("body"), dict)]
    if len({str(body.get("model")) for body in bodies}) > 1:
        told = "The provided model for this batch is not the same for every request."
        errors.append(_error(None, "mismatched_model", told, "body.model"))
    return errors


def _line_error(number: int, line: Json, endpoint: str, seen: set[str]) -> Json | None:
    for key, kind in NEEDED.items():
        if key not in line:
            told = f"Missing required parameter: '{key}'."
            return _error(number, "missing_required_parameter", told, key)
        if not isinstance(line[key], kind):
            return _error(number, "invalid_type", f"Invalid type for '{key}'.", key)
    if line["custom_id"] in seen:
        told = f"The custom_id '{line['custom_id']}' for this request is a duplicate of another request."
        return _error(number, "duplicate_custom_id", told, "custom_id")
    if line["method"] != "POST":
        return _error(number, "invalid_method", "The method of a request must be POST.", "method")
    if line["url"] != endpoint:
        told = f"The URL provided for this request does not match the batch endpoint '{endpoint}'."
        return _error(number, "mismatched_url", told, "url")
    return None


def _error(line: int | None, code: str, message: str, param: str | None) -> Json:
    return {"line": line, "code": code, "message": message, "param": param}
