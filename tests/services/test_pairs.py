import json
from pathlib import Path

import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.curation.datasets import create_dataset
from services.generation.asking import asked
from services.generation.cleaning import cleaned
from services.generation.layouts import read_pairs
from services.generation.opponents import best_of, random_deletions, telling_words, trivial, without_words
from services.generation.pairs import get_pair_set, joined, keep_pairs, list_pair_sets, pairs_of, refusals_of
from services.generation.prompts import get_prompt, list_prompts, write_prompt
from services.generation.scoring import read_texts

PARADETOX = Path(__file__).resolve().parents[3] / "shared" / "data" / "paradetox" / "paradetox.tsv"


@pytest.fixture
def kids(db):
    return create_dataset(db, "kids", ("allow", "disallow"), actor="ana").dataset_id


def written(path, lines):
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def paradetox(path, count=30):
    rows = [f'you "silly man {n} left\tyou man {n} left\t{"gone" if n % 2 else ""}\t' for n in range(count)]
    return written(path, ["toxic\tneutral1\tneutral2\tneutral3", *rows])


def test_pairs_of_paradetox_keep_every_row_around_a_lone_quote_and_list_the_broken_ones(db, kids, tmp_path):
    path = paradetox(tmp_path / "p.tsv")
    path.write_text(path.read_text() + "\nbroken row\nnothing said\t\t\t", encoding="utf-8")
    kept = keep_pairs(db, kids, path, task="detoxify", actor="ana")
    assert kept == get_pair_set(db, "pairs-1") == list_pair_sets(db, kids)[0]
    pairs = pairs_of(db, "pairs-1")
    assert len(pairs) == 30 and {len(one.references) for one in pairs} == {1, 2}
    assert pairs[1].source == 'you "silly man 1 left'
    assert kept.counts["references"] == {"1": 15, "2": 15}
    assert kept.counts["refused"] == 2
    assert refusals_of(db, "pairs-1") == [
        (32, "1 cells where the header has 4."), (33, "No 'neutral' says anything."),
    ]  # fmt: skip
    with pytest.raises(Conflict, match="very same"):
        keep_pairs(db, kids, path, task="detoxify", actor="ben")


def test_the_same_source_is_one_pair_and_what_reads_alike_stands_in_one_split(tmp_path):
    rows = [f"you are bad {n}\tyou are not good" for n in range(40)]
    lines = ["source\ttarget", *rows, "you are bad 7\tplease do better", "You ARE  bad!\tbetter"]
    pairs = joined(read_pairs(written(tmp_path / "p.tsv", lines)).pairs)
    assert len(pairs) == 41
    assert pairs[7].references == ("you are not good", "please do better")
    assert len({one.split for one in pairs[:40]}) == 1  # they differ in a number alone


def test_dialogsum_has_one_summary_to_train_on_and_three_to_test(db, kids, tmp_path):
    rows = [
        {"fname": f"train_{n}", "dialogue": f"#Person1#: Hi {n}.\n#Person2#: <b>Hello</b>&nbsp;you.",
         "summary": f"#Person1# greets {n}.", "topic": "hello"}
        for n in range(20)
    ]  # fmt: skip
    rows.append(
        {"dialogue": "#Person1#: Bye.", "summary1": "A.", "summary2": "B.", "summary3": "C.", "split": "test"}
    )
    path = written(tmp_path / "d.jsonl", [json.dumps(row) for row in rows])
    kept = keep_pairs(db, kids, path, task="summarise", actor="ana")
    pairs = pairs_of(db, kept.pair_set_id)
    assert kept.counts["layout"] == "DialogSum"
    assert pairs[0].source.startswith("#Person1#")  # the original stays
    assert pairs[0].clean_source == "Person1: Hi 0.\nPerson2: Hello you."
    assert (pairs[-1].references, pairs[-1].split) == (("A.", "B.", "C."), "test")


