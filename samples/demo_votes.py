"""The three annotators of the demo dataset and the votes they cast.

Their tendencies, which README.md repeats:
    ana    reads en, es, de; late in her session she votes in about a second, and then often wrongly.
    ben    reads en, fr, pt, a little es; lets swearing pass that the guideline forbids.
    chidi  reads en, es, fr; sees a danger in most dares, safe ones too, and takes teasing for insult.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

ANNOTATORS = ("ana", "ben", "chidi")
READS = {
    "ana": {"en", "es", "de", "und"},
    "ben": {"en", "es", "fr", "pt", "und"},
    "chidi": {"en", "es", "fr", "de", "und"},
}
FIRST_VOTING_DAY = date(2026, 8, 17)
LAST_VOTING_DAY = date(2026, 11, 20)
SECOND_GUIDELINE = date(2026, 10, 12)
LATE = 0.8  # share of a session after which ana hurries
WAITING = 350
FLIPPED_SHARE = 0.035
CLEAR_ERROR, HARD_ERROR = 0.012, 0.11
UNSURE_CLEAR, UNSURE_HARD = 0.004, 0.05
VOTE_COUNTS_CLEAR, VOTE_COUNTS_HARD = (50, 30, 20), (25, 35, 40)
# What version 1 forbade and version 2 allows, and how many voters of version 1 followed it.
FORBIDDEN_IN_V1 = {
    "quoted_abuse_in_kind_comment": ("insult", 0.7),
    "dare_described_safely": ("dangerous_dare", 0.4),
}
CONFUSED_REASONS = {
    "insult": ("bullying", "profanity"),
    "bullying": ("insult", "hate"),
    "contact_seeking": ("personal_data", "spam"),
    "dangerous_dare": ("bullying", "frightening"),
    "frightening": ("spam", "bullying"),
    "profanity": ("insult",),
    "hate": ("insult", "bullying"),
    "spam": ("contact_seeking",),
    "personal_data": ("contact_seeking", "bullying"),
}
REASON_OF_HARD_CASE = {
    "personal_data": "personal_data",
    "benign_personal_detail": "personal_data",
    "dare_described_safely": "dangerous_dare",
    "mild_or_playful_insult": "insult",
    "negation": "insult",
    "obfuscation": "insult",
    "quoted_abuse_in_kind_comment": "insult",
    "sarcasm": "insult",
}


@dataclass(frozen=True)
class Case:
    """A comment as the annotators meet it, with the makers' truth."""

    id: str
    posted_at: datetime
    lang: str
    label: str
    reason: str
    hard: str


@dataclass(frozen=True)
class Vote:
    """One row of votes.csv."""

    comment_id: str
    annotator: str
    label: str
    reason: str
    guideline: str
    seconds: float
    at: datetime


@dataclass(frozen=True)
class Plan:
    """Who votes on which comment, and for which comments the majority is planted wrong."""

    voters: dict[str, tuple[str, ...]]
    flipped: frozenset[str]


