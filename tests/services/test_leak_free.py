"""Splits without leaks: planted duplicates are found, no comment moves, nothing learns from golden ones."""

import random
import shutil
from datetime import datetime

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import BadInput, Conflict, NotFound
from services.backends.registry import load_classifier
from services.curation import golden, texts
from services.curation.snapshots import list_leaks, take_snapshot
from services.jobs.managing.absorb import absorb
from services.modelling import models, training
from storage.database import connect
from storage.snapshots import snapshot_folder
from tests.building import KIDS, asked, kids, numbers, put_in, vote
from tests.waiting import over

WORDS = [
    f"{a}{b}"
    for a in ["ba", "be", "bi", "bo", "bu", "da", "de", "di", "do", "du", "ka", "ke", "ki", "ko", "ku"]
    for b in ["lam", "ren", "sot", "tig", "vun"]
]
LABELS = ("allow", "disallow")


def sentence(draw, length=14):
    return " ".join(draw.choice(WORDS) + str(draw.choice("abcdefgh")) for _ in range(length))


def row(number, text, draw, **more):
    return {
        "id": f"c{number}",
        "text": text,
        "author": f"author-{number}",
        "label": draw.choice(LABELS),
        **more,
    }


def test_of_50_exact_and_50_near_duplicates_across_splits_98_percent_are_found(db):
    draw = random.Random(11)
    kids(db)
    learned = [sentence(draw) for _ in range(600)]
    held = [sentence(draw) for _ in range(300)]
    exact, near = learned[:50], []
    for text in learned[50:100]:
        words = text.split()
        words[draw.randrange(len(words))] = draw.choice(WORDS)
        near.append(" ".join(words))
    rows = [row(n, text, draw, split="train") for n, text in enumerate(learned)]
    rows += [row(1_000 + n, text, draw, split="test") for n, text in enumerate(held + exact + near)]
    put_in(db, rows)
    snapshot = take_snapshot(db, KIDS, actor="ana", split_mode="imported")
    found = list_leaks(db, snapshot.snapshot_id, "near_duplicate", limit=200)
    pairs = {(one.held.body, one.learned.body) for one in found}
    found_exact = sum((text, text) in pairs for text in exact)
    found_near = sum((text, old) in pairs for text, old in zip(near, learned[50:100], strict=True))
    print(f"exact {found_exact} of 50, near {found_near} of 50, in all {len(found)}")
    assert found_exact >= 49 and found_near >= 49 and len(found) <= 101
    leaks = snapshot.manifest["leaks"]
    assert leaks["same_text"] == 50 and leaks["near_duplicate"] == len(found)
    # By group, they joined what they repeat instead.
    assert take_snapshot(db, KIDS, actor="ana").manifest["leaks"]["near_duplicate"] == 0


steps = st.lists(
    st.tuples(st.sampled_from(["add", "bridge", "relabel"]), st.integers(0, 10**6)),
    min_size=1,
    max_size=6,
)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_added_comments_relabels_and_merged_clusters_never_move_an_old_one(
    empty_home, tmp_path_factory, happened
):
    db = connect(copied(empty_home, tmp_path_factory))
    kids(db)
    draw = random.Random(5)
    put_in(db, [row(n, sentence(draw), draw) for n in range(25)])
    before = splits(db)
    for place, (what, seed) in enumerate(happened):
        drawn = random.Random(seed)
        known = numbers(db)
        if what == "add":
            put_in(db, [row(100 * (place + 1) + n, sentence(drawn), drawn) for n in range(5)])
        elif what == "bridge":  # like two old comments at once: it would merge their groups
            one, other = (dict(bodies(db))[drawn.choice(known)] for _ in range(2))
            put_in(
                db, [row(100 * (place + 1), f"{one} {other}", drawn), row(100 * (place + 1) + 1, one, drawn)]
            )
        else:
            vote(db, drawn.choice(known), "ana", drawn.choice(LABELS))
        after = splits(db)
        assert {number: after[number] for number in before} == before
        before = after
    db.close()


