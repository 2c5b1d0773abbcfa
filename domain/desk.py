"""How the desk of a dataset is set: what it asks, and how it takes care of the people at it."""

from dataclasses import dataclass

MOST_STEPS = 9


@dataclass(frozen=True)
class DeskSettings:
    """What a lead sets for everybody at the desk of a dataset; every field is stored.

    Attributes:
        severity: The highest step of "how bad", from 0; 0 asks nothing.
        severe: Labels whose comments are hard to read.
        model_id: Whose answers foresee them; without one, labels in force do, those of the file included.
        veils: Foreseen ones are veiled until a key; in a blind queue every comment is, so that a veil tells
            nothing.
        most_severe: Severe comments that a person is given in a day (UTC), at most; 0 is no limit.
        most_comments: Comments that a person answers in a day, at most; 0 is no limit.
        work_min: Minutes at the desk before a break; 0 asks for none.
        break_min: How long a break is.
        calm: Of foreseen comments, at most one in so many that are handed out; 0 mixes nothing in.
        masked: Words that are shown as a letter and dots on request.
        help_text: Where a person finds somebody to talk to; shown with a break.
    """

    severity: int = 0
    severe: tuple[str, ...] = ()
    model_id: str | None = None
    veils: bool = False
    most_severe: int = 0
    most_comments: int = 0
    work_min: int = 0
    break_min: int = 10
    calm: int = 0
    masked: tuple[str, ...] = ()
    help_text: str = ""
