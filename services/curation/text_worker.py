"""The process that looks at texts: `python -m services.curation.text_worker STEP,STEP`, of `texts.py`.

It reads batches of comment_id and body from its standard input and writes their facts to its standard output,
each an Arrow stream. It ends when its input does, and never opens the database.
"""

import sys
from collections.abc import Sequence

import pyarrow as pa

from domain.repairs import STEPS, count_letters, is_emoji_only, repaired
from services.curation.languages import identify


def main() -> None:
    """Answer every batch with its facts until there is none."""
    steps = tuple(name for name in sys.argv[1].split(",") if name)
    with pa.ipc.open_stream(sys.stdin.buffer) as batches:
        writer = None
        for batch in batches:
            found = facts_of(batch.column("comment_id"), batch.column("body").to_pylist(), steps)
            if writer is None:
                writer = pa.ipc.new_stream(sys.stdout.buffer, found.schema)
            writer.write_batch(found)
            sys.stdout.buffer.flush()


def facts_of(numbers: pa.Array, texts: Sequence[str], steps: Sequence[str]) -> pa.RecordBatch:
    """The facts of texts, as `storage.text_facts.FACTS_SCHEMA` names them.

    Args:
        steps: The repairs in force, whose outcome is the column `cleaned`: null where it is the text.
    """
    flags: dict[str, list[bool]] = {name: [] for name in STEPS}
    cleaned: list[str | None] = []
    for text in texts:
        after, changed = text, False
        for name, step in STEPS.items():
            before, after = after, step.repair(after)
            flags[name].append(after != before)
            changed = changed or after != before
        asked = repaired(text, steps) if changed and steps else text
        cleaned.append(None if asked == text else asked)
    languages = identify(texts)
    columns: dict[str, pa.Array] = {
        "comment_id": numbers,
        "characters": pa.array(map(len, texts), pa.int32()),
        "letters": pa.array(map(count_letters, texts), pa.int32()),
        "is_emoji_only": pa.array(map(is_emoji_only, texts), pa.bool_()),
        "broken_characters": pa.array(flags["characters"], pa.bool_()),
        "html_entities": pa.array(flags["entities"], pa.bool_()),
        "obfuscated": pa.array(flags["spelling"], pa.bool_()),
        "personal_data": pa.array(flags["personal"], pa.bool_()),
        "found_language": pa.array([code for code, _ in languages], pa.string()),
        "language_confidence": pa.array([share for _, share in languages], pa.float32()),
        "cleaned": pa.array(cleaned, pa.string()),
    }
    return pa.RecordBatch.from_pydict(columns)


if __name__ == "__main__":
    main()
