"""The health of a dataset: what is planted is found, every figure has its comments, every action its undo."""

import random
import shutil

import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.curation import cleaning, health, texts
from services.curation.health import comments_of, health_of
from storage.comments import get_comment
from storage.database import connect
from storage.health import PROBLEMS
from tests.building import KIDS, asked, kids, numbers, put_in

TEXTS = {
    "personal data": "call me under +49 151 23456789 tonight",
    "obfuscated text": "you are such a l o s e r my friend",
    "broken characters": "das ist sehr schÃ¶n von euch allen",
    "html entities": "tom &amp; jerry are the best of all",
    "empty": " \n ",
    "emoji only": "😂😂",
    "too short": "k",
    "too long": " ".join(f"word{n}" for n in range(400)),
}
STEP_OF = {
    "personal data": "personal",
    "obfuscated text": "spelling",
    "broken characters": "characters",
    "html entities": "entities",
}


def row(place, text, **more):
    return {"id": f"c{place}", "text": text, "author": f"author-{place}", **more}


@pytest.fixture(scope="module")
def planted_home(empty_home, tmp_path_factory):
    """One comment of each problem, three that repeat each other under two labels, and three that agree."""
    home = tmp_path_factory.mktemp("planted") / "home"
    db = connect(shutil.copytree(empty_home, home))
    kids(db)
    rows = [row(place, text) for place, text in enumerate(TEXTS.values())]
    rows += [
        row(20, "what a lovely video of a snail", label="allow"),
        row(21, "what a lovely video of a snail", label="disallow"),
        row(22, "What a lovely video of a snail!!!", label="allow"),
        row(23, "nothing is wrong with this one at all", label="allow"),
        row(24, "the same old song again and again"),
        row(25, "the same old song again and again", label="allow"),
        row(26, "The same old song again and again!!!", label="allow"),
    ]
    put_in(db, rows)
    texts.look_at_texts(db, KIDS)
    db.close()
    return home


@pytest.fixture
def db(planted_home, home):
    database = connect(shutil.copytree(planted_home, home))
    yield database
    database.close()


@pytest.fixture
def planted(db):
    known = numbers(db)
    return {**dict(zip(TEXTS, known, strict=False)), "numbers": known}


def counts(db):
    return {problem.name: problem.count for problem in health_of(db, KIDS).problems}


def test_each_problem_is_counted_and_opens_its_comments(db, planted):
    found = counts(db)
    assert found == {
        **dict.fromkeys(TEXTS, 1),
        "contradictory duplicates": 3, "exact duplicates": 1, "near duplicates": 1, "suspected labels": 0,
    }  # fmt: skip
    assert list(found)[0] == "contradictory duplicates"
    for problem, text in TEXTS.items():
        assert [comment.body for comment, _ in comments_of(db, KIDS, problem)] == [text]
    unlabelled, labelled, near = planted["numbers"][-3:]
    assert found_of(db, "exact duplicates") == [(unlabelled, labelled)], "the label would be lost"
    assert found_of(db, "near duplicates") == [(near, labelled)]


def found_of(db, problem):
    return [(comment.comment_id, old) for comment, old in comments_of(db, KIDS, problem)]


def test_every_share_counts_every_comment_once_and_opens_them(db, planted):
    found = health_of(db, KIDS)
    assert found.comments == len(planted["numbers"]) and found.unseen == 0
    for name, values in found.shares.items():
        assert sum(values.values()) == found.comments
        for value, count in values.items():
            assert len(comments_of(db, KIDS, name, value)) == count
    assert found.shares["label"] == {"(none)": 9, "allow": 5, "disallow": 1}
    assert found.rarest is not None and (found.rarest[0], found.rarest[1].successes) == ("disallow", 1)


def test_groups_whose_labels_contradict_each_other_come_first_and_open(db, planted):
    put_in(db, [row(30 + n, "the same words over and over again", label="allow") for n in range(5)])
    first, second, _ = health.clusters(db, KIDS)
    assert first.labels == ("allow", "disallow") and first.comments == 3 and first.is_contradictory
    assert second.comments == 5 and not second.is_contradictory
    assert len(health.members_of(db, KIDS, first.cluster)) == 3
    with pytest.raises(NotFound, match="no group 99"):
        health.members_of(db, KIDS, 99)


@pytest.mark.parametrize("rule", cleaning.RULES)
def test_every_rule_excludes_what_its_preview_showed_and_is_undone(db, planted, rule):
    before = counts(db)
    shown = cleaning.preview(db, KIDS, rule)
    done = cleaning.apply_rule(db, KIDS, rule, actor="ana")
    assert done.excluded == shown.count == len(shown.examples) > 0
    assert sum(counts(db).values()) < sum(before.values())
    cleaning.undo(db, done.cleaning_id, dataset_id=KIDS, actor="ana")
    assert counts(db) == before


