"""Log probabilities of tokens, from the probabilities of whole answers."""

import math

from tests.provider.learning import Spread
from tests.provider.tokens import pieces
from tests.provider.wire import Json

END = ""
LEAST = 1e-9
SHORT = 30


def logprobs_of(text: str, spread: Spread, top: int) -> list[Json]:
    """One entry per token of `text`: how likely it was there, and the `top` likeliest tokens."""
    said = pieces(text)
    answers = [(pieces(answer), share) for answer, share in _with_variants(spread)]
    entries = []
    for place, token in enumerate(said):
        shares: dict[str, float] = {}
        for answer, share in answers:
            if answer[:place] == said[:place]:
                following = answer[place] if place < len(answer) else END
                shares[following] = shares.get(following, 0.0) + share
        whole = sum(shares.values()) or 1.0
        ranked = sorted(shares.items(), key=lambda item: -item[1])
        likeliest = [_entry(other, share / whole) for other, share in ranked if other != END][:top]
        entries.append(_entry(token, shares.get(token, LEAST) / whole) | {"top_logprobs": likeliest})
    return entries


def _with_variants(spread: Spread) -> Spread:
    """A short answer is sometimes capitalised and sometimes begins with a space, as real models have it."""
    spelled = []
    for answer, share in spread:
        variants = {answer: 0.96}
        if len(answer) <= SHORT:
            variants = {f" {answer}": 0.01, answer.capitalize(): 0.03} | variants
        whole = sum(variants.values())
        spelled += [(variant, share * part / whole) for variant, part in variants.items()]
    return spelled


def _entry(token: str, share: float) -> Json:
    return {"token": token, "logprob": math.log(max(min(share, 1.0), LEAST)), "bytes": list(token.encode())}
