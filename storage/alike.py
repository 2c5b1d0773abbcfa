"""Comments that share words with one: where to look for those of the same meaning."""

from storage.database import Database
from storage.search_texts import catch_up

_SHARED = """
SELECT comment_id
FROM search_texts
WHERE dataset_id = $dataset_id AND comment_id <> $comment_id AND ({score}) > 0
ORDER BY {score} DESC, comment_id DESC
LIMIT $most
"""


def list_sharing_words(
    db: Database, dataset_id: str, comment_id: int, words: list[str], *, most: int
) -> list[int]:
    """Numbers of the comments that hold most of the folded words, long words first, newest first."""
    catch_up(db, dataset_id)
    if not words:
        return []
    score = " + ".join(
        f"CASE WHEN contains(folded, $word{place}) THEN length($word{place}) ELSE 0 END"
        for place in range(len(words))
    )
    params = {f"word{place}": word for place, word in enumerate(words)}
    with db.reading() as cursor:
        rows = cursor.execute(
            _SHARED.format(score=score),
            {**params, "dataset_id": dataset_id, "comment_id": comment_id, "most": most},
        ).fetchall()
    return [int(row[0]) for row in rows]
