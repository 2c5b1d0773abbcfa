"""Personal data replaced by typed placeholders, such as <EMAIL_1>: equal finds of a text get one number."""

from domain.personal_data import find_all

PERSONAL_VERSION = "personal-2"


def without_personal_data(text: str) -> str:
    """The text with each find replaced by its kind and number, as in `<PHONE_1>`."""
    finds = find_all(text)
    if not finds:
        return text
    numbers: dict[str, dict[str, int]] = {}
    parts, end = [], 0
    for one in finds:
        known = numbers.setdefault(one.kind, {})
        number = known.setdefault(text[one.start : one.end].casefold(), len(known) + 1)
        parts += [text[end : one.start], f"<{one.kind}_{number}>"]
        end = one.end
    return "".join([*parts, text[end:]])