def test_columns_can_be_named_and_unknown_ones_are_refused(tmp_path):
    path = written(tmp_path / "p.csv", ["said,better", '"a, b",c'])
    with pytest.raises(BadInput, match="no pairs: said, better"):
        read_pairs(path)
    with pytest.raises(BadInput, match="no column 'worse'"):
        read_pairs(path, columns={"source": "said", "reference": "worse"})
    [pair] = read_pairs(path, columns={"source": "said", "reference": "better"}).pairs
    assert (pair.source, pair.references) == ("a, b", ("c",))


@pytest.mark.parametrize(
    ("name", "task", "error"), [("p.xlsx", "detoxify", "cannot be read"), ("p.tsv", "sing", "no task 'sing'")]
)
def test_a_file_or_a_task_that_is_none_is_refused(db, kids, tmp_path, name, task, error):
    with pytest.raises(BadInput, match=error):
        keep_pairs(db, kids, paradetox(tmp_path / name), task=task, actor="ana")


def test_cleaning_takes_out_tags_and_what_nobody_sees_and_leaves_joiners():
    assert cleaned("a<br/>b  &amp;\u200b c\x07\n\n d") == "a b & c\nd"
    assert cleaned("1 < 2 and 3 > 2 #tag 👩‍🚀") == "1 < 2 and 3 > 2 #tag 👩‍🚀"


def test_prompts_are_versions_and_braces_of_a_comment_stay_what_they_are(db, kids):
    with pytest.raises(BadInput, match="2 times"):
        write_prompt(db, kids, "reply", "{source} {source}", actor="ana")
    write_prompt(db, kids, "reply", "Say: {source} ->", actor="ana")
    assert [one.version for one in list_prompts(db, kids, "reply")] == [1, 0]
    body = get_prompt(db, kids, "reply", 1).body
    assert asked(body, "{source} {0}", [("hi", "hello")]) == "Say: hi -> hello\n\n\nSay: {source} {0} ->"
    with pytest.raises(NotFound, match="no version 2"):
        get_prompt(db, kids, "reply", 2)


def test_delete_knows_the_words_that_only_the_sources_have():
    sources = [f"the stupid video {n}" for n in range(20)]
    listed = telling_words(sources, [f"the video {n}" for n in range(20)])
    assert listed == {"stupid"}
    assert without_words("The STUPID, stupid video", listed) == "The , video"
    found = trivial("detoxify", ["the stupid video"], listed)
    assert list(found.values()) == [["the stupid video"], ["the video"], ["Please be kind."]]


def test_the_best_of_several_is_the_one_with_the_most_reward():
    def reward(texts, owners):
        return [len(text) - owner for text, owner in zip(texts, owners, strict=True)]

    assert best_of([["a", "bb"], ["cc", "d"]], reward) == ["bb", "cc"]
    drawn = random_deletions("a b c d", drawn=5)
    assert drawn == random_deletions("a b c d", drawn=5)
    assert all(0 < len(one.split()) < 4 for one in drawn)


def test_texts_to_score_keep_the_empty_ones(tmp_path):
    rows = [
        {"text": "", "reference2": "b", "reference1": "a"},
        {"text": "x"},
        {"text": "y", "reference1": "z"},
    ]
    read = read_texts(written(tmp_path / "s.jsonl", [json.dumps(row) for row in rows]))
    assert (read.texts, read.references) == (("", "y"), (("a", "b"), ("z",)))
    assert (read.sources, read.refused) == (None, ((2, "No 'reference' says anything."),))


@pytest.mark.slow
@pytest.mark.skipif(not PARADETOX.exists(), reason="the public file is not beside this checkout")
def test_paradetox_goes_through_with_up_to_three_references(db, kids):
    kept = keep_pairs(db, kids, PARADETOX, task="detoxify", actor="ana")
    read = read_pairs(PARADETOX)
    assert (len(read.pairs), len(read.refused)) == (11_921, 14)  # pieces of rows that line breaks tore
    assert max(len(one.references) for one in read.pairs) == 3
    assert sum(kept.counts[split] for split in ("train", "validation", "test")) == 11_921
