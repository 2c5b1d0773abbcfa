import hashlib
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from string import ascii_lowercase

import pytest

from domain.errors import BadInput, Conflict, NotFound
from domain.labels import IMPORTED
from domain.splits import SPLITS, split_of_group
from services.curation.importing import cancelled, findings, import_file, list_imports
from storage.comments import get_comment, list_comment_ids
from storage.database import connect
from storage.datasets import find_dataset, get_label_set
from storage.imports import get_import, list_findings
from storage.votes import list_votes
from tests.building import KIDS, asked, kids, numbers, put_in, texts, written_csv

ROOT = Path(__file__).resolve().parents[2]
TWO = [{"text": "one", "label": "allow"}, {"text": "two", "label": "no"}]


def counted(done, *names):
    return tuple(done.counts[name] for name in names)


def told(db, done):
    return [(finding.line, finding.kind, finding.reason) for finding in list_findings(db, done.import_id)]


def everything(db):
    """Every row of every table, to see that nothing has changed."""
    tables = [name for (name,) in asked(db, "SELECT table_name FROM duckdb_tables() ORDER BY 1")]
    return {name: asked(db, f"SELECT * FROM {name} ORDER BY ALL") for name in tables}


def test_comments_get_their_numbers_in_the_order_of_the_file(db):
    kids(db)
    put_in(db, texts(*(f"comment {n}" for n in range(3_000))))
    assert [get_comment(db, number).external_id for number in numbers(db)[::500]] == [
        f"c{n}" for n in range(0, 3_000, 500)
    ]


def test_the_text_is_kept_as_it_came(db):
    bodies = [" a ", "a\nb\r\n", "\u202eabc\u0000", "=1+1", "ｆｕｌｌ", "🙂" * 1_000]
    kids(db)
    put_in(db, texts(*bodies))
    assert [get_comment(db, number).body for number in numbers(db)] == bodies


def test_a_mapped_id_is_the_identity_even_where_texts_are_equal(db):
    kids(db)
    put_in(db, texts("same", "same"))
    assert list(list_comment_ids(db, KIDS)) == ["c0", "c1"]


def test_without_an_id_the_text_and_its_place_among_equal_ones_are_the_identity(db):
    kids(db)
    put_in(db, [{"text": "same"}, {"text": "other"}, {"text": "same"}])
    same = hashlib.sha256(b"same").hexdigest()
    other = hashlib.sha256(b"other").hexdigest()
    assert set(list_comment_ids(db, KIDS)) == {f"{same}:1", f"{other}:1", f"{same}:2"}


def test_an_empty_id_is_no_id(db):
    kids(db)
    put_in(db, [{"id": "", "text": "one"}, {"id": "", "text": "two"}])
    assert len(numbers(db)) == 2


@pytest.mark.parametrize(
    "rows", [texts("one", "two", "two"), [{"text": "two"}, {"text": "one"}, {"text": "two"}]]
)
def test_the_same_file_again_adds_nothing(db, rows):
    kids(db)
    put_in(db, [{**row, "label": "allow"} for row in rows])
    again = put_in(db, [{**row, "label": "allow"} for row in rows])
    assert counted(again, "rows", "added", "known", "labels", "conflicts", "notes") == (3, 0, 3, 0, 0, 0)
    assert len(numbers(db)) == 3


def test_a_longer_file_adds_only_what_is_new(db):
    kids(db)
    put_in(db, texts("one", "two"))
    assert counted(put_in(db, texts("one", "two", "three")), "added", "known") == (1, 2)


def test_a_known_id_with_another_text_is_a_conflict_and_the_first_text_stays(db):
    kids(db)
    put_in(db, texts("one"))
    done = put_in(db, [{"id": "c0", "text": "changed", "label": "allow"}])
    assert told(db, done) == [(2, "conflict", "id c0 is known with another text")]
    assert counted(done, "added", "known", "labels", "conflicts") == (0, 0, 0, 1)
    assert get_comment(db, numbers(db)[0]).body == "one"


