"""How long answers took and what a thousand of them cost, each with its interval."""

from math import sqrt

from services.evaluation.intervals import CONFIDENCE, Estimate, critical_value
from storage.answer_costs import AnswerCosts, measure_costs
from storage.database import Database


def usd_per_thousand(costs: AnswerCosts) -> Estimate | None:
    """The mean price of 1,000 answers with a normal 95 % interval; None where no price is known."""
    if costs.priced == 0 or costs.mean_usd is None:
        return None
    half = critical_value(CONFIDENCE) * (costs.sd_usd or 0.0) / sqrt(costs.priced)
    mean = costs.mean_usd
    return Estimate(1_000 * mean, 1_000 * max(0.0, mean - half), 1_000 * (mean + half))


def costs_sentence(db: Database, run_id: str) -> str:
    """How long the answers of a run took and what they cost, as far as it was measured."""
    costs = measure_costs(db, run_id, within_ms=0.0)
    told = "Nobody measured how long an answer takes."
    if costs.timed:
        shares = ((50, costs.p50_ms), (95, costs.p95_ms), (99, costs.p99_ms))
        times = ", ".join(f"{share} % within {ms:,.1f} ms" for share, ms in shares)
        told = f"Time to answer: {times} (n = {costs.timed:,})."
    price = usd_per_thousand(costs)
    return told if price is None else f"{told} 1,000 comments cost USD {price}, n = {costs.priced:,}."
