"""The gate before anything leaves for a provider: personal data, format, and what it may cost."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from domain.errors import BadInput, Conflict
from domain.personal_data import find_personal_data, place_of
from services.modelling.formats.chat import prompt_for
from services.modelling.formats.check import SPECIAL_TOKEN, Limits, check
from services.modelling.formats.examples import ChatExample
from services.modelling.formats.texts import texts_in
from services.modelling.hosted.catalogue import HostedModels
from services.modelling.tokens.budget import budget, counts_of, tokens_of_example, tokens_of_message
from services.modelling.tokens.encodings import ENCODINGS, Encoding, encoding_of, get_encoding

ANSWER_TOKENS = 16  # more than any label has; what an estimate counts for one answer
_NAMED = 5
_EDIT = "Edit the guideline, or the system prompt that was given in its place, at that spot."
_WITHHOLD = (
    "Exclude those comments and take a new snapshot, or set personal_data=withhold, which keeps them back. "
    "Training locally sends nothing."
)
SYSTEM_PROMPT = "The system prompt"
_FORM = ("role", "content", "system", "user", "assistant")  # of every message


@dataclass(frozen=True)
class Prices:
    """What a hosted model costs, in US dollars per million tokens, and when that was so."""

    train_usd_per_million: float = 0.0
    input_usd_per_million: float = 0.0
    output_usd_per_million: float = 0.0
    example_limit: int = 65_536
    as_of: str | None = None
    shuts_on: str | None = None

    def training_cost_usd(self, tokens: int) -> float:
        """What training on so many tokens costs, all epochs counted."""
        return tokens * self.train_usd_per_million / 1e6

    def answer_cost_usd(self, tokens_in: int, tokens_out: int) -> float:
        """What one answer costs."""
        return (tokens_in * self.input_usd_per_million + tokens_out * self.output_usd_per_million) / 1e6

    def as_dict(self) -> dict[str, Any]:
        """Its fields, as they go into a model's description."""
        return asdict(self)


def prices_of(model: str, table: HostedModels, *, charges: bool) -> Prices:
    """The prices of a model; none where the provider takes no money.

    Raises:
        NotFound: it costs money, and the table does not say how much.
    """
    if not charges:
        return Prices()
    known = table.named(model)
    return Prices(
        known.train_usd_per_million, known.input_usd_per_million, known.output_usd_per_million,
        known.example_limit, table.day_of(known).isoformat(),
        None if known.shuts_on is None else known.shuts_on.isoformat(),
    )  # fmt: skip


def check_texts(texts: Iterable[tuple[str, str]], *, hint: str = _WITHHOLD) -> None:
    """Stop where a text holds personal data.

    Args:
        texts: (what it is, text), such as ("Comment 17", "…"); of the SYSTEM_PROMPT the spot is told too.
        hint: What can be done where it is not the system prompt.

    Raises:
        BadInput: one does; the first few are named with what they hold, and nothing of the text is told.
    """
    found = [
        (name, f"{hit.named} at {place_of(hit, text)}" if name == SYSTEM_PROMPT else hit.named)
        for name, text in texts
        if (hit := find_personal_data(text))
    ]
    if found:
        named = "; ".join(f"{name} holds {what}" for name, what in found[:_NAMED])
        more = f"; {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        hints = [_EDIT] if any(name == SYSTEM_PROMPT for name, _ in found) else []
        hints += [hint] if any(name != SYSTEM_PROMPT for name, _ in found) else []
        raise BadInput(f"Nothing was sent: {named}{more}.", hint=" ".join(hints))


def check_tokens(texts: Iterable[tuple[str, str]]) -> None:
    """Stop where a text holds a token that steers models, such as <|endoftext|>.

    Args:
        texts: (what it is, text), such as ("Comment 17", "…").

    Raises:
        BadInput: one does; the first few are named.
    """
    found = [(name, token.group()) for name, text in texts if (token := SPECIAL_TOKEN.search(text))]
    if found:
        named = "; ".join(f"{name} holds the token {token}" for name, token in found[:_NAMED])
        raise BadInput(f"Nothing was sent: {named}.", hint="Exclude those comments and take a new snapshot.")