@pytest.mark.parametrize("problem", STEP_OF)
def test_a_repair_changes_what_models_read_and_never_the_comment(db, planted, problem):
    step, number = STEP_OF[problem], planted[problem]
    before = get_comment(db, number)
    preview = texts.preview_repair(db, KIDS, step)
    assert [change.before for change in preview.changes] == [TEXTS[problem]]
    done = texts.put_in_force(db, KIDS, step, actor="ana")
    assert (done.changed, done.version) == (1, preview.version)
    assert cleaned(db) == {number: preview.changes[0].after}
    assert get_comment(db, number) == before
    texts.take_out_of_force(db, done.repair_id, dataset_id=KIDS, actor="ben")
    assert cleaned(db) == {}


def cleaned(db):
    return dict(asked(db, "SELECT comment_id, cleaned FROM text_facts WHERE cleaned IS NOT NULL"))


def test_the_pieces_of_a_change_give_both_texts_again(db, planted):
    for step in texts.STEPS:
        for change in texts.preview_repair(db, KIDS, step).changes:
            assert "".join(piece for kind, piece in change.parts if kind != "new") == change.before
            assert "".join(piece for kind, piece in change.parts if kind != "gone") == change.after


def test_repairs_in_force_reach_comments_that_come_later(db, planted):
    texts.put_in_force(db, KIDS, "personal", actor="ana")
    put_in(db, [row(40, "write to ana@example.org"), row(41, "tom &amp; jerry once more, and again")])
    assert texts.count_unseen(db, KIDS) == 2
    assert texts.look_at_texts(db, KIDS) == 2
    assert set(cleaned(db).values()) == {"call me under <PHONE_1> tonight", "write to <EMAIL_1>"}
    assert texts.look_at_texts(db, KIDS) == 0


def test_a_repair_is_made_once_undone_once_and_only_where_it_does_something(db, planted):
    done = texts.put_in_force(db, KIDS, "entities", actor="ana")
    with pytest.raises(Conflict, match="in force in 'kids' already"):
        texts.put_in_force(db, KIDS, "entities", actor="ana")
    texts.take_out_of_force(db, done.repair_id, dataset_id=KIDS, actor="ana")
    with pytest.raises(Conflict, match="undone by ana already"):
        texts.take_out_of_force(db, done.repair_id, dataset_id=KIDS, actor="ana")
    with pytest.raises(NotFound, match="no repair 'magic'"):
        texts.put_in_force(db, KIDS, "magic", actor="ana")
    with pytest.raises(BadInput, match="Nobody is named"):
        texts.put_in_force(db, KIDS, "entities", actor=" ")


def test_looking_may_be_stopped_and_goes_on_where_it_stopped(db, planted, monkeypatch):
    monkeypatch.setattr(texts, "_AT_ONCE", 100)
    put_in(db, [row(1000 + n, f"comment number {n} says something of its own") for n in range(250)])
    steps = []

    def stop(_what, share):
        steps.append(share)
        if len(steps) == 3:
            raise Conflict("Stopped.")

    with pytest.raises(Conflict, match="Stopped"):
        texts.look_at_texts(db, KIDS, progress=stop)
    assert texts.count_unseen(db, KIDS) == 50
    assert texts.look_at_texts(db, KIDS) == 50


def test_the_newest_import_is_held_against_all_before_it(db, planted):
    assert health_of(db, KIDS).drift is None
    draw = random.Random(3)
    words = [f"Wort{n} ist nicht immer schön und gut" for n in range(60)]
    put_in(db, [row(2000 + n, f"{draw.choice(words)} {n}") for n in range(60)])
    texts.look_at_texts(db, KIDS)
    drift = health_of(db, KIDS).drift
    assert drift is not None and drift.before == len(planted["numbers"])
    assert {one.what for one in drift.drifts} <= {"label", "language", "length"}


def test_a_comment_that_is_excluded_is_in_no_figure(db, planted):
    cleaning.apply_rule(db, KIDS, "contradictory duplicate", actor="ana")
    found = health_of(db, KIDS)
    assert (found.clusters, found.contradictory_clusters) == (1, 0)
    assert found.shares["label"] == {"(none)": 9, "allow": 3}


def test_an_unknown_figure_or_dataset_is_not_found(db, planted):
    with pytest.raises(NotFound, match="no figure 'colour'"):
        comments_of(db, KIDS, "colour", "red")
    with pytest.raises(NotFound, match="no dataset 'other'"):
        health_of(db, "other")
    assert set(PROBLEMS) == {problem.name for problem in health_of(db, KIDS).problems}
