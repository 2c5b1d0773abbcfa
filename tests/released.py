"""Models that are ready to be judged: 200 comments, 80 of them rude, and answers with stated mistakes."""

from services.release.policy import policy_of, write_policy
from storage.database import now
from storage.models import get_run
from tests.stored_runs import labelled_dataset, stored_run

KIND, RUDE = 120, 80
GOLD = ["allow"] * KIND + ["disallow"] * RUDE
EASY = [{"clause": "accuracy", "at_least": 0.5}]
STRICT = [{"clause": "recall", "label": "disallow", "at_least": 0.99}]
CLOSE = [{"clause": "recall", "label": "disallow", "at_least": 0.9}]


def rows(db, **about):
    """The comment ids of the dataset kids, all in its test split."""
    return labelled_dataset(db, [(f"comment number {n}", label) for n, label in enumerate(GOLD)], **about)


def one_sided(db):
    """The ids of 60 kind comments: the only rude ones of the dataset kids are in training."""
    ids = labelled_dataset(db, [(f"c {n}", "allow" if n < 60 else "disallow") for n in range(64)])
    with db.writing("kids") as cursor:
        cursor.execute(
            "UPDATE comments SET split = 'train', imported_split = 'train' WHERE comment_id >= ?", [ids[60]]
        )
    return ids[:60]


def answered(ids, *, missed=0, alarms=0, unparsed=0):
    """Answers of which so many rude ones are missed, kind ones marked, and last rude ones name no label."""
    said = dict(zip(ids, GOLD, strict=True))
    said |= dict.fromkeys(ids[KIND : KIND + missed], "allow") | dict.fromkeys(ids[:alarms], "disallow")
    return said | dict.fromkeys(ids[len(ids) - unparsed :], None)


def model_of(db, answers, **about):
    """The id of a model, with files, that gave these answers to the test split."""
    run = get_run(db, stored_run(db, answers, **about))
    folder = db.home / "jobs" / "job-1" / "model"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").write_text('{"kind": "scripted"}\n', encoding="utf-8")
    return run.model_id


def ruled(db, clauses, dataset_id="kids"):
    """The dataset's policy in force from now on."""
    return write_policy(db, dataset_id, policy_of(clauses), why=f"{now()}", actor="lena")
