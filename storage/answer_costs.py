"""How long the answers of a run took and what they cost, as far as it was measured."""

from dataclasses import dataclass

from storage.database import Database


@dataclass(frozen=True)
class AnswerCosts:
    """Times and prices of a run's answers.

    Attributes:
        timed: Answers whose time is known.
        within: Those of them that took no longer than was asked.
        p50_ms, p95_ms, p99_ms: Milliseconds that half, 95 % and 99 % of them stayed within; None where none
            is known.
        priced: Answers whose price is known; mean_usd and sd_usd are theirs, None without them.
    """

    timed: int
    within: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    priced: int
    mean_usd: float | None
    sd_usd: float | None


def measure_costs(db: Database, run_id: str, *, within_ms: float) -> AnswerCosts:
    """The times and prices of a run's answers, and how many stayed within a time."""
    with db.reading() as cursor:
        [row] = cursor.execute(
            """
            SELECT
              count(latency_ms), count(*) FILTER (latency_ms <= $within_ms),
              quantile_disc(latency_ms, 0.5), quantile_disc(latency_ms, 0.95),
              quantile_disc(latency_ms, 0.99),
              count(cost_usd), avg(cost_usd), stddev_samp(cost_usd)
            FROM predictions
            WHERE run_id = $run_id
            """,
            {"run_id": run_id, "within_ms": within_ms},
        ).fetchall()
    return AnswerCosts(*row)
