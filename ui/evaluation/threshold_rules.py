"""The Thresholds page's controls: what the model will meet, and the rule that chooses the cut."""

import streamlit as st

from services.evaluation.choosing import Bench
from services.evaluation.scored import PROBABILITIES
from services.evaluation.thresholds import Rule, Traffic
from ui.links import pick

_TITLES = {
    "at": "By hand",
    "between": "By hand, with a band for a human",
    "recall-at-precision": "Most recall at a precision",
    "precision-at-recall": "Best precision at a recall",
    "recall-at-fpr": "Most recall at a false-positive rate",
    "cost": "Least cost",
    "capacity": "As many as can be read",
    "band": "Remove, read or keep: two thresholds",
}
_ASKED = {
    "recall-at-precision": [("Precision at least", 0.9)],
    "precision-at-recall": [("Recall at least", 0.9)],
    "recall-at-fpr": [("False-positive rate at most", 0.01)],
    "cost": [("One missed costs as much as so many wrongly removed", 5.0)],
    "capacity": [("Comments a day that can be read", 200.0)],
    "band": [("Precision of what is removed at least", 0.95), ("Recall of removed and read at least", 0.98)],
}
_SHARES = ("recall-at-precision", "precision-at-recall", "recall-at-fpr", "band")


def draw_traffic(own: float) -> Traffic:
    """The controls that state what the model will meet; without a base rate, the comments' own."""
    share, volume, seconds = st.columns(3, vertical_alignment="bottom")
    percent = share.number_input(
        "Unwanted in real traffic, percent",
        0.0001,
        99.0,
        None,
        format="%g",
        placeholder=f"{own:.1%}, as in these comments",
        key="percent",
        bind="query-params",
        help="The share of all comments, before any model, that is unwanted. A random sample tells it.",
    )
    a_day = volume.number_input("Comments a day", 1, 10**9, 10_000, key="a_day", bind="query-params")
    each = seconds.number_input("Seconds to read one", 1, 3_600, 10, key="seconds", bind="query-params")
    return Traffic(own if percent is None else percent / 100, a_day, each)


def draw_rule(bench: Bench) -> Rule:
    """The controls of the rule: a slider for a threshold by hand, numbers for the others."""
    named, values = st.columns([2, 3], vertical_alignment="bottom")
    with named:
        name = pick("Choose by", list(_TITLES), key="rule", shown=_TITLES.__getitem__)
    with values:
        if name in ("at", "between"):
            return _draw_slider(bench, name)
        asked = _ASKED[name]
        given = [
            box.number_input(
                words,
                min_value=0.0001 if name in _SHARES else 0.01,
                max_value=1.0 if name in _SHARES else 1e9,
                value=value,
                step=0.01 if name in _SHARES else 1.0,
                format="%g",
                key=f"thresholds_{name}_{place}",
                persist_state="session",
            )
            for place, (box, (words, value)) in enumerate(zip(st.columns(len(asked)), asked, strict=True))
        ]
    return Rule(name, tuple(float(value) for value in given))


def _draw_slider(bench: Bench, name: str) -> Rule:
    found = bench.ranked.thresholds
    low, high = float(found[-1]), float(found[0])
    if bench.scored.run.score_kind in PROBABILITIES:
        low, high = 0.0, 1.0
    if low == high:
        return Rule("at", (low,))
    span = high - low
    start = low + 0.5 * span
    value = (low + 0.3 * span, low + 0.7 * span) if name == "between" else start
    key = f"thresholds_slider_{name}_{bench.scored.run.run_id}"
    words = "Keep below, read between, remove above" if name == "between" else "Flag from this score on"
    chosen = st.slider(words, low, high, value, span / 1_000, "%.3f", key=key, persist_state="session")
    return Rule(name, chosen if isinstance(chosen, tuple) else (chosen,))
