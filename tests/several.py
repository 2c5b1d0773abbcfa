"""A dataset whose comments may have several labels, for the tests that need one."""

import random
from pathlib import Path

from domain.labels import NONE_OF_THEM, answer_of
from domain.models import Model
from services.curation.importing import import_file
from services.curation.snapshots import take_snapshot
from services.jobs.managing.absorb import absorb
from services.modelling.models import list_models
from services.modelling.training import train
from storage.database import Database
from storage.snapshots import Snapshot
from tests.building import written_csv
from tests.stored_models import jobs_in_this_process

SEVERAL = "several"
WORDS = {
    "insult": ("stupid", "idiot", "silly", "dumb"),
    "threat": ("vermin", "scum", "filth", "out"),
    "spam": ("lovely", "sweet", "great", "thanks"),
}
LABELS = tuple(WORDS)
_FILLER = tuple(f"word{number}" for number in range(40))


def written_rows(count: int, *, seed: int = 3, noise: float = 0.0) -> list[dict[str, str]]:
    """Comments in which two words tell of each label, but for a share of noise; about a third have none."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        given = [label for label in LABELS if draw.random() < 0.35]
        told = [label for label in LABELS if (label in given) != (draw.random() < noise)] if noise else given
        words = [word for label in told for word in draw.choices(WORDS[label], k=2)]
        words += draw.choices(_FILLER, k=draw.randrange(2, 6))
        draw.shuffle(words)
        rows.append(
            {"id": f"c{number}", "text": f"{' '.join(words)} {number % 7}", "label": answer_of(given, LABELS)}
        )
    assert any(row["label"] == NONE_OF_THEM for row in rows)
    return rows


def several_dataset(db: Database, folder: Path, count: int = 300, *, noise: float = 0.0) -> Snapshot:
    """Import such a file and freeze it."""
    file = written_csv(folder / "several.csv", written_rows(count, noise=noise))
    import_file(db, file, SEVERAL, actor="ana", labels=LABELS, several=True)
    return take_snapshot(db, SEVERAL, actor="ana", split_mode="stratified")


def several_model(db: Database, folder: Path, *, recipes: tuple[str, ...] = ("baseline",)) -> list[Model]:
    """Baselines trained on such a snapshot, newest first, each with its answers on validation and test."""
    snapshot = several_dataset(db, folder, noise=0.08)
    with jobs_in_this_process():
        for recipe in recipes:
            train(db, snapshot_id=snapshot.snapshot_id, recipe=recipe, actor="ana")
    absorb(db)
    return list_models(db, SEVERAL)
