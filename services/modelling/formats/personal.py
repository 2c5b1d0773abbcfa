"""Personal data in examples, found before the gate stops them."""

from domain.personal_data import find_personal_data, place_of
from services.modelling.formats.examples import ChatExample
from services.modelling.formats.findings import Finding
from services.modelling.formats.texts import texts_in

_PROMPT_ROLES = ("system", "developer")


class PersonalDataSearch:
    """Looks at one example after another; a prompt that many share is told once, in its first row."""

    def __init__(self) -> None:
        self._prompts: set[str] = set()

    def findings(self, example: ChatExample) -> list[Finding]:
        """A finding for each text that holds personal data. Its kind is told, and nothing of the text."""
        contents = [one.get("content") for one in example.messages if one.get("role") in _PROMPT_ROLES]
        prompts = {content for content in contents if isinstance(content, str)}
        found = []
        for field, text in texts_in(example.value):
            if text in self._prompts or (hit := find_personal_data(text)) is None:
                continue
            told = f"The text holds {hit.named}."
            if text in prompts:
                told = f"The system prompt holds {hit.named} at {place_of(hit, text)}; it is told once."
            place = "" if find_personal_data(field) else field  # a key is a text, too
            found.append(Finding(example.row, place, "personal_data", told))
        self._prompts |= prompts
        return found
