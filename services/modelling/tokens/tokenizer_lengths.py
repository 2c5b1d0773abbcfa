"""How long the comments of a snapshot are for a tokenizer on disk, counted in a process of its own.

The files of a tokenizer are foreign: whatever they make the library do ends with that process.
`python -m services.modelling.tokens.tokenizer_lengths PARQUET SPLIT FOLDER` writes them as JSON.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from domain.errors import BadInput
from domain.splits import SPLITS
from services.curation.snapshots import snapshot_file
from services.modelling.tokens.length_counts import TokenizerLengths
from storage.database import Database

_ROOT = Path(__file__).resolve().parents[3]
_PATIENCE_S = 300
_AT_ONCE = 2_000
_MAX_FILE_BYTES = 200_000_000
# The first is whole in itself; the others are read with the config.json beside them.
FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)


def lengths_of(db: Database, snapshot_id: str, *, split: str, folder: Path) -> TokenizerLengths:
    """The lengths of the comments of a split for the tokenizer in `folder`.

    Raises:
        NotFound: there is no such snapshot.
        BadInput: the folder has no tokenizer that the library reads, there is no such split, or the split
            is empty.
    """
    if split not in SPLITS:
        raise BadInput(f"There is no split '{split[:60]}'.", hint=f"Splits: {', '.join(SPLITS)}.")
    return counted_in(snapshot_file(db, snapshot_id, "comments.parquet"), split, folder)


def counted_in(rows: Path, split: str, folder: Path) -> TokenizerLengths:
    """The lengths of the rows of a file that are of this split, for the tokenizer in `folder`.

    Args:
        rows: Parquet with text and split.
        split: As the file names it.
        folder: Holds the tokenizer.

    Raises:
        BadInput: the folder has no tokenizer that the library reads, or no row is of the split.
    """
    tokenizer = tokenizer_file(folder)
    command = [sys.executable, "-m", __name__, str(rows), split, str(tokenizer.parent)]
    try:
        done = subprocess.run(
            command,
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise BadInput(
            f"{tokenizer} took longer than {_PATIENCE_S} seconds.", hint="Choose another tokenizer."
        ) from error
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise BadInput(
            f"{tokenizer} cannot be used: {why[:300]}",
            hint="It must be a tokenizer.json, or older files with the model's config.json beside them.",
        )
    told = {int(length): int(count) for length, count in json.loads(done.stdout).items()}
    if not told:
        raise BadInput(f"The {split} split is empty.", hint="Choose another split.")
    return TokenizerLengths.of(told)


def tokenizer_file(folder: Path) -> Path:
    """The file of a folder that holds its tokenizer: tokenizer.json, else one of the older kinds.

    Raises:
        BadInput: there is none, or it is too large.
    """
    place = folder.expanduser()
    path = next((place / name for name in FILES if (place / name).is_file()), None)
    if path is None:
        raise BadInput(
            f"{place / FILES[0]} is not there.",
            hint="Name the folder that holds tokenizer.json; a model saved with save_pretrained has one. "
            f"Of older ones: {', '.join(FILES[1:])}.",
        )
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise BadInput(f"{path} is larger than {_MAX_FILE_BYTES:,} bytes.", hint="Is it a tokenizer?")
    return path


def _count(rows: Path, split: str, folder: Path) -> Counter[int]:
    from services.backends.tokenizer_files import load_tokenizer  # in the process of its own only

    tokenizer = load_tokenizer(folder)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    table = pq.read_table(rows, columns=["text", "split"])
    texts = table.filter(pc.equal(table.column("split"), split)).column("text")
    found: Counter[int] = Counter()
    for start in range(0, len(texts), _AT_ONCE):
        encoded = tokenizer.encode_batch_fast(texts.slice(start, _AT_ONCE).to_pylist())
        found.update(len(one) for one in encoded)
    return found


if __name__ == "__main__":
    json.dump(_count(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])), sys.stdout)
