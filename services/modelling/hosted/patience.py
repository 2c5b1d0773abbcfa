"""How long a provider is waited for: a person who looks on waits shorter than a job does."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How long answers are waited for.

    Attributes:
        silence_s: Seconds without a byte after which one try ends.
        tries: How often a call that changes nothing is made, at most.
        whole_s: Seconds that everything asked of one client may take together.
    """

    silence_s: float
    tries: int
    whole_s: float = math.inf


FOR_A_JOB = Patience(60.0, 4)
FOR_A_LIST = Patience(10.0, 2, 20.0)
FOR_A_QUESTION = Patience(30.0, 1, 30.0)
# A question per text, side by side or one after the other: each of them has its own half minute.
FOR_TEXTS = Patience(30.0, 2)


def asking(provider: str, patience: Patience, what: str = "") -> str:
    """Whom is asked, for what, and how long that may take, as a sentence."""
    seconds = min(patience.whole_s, patience.silence_s * patience.tries)
    return f"Asks {provider}{f' for {what}' if what else ''}; waits {seconds:g} s at most."
