"""Query strings: the text of a URL as the types that the documentation gives it."""

from tests.provider.wire import ApiError, Call, Json

NUMBERS = ("limit",)


def numbers_in(call: Call, known: tuple[str, ...]) -> Json:
    """The query as a dictionary, `limit` as a number; `metadata[k]` keys pass where metadata is known."""
    query: Json = {}
    for key, value in call.query:
        name = key.partition("[")[0]
        if name not in known:
            raise ApiError(f"Unknown parameter: '{key}'.", param=key, code="unknown_parameter")
        if name in NUMBERS:
            try:
                query[name] = int(value)
            except ValueError:
                message = f"Invalid type for '{name}': expected an integer, but got a string instead."
                raise ApiError(message, param=name, code="invalid_type") from None
        elif "[" not in key:
            query[name] = value
    return query