def check_file(
    path: Path, *, model: str, prices: Prices, validation: Path | None = None, min_examples: int = 10
) -> str:
    """Check the very bytes of a chat file that is to be uploaded; returns their sha256.

    Raises:
        BadInput: an example holds personal data or a special token, or is not what the host takes.
    """
    content = path.read_bytes()
    examples = _examples(content)
    check_texts(_texts(examples))
    encoding, limits = counting(model), Limits(min_examples, example_tokens=prices.example_limit)
    others = _examples(validation.read_bytes()) if validation else []
    checked = check(
        examples,
        validation=others,
        limits=limits,
        count_tokens=lambda one: tokens_of_example(one.messages, encoding)[0],
    )
    errors = [finding for finding in checked.findings if finding.severity == "error"]
    if errors:
        named = "; ".join(f"row {one.row}: {one.message}" for one in errors[:_NAMED])
        raise BadInput(
            f"Nothing was sent: {path.name} has {len(errors):,} error(s): {named}",
            hint="Exclude or mend those comments, then take a new snapshot.",
        )
    return hashlib.sha256(content).hexdigest()


def training_tokens(path: Path, *, model: str, prices: Prices, epochs: int | None) -> int:
    """The tokens that training on the file is billed for; `epochs` None is the provider's own choice."""
    encoding = counting(model)
    counts = counts_of((one.messages for one in _examples(path.read_bytes())), encoding)
    found = budget(counts, encoding=encoding, limit=prices.example_limit)
    return found.billed_tokens_per_epoch * (epochs or found.epochs)


def answering_cost_usd(
    texts: Sequence[str], *, system_prompt: str, model: str, prices: Prices, more_tokens_each: float = 0.0
) -> float:
    """What asking about every text once will cost at most, at these prices.

    Args:
        more_tokens_each: What else stands in every question, such as examples.
    """
    if not prices.input_usd_per_million and not prices.output_usd_per_million:
        return 0.0
    encoding = counting(model)
    system = tokens_of_message(prompt_for("", system_prompt)[0], encoding)
    asked = sum(system + tokens_of_message(prompt_for(text, "")[1], encoding) for text in texts)
    asked += round(more_tokens_each * len(texts))
    return prices.answer_cost_usd(asked, ANSWER_TOKENS * len(texts))


def check_cost(estimate_usd: float, cap_usd: float, what: str) -> None:
    """Stop where something would cost more than it may.

    Raises:
        Conflict: it would.
    """
    if estimate_usd > cap_usd:
        raise Conflict(
            f"Nothing was sent: {what} would cost about ${estimate_usd:,.2f}; ${cap_usd:,.2f} is allowed.",
            hint="Raise cost_cap_usd, take fewer comments or epochs, or choose a cheaper model. What is left "
            "of the day's caps may be less than cost_cap_usd.",
        )


def counting(model: str) -> Encoding:
    """The encoding of a model; of one that nobody knows, the newest, as an estimate."""
    known = model.removeprefix("ft:").startswith(("gpt-", "o1", "o3", "o4"))
    return get_encoding(encoding_of(model) if known else ENCODINGS[0])


def _examples(content: bytes) -> list[ChatExample]:
    lines = content.decode("utf-8").split("\n")
    return [ChatExample(row, json.loads(line)) for row, line in enumerate(lines, start=1) if line]


def _texts(examples: Sequence[ChatExample]) -> Iterable[tuple[str, str]]:
    """Every text of the examples, wherever in them it stands; a system prompt that many share, once."""
    seen: set[str] = set()
    for example in examples:
        row = f"Row {example.row:,}"
        for message in example.messages:
            is_prompt = message.get("role") == "system"
            for _, text in texts_in(message):
                if text in _FORM or (is_prompt and text in seen):
                    continue
                if is_prompt:
                    seen.add(text)
                yield SYSTEM_PROMPT if is_prompt else row, text
        if isinstance(example.value, dict):
            others = {key: value for key, value in example.value.items() if key != "messages"}
            yield from ((row, text) for _, text in texts_in(others))
