"""What any number of runs said of the same comments, counted in one pass."""

from collections.abc import Sequence

import pyarrow as pa

from storage.database import Database
from storage.misses import answers_of


def count_joint(db: Database, run_ids: Sequence[str]) -> pa.Table:
    """How often each frozen label met each row of answers, over comments that all runs answered under it.

    Args:
        run_ids: Two or more, each once.

    Returns:
        Columns gold, then a0, a1, … in the order of the runs (null: no label was named), and n; a row per
        combination that occurs, in no order that changes from call to call.
    """
    places = range(len(run_ids))
    columns = ", ".join(f"r{place}.predicted AS a{place}" for place in places)
    joins = "\n".join(
        f"JOIN ({answers_of(f'$run_{place}')}) r{place}"
        f" ON r{place}.comment_id = r0.comment_id AND r{place}.gold = r0.gold"
        for place in places[1:]
    )
    with db.reading() as cursor:
        found = cursor.sql(
            f"""
            SELECT r0.gold AS gold, {columns}, count(*) AS n
            FROM ({answers_of("$run_0")}) r0
            {joins}
            GROUP BY ALL
            ORDER BY ALL
            """,
            params={f"run_{place}": run_id for place, run_id in enumerate(run_ids)},
        )
        return found.to_arrow_table()