def test_two_texts_under_one_id_in_one_file_are_a_conflict(db):
    kids(db)
    done = put_in(db, [{"id": "x", "text": "one"}, {"id": "x", "text": "two"}])
    assert told(db, done) == [(3, "conflict", "id x is known with another text")]
    assert counted(done, "added", "conflicts") == (1, 1)


def test_another_label_of_the_same_annotator_is_a_conflict_and_the_first_label_stays(db):
    kids(db)
    put_in(db, [{"id": "x", "text": "one", "label": "allow", "annotator": "ana"}])
    done = put_in(db, [{"id": "x", "text": "one", "label": "disallow", "annotator": "ana"}])
    assert told(db, done) == [(2, "conflict", "ana labelled this allow before, here disallow")]
    assert get_comment(db, numbers(db)[0]).label == "allow"


def test_a_file_with_a_row_per_vote_adds_each_comment_once_and_every_vote(db):
    kids(db)
    said = {"ana": "allow", "ben": "disallow", "cleo": "disallow"}
    rows = [
        {"id": f"c{n}", "text": f"comment {n}", "annotator": who, "label": label}
        for n in range(5)
        for who, label in said.items()
    ]
    done = put_in(db, rows)
    assert counted(done, "rows", "added", "labels", "conflicts") == (15, 5, 15, 0)
    assert get_comment(db, numbers(db)[0]).label_from == "majority"
    assert [vote.annotator for vote in list_votes(db, KIDS, numbers(db)[0])] == list(said)


def test_a_label_without_an_annotator_is_the_files(db):
    kids(db)
    put_in(db, [{"id": "x", "text": "one", "label": "allow", "reason": "kind"}])
    vote = list_votes(db, KIDS, numbers(db)[0])[0]
    assert (vote.annotator, vote.source, vote.label, vote.reason) == (IMPORTED, "import", "allow", "kind")


def test_a_label_that_is_not_in_the_set_is_noted_and_the_comment_goes_in_without_it(db):
    kids(db)
    done = put_in(db, [{"id": "x", "text": "one", "label": "spam"}])
    assert told(db, done) == [(2, "note", "label 'spam' is not in the label set; in without it")]
    assert (counted(done, "added", "labels", "notes"), get_comment(db, numbers(db)[0]).label) == (
        (1, 0, 1),
        None,
    )


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ({"time": "last summer"}, "time 'last summer' was not understood; kept as text"),
        ({"score": "high"}, "score 'high' is not a number; in without it"),
        ({"split": "fold 3"}, "split 'fold 3' is not train, validation or test; in without it"),
    ],
)
def test_a_cell_that_was_not_understood_is_noted(db, cell, reason):
    kids(db)
    assert told(db, put_in(db, [{"id": "x", "text": "one", **cell}])) == [(2, "note", reason)]


def test_a_time_is_kept_in_utc(db):
    kids(db)
    put_in(db, [{"id": "x", "text": "one", "time": "2026-06-15T06:59:39+02:00", "score": "0.25"}])
    comment = get_comment(db, numbers(db)[0])
    assert comment.posted_at.isoformat() == "2026-06-15T04:59:39"
    assert comment.source_score == 0.25


def test_a_split_column_is_kept_beside_the_split_of_our_own(db):
    kids(db)
    put_in(
        db,
        [{"id": f"c{n}", "text": f"t{n}", "split": said} for n, said in enumerate(["dev", "TEST", "train"])],
    )
    kept = asked(db, "SELECT imported_split FROM comments ORDER BY comment_id")
    assert [split for (split,) in kept] == ["validation", "test", "train"]