def copied(home, tmp_path_factory):
    return shutil.copytree(home, tmp_path_factory.mktemp("moves") / "home")


def splits(db):
    return dict(asked(db, "SELECT comment_id, split FROM comments"))


def bodies(db):
    return asked(db, "SELECT comment_id, body FROM comments")


def test_what_is_like_two_groups_joins_the_older_one_and_the_leak_to_the_other_is_told(db):
    kids(db)
    draw = random.Random(2)
    base = sentence(draw, 20)
    words = base.split()
    first, middle, last = " ".join(words[:-1] + ["zzz1"]), base, " ".join(["yyy2", *words[1:]])
    put_in(
        db,
        [
            row(1, first, draw, split="train", label="allow"),
            row(2, last, draw, split="test", label="disallow"),
        ],
    )
    one, two = numbers(db)
    put_in(db, [row(3, middle, draw, split="train", label="allow")])
    three = numbers(db)[-1]
    links = asked(db, "SELECT comment_id, older_id FROM near_links ORDER BY ALL")
    assert {(three, one), (three, two)} <= set(links)
    assert asked(db, "SELECT near_of FROM comments WHERE comment_id = ?", [three]) == [(one,)]
    snapshot = take_snapshot(db, KIDS, actor="ana", split_mode="imported")
    found = list_leaks(db, snapshot.snapshot_id, "near_duplicate")
    assert [(leak.held.comment_id) for leak in found] == [two]


@pytest.fixture
def timed(db):
    kids(db)
    draw = random.Random(3)
    put_in(
        db,
        [
            row(n, sentence(draw), draw, time=f"2026-{1 + n // 10:02}-{1 + n % 10:02}T10:00:00Z")
            for n in range(100)
        ]
        + [row(200, "without a time at all", draw)],
    )
    return numbers(db)


def frozen(db, snapshot):
    return pq.read_table(snapshot_folder(db.home, snapshot.snapshot_id) / "comments.parquet").to_pylist()


def test_a_split_by_time_holds_out_what_was_posted_last(db, timed):
    snapshot = take_snapshot(db, KIDS, actor="ana", split_mode="time")
    rows = frozen(db, snapshot)
    assert [sum(r["split"] == name for r in rows) for name in ("train", "validation", "test")] == [79, 10, 11]
    newest = {
        name: max(r["posted_at"] for r in rows if r["split"] == name) for name in ("train", "validation")
    }
    oldest = {
        name: min(r["posted_at"] for r in rows if r["split"] == name) for name in ("validation", "test")
    }
    assert newest["train"] < oldest["validation"] and newest["validation"] < oldest["test"]
    assert snapshot.manifest["time"]["earlier"] == 0 and snapshot.row_count == 100
    later = take_snapshot(db, KIDS, actor="ana", split_mode="time", test_from=datetime(2026, 9, 1))
    assert sum(r["split"] == "test" for r in frozen(db, later)) == 20
    assert take_snapshot(db, KIDS, actor="ana", split_mode="stratified").manifest["time"]["earlier"] > 0


def test_times_that_give_no_split_are_said_not_to(db, timed):
    with pytest.raises(BadInput, match="do not give a split"):
        take_snapshot(db, KIDS, actor="ana", split_mode="time", test_from=datetime(2020, 1, 1))
    with pytest.raises(BadInput, match="knows no day"):
        take_snapshot(db, KIDS, actor="ana", test_from=datetime(2026, 9, 1))


