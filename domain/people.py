"""Names of the people who do things; until there is sign-in they are attribution, not security."""

import unicodedata

from domain.errors import BadInput
from domain.labels import IMPORTED

MAX_NAME_LENGTH = 60


def actor_named(name: str) -> str:
    """The name as it is written into the records.

    Raises:
        BadInput: it is empty, too long, reserved, or holds control characters.
    """
    clean = unicodedata.normalize("NFC", name).strip()
    if not clean:
        raise BadInput("Nobody is named.", hint="Say who you are: pick a name, or give --as NAME.")
    if len(clean) > MAX_NAME_LENGTH or any(unicodedata.category(c)[0] == "C" for c in clean):
        raise BadInput(
            f"'{clean[:80]!r}' cannot be a name.", hint=f"Up to {MAX_NAME_LENGTH} visible characters."
        )
    if clean == IMPORTED:
        raise BadInput(f"'{IMPORTED}' stands for labels that came with a file.", hint="Pick another name.")
    return clean