@pytest.mark.parametrize("group_by", ["author", "thread", "none"])
def test_the_split_that_sql_gives_is_that_of_the_domain(db, group_by):
    kids(db, group_by=group_by, salt="a salt")
    draw = random.Random(5)
    names = ["".join(draw.choices("abü 🙂'\x00|=%", k=draw.randrange(1, 12))) + str(n) for n in range(1_000)]
    rows = [
        {
            "id": f"c{n}",
            "text": "".join(draw.choices(ascii_lowercase, k=16)),
            "author": name,
            "thread": name[::-1],
        }
        for n, name in enumerate(names)
    ]
    put_in(db, rows)
    column = {"author": "author", "thread": "thread", "none": "external_id"}[group_by]
    stored = asked(db, f"SELECT {column}, split FROM comments WHERE near_of IS NULL")
    assert len(stored) == 1_000
    assert stored == [(group, split_of_group(group, "a salt")) for group, _ in stored]


def test_a_comment_without_an_author_is_a_group_of_its_own(db):
    kids(db, salt="a salt")
    put_in(db, [{"id": "alone", "text": "one"}])
    assert get_comment(db, numbers(db)[0]).split == split_of_group("alone", "a salt")


LONG = "you are the very worst singer that this channel has ever had on a {} afternoon, please stop it now"


def author_in(split, salt="salt"):
    return next(name for name in (f"author {n}" for n in range(500)) if split_of_group(name, salt) == split)


@pytest.mark.parametrize("old_split", SPLITS)
def test_a_near_duplicate_joins_the_split_of_the_oldest_comment_of_an_earlier_import(db, old_split):
    kids(db)
    other = next(split for split in SPLITS if split != old_split)
    put_in(db, [{"id": "old", "text": LONG.format("sunny"), "author": author_in(old_split)}])
    put_in(db, [{"id": "new", "text": LONG.format("rainy").upper() + "!", "author": author_in(other)}])
    old, new = (get_comment(db, number) for number in numbers(db))
    assert (new.near_of, new.split) == (old.comment_id, old_split)
    assert old.near_of is None


def test_near_duplicates_of_near_duplicates_join_the_oldest_of_all(db):
    kids(db)
    authors = [author_in("test"), author_in("train"), author_in("validation")]
    for n, author in enumerate(authors):
        put_in(db, [{"id": f"c{n}", "text": LONG.format("sunny") + "!" * n, "author": author}])
    found = [get_comment(db, number) for number in numbers(db)]
    assert [comment.near_of for comment in found] == [None, found[0].comment_id, found[0].comment_id]
    assert {comment.split for comment in found} == {"test"}


def test_comments_with_nothing_to_see_are_not_near_duplicates(db):
    kids(db)
    put_in(db, texts("", " ", "\u200b"))
    assert [get_comment(db, number).near_of for number in numbers(db)] == [None, None, None]


def test_progress_that_raises_in_any_part_leaves_nothing(db):
    kids(db)
    put_in(db, texts("one"))
    parts = []
    put_in(db, texts("one", "two"), progress=parts.append)
    before = everything(db)
    for stop_at in parts:

        def stop(part, stop_at=stop_at):
            if part == stop_at:
                raise cancelled()

        with pytest.raises(Conflict, match="cancelled"):
            put_in(db, [{**row, "label": "allow"} for row in texts("one", "two", "three")], progress=stop)
        assert everything(db) == before
    assert len(parts) == 8


def test_a_cancelled_first_import_leaves_no_dataset_behind(db, tmp_path):
    file = written_csv(tmp_path / "a.csv", TWO)

    def stop(part, _share):
        if part == "add comments":
            raise cancelled()

    with pytest.raises(Conflict):
        import_file(db, file, "fresh", actor="ana", progress=stop)
    assert find_dataset(db, "fresh") is None
    assert list((db.home / "tmp").iterdir()) == []
    import_file(db, file, "fresh", actor="ana", labels=("other", "labels"))
    assert get_label_set(db, "fresh").names == ("other", "labels")


def test_two_first_imports_at_once_make_one_dataset(db, tmp_path):
    file = written_csv(tmp_path / "a.csv", TWO)
    outcomes = []

    def work():
        try:
            outcomes.append(import_file(db, file, "fresh", actor="ana").counts["added"])
        except Conflict as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (
        asked(db, "SELECT count(*) FROM datasets") == asked(db, "SELECT count(*) FROM label_sets") == [(1,)]
    )
    assert set(outcomes) <= {2, 0, "There is a dataset 'fresh' already."} and 2 in outcomes