def test_golden_comments_are_in_test_and_no_training_begins_where_they_are_not(db, timed):
    before = take_snapshot(db, KIDS, actor="ana")
    learned = [r["comment_id"] for r in frozen(db, before) if r["split"] == "train"][:3]
    assert golden.mark_golden(db, KIDS, learned, why="read by three people", actor="lena") == learned
    with pytest.raises(Conflict, match="3 golden comments outside of test"):
        training.train(db, snapshot_id=before.snapshot_id, recipe="baseline", name="x", actor="ana")
    after = take_snapshot(db, KIDS, actor="ana", split_mode="stratified")
    assert {r["split"] for r in frozen(db, after) if r["comment_id"] in learned} == {"test"}
    assert after.manifest["golden"] == {"rows": 3, "near_train": 0}
    golden.refuse_golden(db, KIDS, after.snapshot_id)
    assert (
        golden.mark_golden(db, KIDS, learned[:1], is_golden=False, why="wrong", actor="lena") == learned[1:]
    )
    assert asked(db, "SELECT DISTINCT split FROM comments WHERE comment_id = ?", [learned[0]]) == [("train",)]


def test_training_comments_that_are_nearly_golden_are_counted(db, timed):
    number = next(n for n, split in splits(db).items() if split == "train")
    text = dict(bodies(db))[number]
    draw = random.Random(1)
    put_in(db, [row(300, f"{text} x", draw), row(301, f"{text} y", draw)])
    golden.mark_golden(db, KIDS, [number], why="kept", actor="lena")
    assert take_snapshot(db, KIDS, actor="ana").manifest["golden"] == {"rows": 1, "near_train": 2}


@pytest.mark.parametrize(
    ("ids", "why", "error"),
    [([], "x", BadInput), ([10**9], "x", BadInput), (None, " ", BadInput)],
)
def test_the_golden_set_changes_for_a_reason_and_only_by_its_own_comments(db, timed, ids, why, error):
    with pytest.raises(error):
        golden.mark_golden(db, KIDS, timed[:1] if ids is None else ids, why=why, actor="lena")
    golden.mark_golden(db, KIDS, timed[:1], why="kept", actor="lena")
    with pytest.raises(Conflict, match="already"):
        golden.mark_golden(db, KIDS, timed[:1], why="kept", actor="lena")
    assert [mark.created_by for mark in golden.list_marks(db, KIDS, limit=5)] == ["lena"]


def test_a_leak_of_no_kind_is_not_found(db, timed):
    with pytest.raises(NotFound, match="no leak 'same_colour'"):
        list_leaks(db, take_snapshot(db, KIDS, actor="ana").snapshot_id, "same_colour")


@pytest.mark.slow
def test_a_model_that_learned_from_repaired_texts_reads_every_text_repaired(db):
    draw = random.Random(8)
    kids(db, group_by="none")
    rows = [
        row(n, f"{sentence(draw, 3)} h4te &amp; l o s e r {n}", draw, label="disallow") for n in range(60)
    ]
    rows += [row(100 + n, f"{sentence(draw, 3)} love and snails {n}", draw, label="allow") for n in range(60)]
    put_in(db, rows)
    with pytest.raises(BadInput, match="No repair is in force"):
        take_snapshot(db, KIDS, actor="ana", text="cleaned")
    texts.put_in_force(db, KIDS, "spelling", actor="ana")
    texts.put_in_force(db, KIDS, "entities", actor="ana")
    original = take_snapshot(db, KIDS, actor="ana")
    snapshot = take_snapshot(db, KIDS, actor="ana", text="cleaned")
    assert original.manifest["model_input"] == {"text": "original"} and original.sha256 != snapshot.sha256
    assert snapshot.model_input == {
        "text": "cleaned", "steps": ["entities", "spelling"], "by": "entities-1+spelling-1",
    }  # fmt: skip
    assert all("hate & loser" in r["text"] for r in frozen(db, snapshot) if r["label"] == "disallow")
    assert all("h4te &amp;" in body for _, body in bodies(db)[:60])
    job = training.train(db, snapshot_id=snapshot.snapshot_id, recipe="baseline", name="plain", actor="ana")
    over(db, job)
    absorb(db)
    [model] = models.list_models(db, KIDS)
    classifier = load_classifier(models.model_folder(db, model.model_id))
    odd, plain = "you h4te &amp; you l o s e r", "you hate & you loser"
    assert (classifier.predict([odd]).scores == classifier.predict([plain]).scores).all()
    assert classifier.predict([odd]).labels[0] == "disallow"