def choose_flipped(cases: Sequence[Case], rng: random.Random) -> Plan:
    """Deals the comments out to the annotators and picks the ones whose majority will be wrong.

    The newest comments and a few older ones wait without a vote. Comments that version 1 of the guideline
    judged otherwise are never picked: their wrong votes have another cause.
    """
    newest = [case.id for case in cases[-(WAITING * 4 // 5) :]]
    older = rng.sample([case.id for case in cases[: -len(newest)]], WAITING - len(newest))
    waiting = {*newest, *older}
    voters: dict[str, tuple[str, ...]] = {}
    for case in cases:
        if case.id not in waiting:
            counts = VOTE_COUNTS_HARD if case.hard else VOTE_COUNTS_CLEAR
            able = [name for name in ANNOTATORS if case.lang in READS[name] or rng.random() < 0.25] or ["ana"]
            wanted = rng.choices((1, 2, 3), counts)[0]
            voters[case.id] = tuple(rng.sample(able, min(wanted, len(able))))
    open_cases = [case.id for case in cases if case.id in voters and case.hard not in FORBIDDEN_IN_V1]
    return Plan(voters, frozenset(rng.sample(open_cases, round(len(cases) * FLIPPED_SHARE))))


def cast_votes(cases: Sequence[Case], plan: Plan, rng: random.Random) -> list[Vote]:
    """All votes in the order of their time."""
    votes: list[Vote] = []
    for annotator in ANNOTATORS:
        sessions: dict[date, list[Case]] = defaultdict(list)
        for number, case in enumerate(cases):
            if annotator in plan.voters.get(case.id, ()):
                sessions[_voting_day(case, number / len(cases), rng)].append(case)
        for day, session in sorted(sessions.items()):
            votes += _session(annotator, day, session, plan, rng)
    return sorted(votes, key=lambda vote: (vote.at, vote.annotator))


def _voting_day(case: Case, share: float, rng: random.Random) -> date:
    """A working day: the queue moves from old comments to new ones, and nobody votes before the posting."""
    length = (LAST_VOTING_DAY - FIRST_VOTING_DAY).days
    planned = FIRST_VOTING_DAY + timedelta(days=round(share * length + rng.uniform(-4, 4)))
    day = min(max(planned, FIRST_VOTING_DAY, case.posted_at.date() + timedelta(days=1)), LAST_VOTING_DAY)
    return day + timedelta(days=max(0, 7 - day.isoweekday()) + 1 if day.isoweekday() > 5 else 0)


def _session(
    annotator: str, day: date, session: Sequence[Case], plan: Plan, rng: random.Random
) -> list[Vote]:
    now = datetime(day.year, day.month, day.day, rng.choice((8, 9, 13)), rng.randrange(60), tzinfo=UTC)
    votes: list[Vote] = []
    for number, case in enumerate(rng.sample(session, len(session))):
        hurried = annotator == "ana" and number / len(session) >= LATE and len(session) > 4
        seconds = (
            rng.uniform(0.6, 1.4) if hurried else rng.lognormvariate(1.4, 0.5) * (1.7 if case.hard else 1)
        )
        now += timedelta(seconds=seconds + rng.choice((0.4, 0.6, 1, 1, 2, 40)))
        guideline = "v1" if day < SECOND_GUIDELINE else "v2"
        label, reason = _judge(annotator, case, guideline, rng, hurried=hurried)
        if case.id in plan.flipped and annotator in plan.voters[case.id][:2]:
            label, reason = _opposite(case, rng)
        votes.append(Vote(case.id, annotator, label, reason, guideline, seconds, now))
    return votes


def _judge(
    annotator: str, case: Case, guideline: str, rng: random.Random, *, hurried: bool
) -> tuple[str, str]:
    """Label and reason that this annotator gives, right or wrong."""
    if case.lang not in READS[annotator] and rng.random() < 0.7:
        return "skip", ""
    if not hurried and rng.random() < (UNSURE_HARD if case.hard else UNSURE_CLEAR):
        return "unsure", ""
    forbidden = FORBIDDEN_IN_V1.get(case.hard)
    if guideline == "v1" and forbidden and rng.random() < forbidden[1]:
        return "disallow", forbidden[0]
    if rng.random() < _error(annotator, case, hurried=hurried):
        return _opposite(case, rng)
    if case.label == "disallow" and rng.random() < 0.08:
        return "disallow", rng.choice(CONFUSED_REASONS[case.reason])
    return case.label, case.reason


def _error(annotator: str, case: Case, *, hurried: bool) -> float:
    """Chance that this annotator judges this comment wrongly."""
    if hurried:
        return 0.3 if case.hard or case.label == "disallow" else 0.04
    if annotator == "ben" and case.reason == "profanity":
        return 0.5
    if (
        annotator == "chidi"
        and case.hard in ("dare_described_safely", "mild_or_playful_insult")
        and case.label == "allow"
    ):
        return 0.35
    return HARD_ERROR if case.hard else CLEAR_ERROR


def _opposite(case: Case, rng: random.Random) -> tuple[str, str]:
    if case.label == "disallow":
        return "allow", ""
    return "disallow", REASON_OF_HARD_CASE.get(case.hard) or rng.choice(
        ("insult", "insult", "bullying", "frightening", "spam")
    )