def test_what_looks_like_a_missing_value_is_a_comment(db, tmp_path):
    bodies = ["NA", "null", "None", "NaN", "", "n/a", "0", "-inf", "true"]
    file = written_csv(tmp_path / "a.csv", [{"id": f"c{n}", "text": body} for n, body in enumerate(bodies)])
    done = import_file(db, file, "words", actor="ana", labels=("allow", "disallow"))
    assert counted(done, "added", "refused", "notes") == (9, 0, 0)
    assert [get_comment(db, number).body for number in numbers(db, "words")] == bodies


def test_a_new_dataset_takes_its_labels_from_the_map_and_the_file(db, tmp_path):
    file = written_csv(
        tmp_path / "a.csv", [{"text": f"t{n}", "label": said} for n, said in enumerate("0112")]
    )
    import_file(db, file, "mapped", actor="ana", label_map={"0": "fine", "1": "hate"})
    assert get_label_set(db, "mapped").names == ("fine", "hate", "2")
    assert [label for (label,) in asked(db, "SELECT label FROM votes ORDER BY vote_id")] == [
        "fine", "hate", "hate", "2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {"text": "nowhere"}}, "nowhere"),
        ({"columns": {"label": "label"}}, "No column holds the text"),
        ({"columns": {"text": "text", "colour": "label"}}, "'colour' is no field"),
        ({"label_map": {"allow": "spam"}, "labels": ("allow", "no")}, "'spam'"),
        ({"labels": ("only one",)}, "at least two labels"),
        ({"votes_needed": 10}, "10 votes"),
        ({"group_by": "shoe size"}, "shoe size"),
    ],
)
def test_an_import_that_cannot_be_used_is_refused_and_leaves_nothing(db, tmp_path, options, message):
    file = written_csv(tmp_path / "a.csv", TWO)
    before = everything(db)
    with pytest.raises(BadInput, match=message):
        import_file(db, file, "fresh", actor="ana", **options)
    assert everything(db) == before


def test_an_import_says_who_what_when_and_how_long(db, tmp_path):
    file = written_csv(tmp_path / "a.csv", TWO)
    done = import_file(db, file, "fresh", actor="ana", file_name="original name.csv")
    assert get_import(db, done.import_id) == done
    assert (done.created_by, done.file_name) == ("ana", "original name.csv")
    assert done.file_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert {"parse", "add comments"} <= set(done.seconds)
    assert [each.import_id for each in list_imports(db, "fresh")] == [done.import_id]


def test_findings_of_an_unknown_import_are_not_empty_but_not_found(db):
    with pytest.raises(NotFound, match="no import 7"):
        findings(db, 7)


KILLED_IN = """
import os, signal, sys
from pathlib import Path
from services.curation.importing import import_file
from storage.database import connect

home, file, part = sys.argv[1:]

def progress(told, _share):
    if told == part:
        os.kill(os.getpid(), signal.SIGKILL)

labels = ("allow", "disallow")
import_file(connect(Path(home)), Path(file), "fresh", actor="ana", labels=labels, progress=progress)
"""


@pytest.mark.parametrize("part", ["add labels", "join near-duplicates"])
def test_a_kill_in_the_middle_of_an_import_leaves_no_half_of_it(home, tmp_path, part):
    rows = [{**row, "label": "allow"} for row in texts(*(f"comment {n}" for n in range(2_000)))]
    file = written_csv(tmp_path / "a.csv", rows)
    killed = subprocess.run([sys.executable, "-c", KILLED_IN, home, file, part], cwd=ROOT, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    db = connect(home)
    left = [name for name, rows in everything(db).items() if rows]
    assert left == ["schema_migrations"]
    assert counted(import_file(db, file, "fresh", actor="ana", labels=("allow", "disallow")), "added") == (
        2_000,
    )
    db.close()
