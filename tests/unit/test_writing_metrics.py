"""Numbers of written texts against the named libraries and against examples worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import corpus_bleu, corpus_chrf, sentence_chrf

from domain.errors import BadInput
from services.generation.fluency import FluencyJudge, LetterModel
from services.generation.joint import joint
from services.generation.paired import paired, permutation_p
from services.generation.rouge import ROUGES, rouge, rouge_signature
from services.generation.surface import bleu, chrf, chrf_each
from services.generation.table import verdict_sentence
from services.generation.toxicity import lowered, toxicity, unwanted_label, unwanted_scores
from services.generation.tricks import tricks
from services.generation.words import sentences_of, words_of

OUTPUTS = ["The cats were running quickly!", "mats on sat cat the", "", "It isn't 3.5 or nothing_at all"]
TARGETS = ["The cat runs quick.", "the cat sat on mats", "a cat", "It isn't 3 5 or nothing at all, really."]


@pytest.mark.parametrize("stemmed", [True, False])
def test_rouge_agrees_with_the_library_on_identical_permuted_and_empty_english(stemmed):
    found = rouge([*OUTPUTS, *TARGETS], [[one] for one in [*TARGETS, *TARGETS]], use_stemmer=stemmed)
    theirs = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=stemmed)
    for row, (said, target) in enumerate(zip([*OUTPUTS, *TARGETS], [*TARGETS, *TARGETS], strict=True)):
        wanted = theirs.score(target, said)
        assert {name: found[name][row] for name in wanted} == pytest.approx(
            {name: score.fmeasure for name, score in wanted.items()}
        )


def test_rouge_of_permuted_words_keeps_the_words_and_loses_their_order():
    found = rouge(["c b a"], [["a b c"]], use_stemmer=False)
    assert [found[name][0] for name in ROUGES] == pytest.approx([1.0, 0.0, 1 / 3, 1 / 3])


def test_rouge_lsum_takes_each_sentence_by_itself():
    found = rouge(["It rained. We stayed."], [["We stayed. It rained."]], use_stemmer=False)
    assert (found["rougeL"][0], found["rougeLsum"][0]) == (0.5, 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "Привет, как дела?",
        "你好世界",
        "हिन्दी में पाठ",
        "ありがとう ございます",
        "مرحبا بالعالم",
        "สวัสดีครับ",
        "ελληνικά λόγια",
    ],
)
def test_identical_texts_in_any_script_score_one(text):
    assert RougeScorer(["rouge1"]).score(text, text)["rouge1"].fmeasure == 0.0  # which is the trap
    assert all(values[0] == 1.0 for values in rouge([text], [[text]]).values())
    assert all(values[0] == 0.0 for values in rouge([text], [["other words"]]).values())


def test_of_several_references_the_best_one_counts():
    assert rouge(["b c"], [["x y", "b c"]])["rouge2"][0] == 1.0


def test_rouge_names_its_stemmer_and_its_words():
    told = rouge_signature([["a"], ["a", "b"]])
    assert told.startswith("nrefs:var|measure:f1|stem:porter-nltk-3.10.4|tok:unicode-words")
    assert "stem:none" in rouge_signature([["a"]], use_stemmer=False)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_words_of_ascii_are_those_of_the_library(text):
    from rouge_score.tokenize import tokenize

    assert words_of(text) == tokenize(text, None)


def test_words_and_sentences_of_other_scripts():
    assert words_of("你好a世界") == ["你", "好", "a", "世", "界"]
    assert words_of("हिन्दी में") == ["हिन्दी", "में"]
    assert sentences_of("Yes. No!\nWell 3.5 times。好。") == ["Yes.", "No!", "Well 3.5 times。", "好。"]


def test_bleu_of_three_words_takes_the_order_that_they_have():
    assert corpus_bleu(["a b c"], [["a b c"]]).score == 0.0  # which is the trap
    found = bleu(["a b c"], [["a b c"]])
    assert (found.score.value, "eff:yes" in found.signature) == (pytest.approx(100.0), True)
    half = bleu(["a b x"], [["a b c"]])
    precisions = (2 / 3, 1 / 2, 1 / 2)  # the third has no match: smoothed by "exp" to 1 / (2 · 1)
    assert half.score.value == pytest.approx(100 * np.prod(precisions) ** (1 / 3), abs=1e-6)


def test_the_interval_of_bleu_stays_within_its_scale():
    refs = [[f"the {word} sat on the mat today"] for word in ("cat", "dog", "cow")]
    found = bleu(["the cat sat on the mat today", "no", "nothing of it here"], refs)
    assert 0.0 == found.score.low <= found.score.value <= found.score.high <= 100.0


def test_bleu_of_one_table_is_made_in_one_way():
    refs = [["the cat sat on the mat"], ["we all went home"]]
    told = {bleu(said, refs).signature for said in (["yes", "no"], [refs[0][0], refs[1][0]])}
    assert len(told) == 1 and "eff:no" in told.pop()


def test_bleu_and_chrf_agree_with_sacrebleu_and_print_its_signature():
    said = ["the cat sat on the mat today", "we all went home"]
    streams = [["the cat sat on a mat today", "we went home"], ["a cat sat there", "everybody went home now"]]
    refs = [list(each) for each in zip(*streams, strict=True)]
    found, letters = bleu(said, refs), chrf(said, refs)
    assert found.score.value == pytest.approx(corpus_bleu(said, streams).score)
    assert letters.score.value == pytest.approx(corpus_chrf(said, streams, word_order=2).score)
    assert found.signature == (
        "nrefs:2|bs:1000|seed:12345|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"
    )
    assert letters.signature == (
        "nrefs:2|bs:1000|seed:12345|case:mixed|eff:yes|nc:6|nw:2|space:no|version:2.6.0"
    )
    assert found.score.low <= found.score.value <= found.score.high
    each = chrf_each(said, refs)
    assert each.tolist() == pytest.approx(
        [sentence_chrf(text, row, word_order=2).score for text, row in zip(said, refs, strict=True)]
    )


def test_texts_with_differing_numbers_of_references_are_measured():
    found = bleu(["a b c d", "e f g h"], [["a b c d"], ["x", "e f g h"]])
    assert found.score.value == pytest.approx(100.0)
    assert found.signature.startswith("nrefs:var|")


def test_the_joint_measure_multiplies_before_it_takes_the_mean():
    style, meaning, fluency = np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([1.0, 1.0])
    assert joint(style, meaning, fluency).mean() == 0.0  # the product of the means would be 0.25
    worked = joint(np.array([1.0, 1.0, 0.0]), np.array([0.8, 0.6, 0.9]), np.array([1.0, 0.0, 1.0]))
    assert worked.tolist() == [0.8, 0.0, 0.0]
    with pytest.raises(BadInput, match="outside"):
        joint(style, np.array([-0.1, 1.0]), fluency)


def test_a_paired_difference_is_seen_although_the_systems_overlap():
    before = np.linspace(0.0, 1.0, 40)
    found = paired(before, before + 0.05)
    assert (found.verdict, found.relative) == ("better", pytest.approx(0.1))
    assert found.difference.low <= 0.05 <= found.difference.high
    assert paired(before + 0.05, before).verdict == "worse"
    assert paired(before + 0.05, before, less_is_better=True).verdict == "better"
    assert paired(before, before).p_value == 1.0
    draw = np.random.default_rng(0)
    assert paired(before, draw.permutation(before)).verdict == "not decidable"


def test_the_permutation_p_is_the_exact_one_within_chance():
    gaps = np.array([1.0, 1.0, 1.0, 1.0, 1.0, -1.0])  # |sum| >= 4 in 14 of 64 ways to swap
    assert permutation_p(gaps) == pytest.approx(14 / 64, abs=0.02)


def test_toxicity_before_and_after_has_its_whole_spread():
    before, after = np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.1, 0.2, 0.5, 0.0])
    found = lowered(before, after)
    assert found.difference.value == pytest.approx(-0.55)
    assert found.relative == pytest.approx(-0.55 / 0.75)
    assert (found.before.share_half, found.after.share_half) == (1.0, 0.25)
    told = toxicity(np.array([0.0, 1.0, 0.5]))
    assert (told.median, told.deviation, told.p95) == (0.5, pytest.approx(0.5), pytest.approx(0.95))


def test_an_answer_without_a_score_counts_by_its_label_and_one_unread_as_unwanted():
    found = unwanted_scores(["rude", "fine", None], [None, None, None], ["fine", "rude"], "rude")
    assert found.tolist() == [1.0, 0.0, 1.0]
    assert unwanted_label(["allow", "disallow"], None, name="model-1") == "disallow"
    with pytest.raises(BadInput, match="no label 'rude'"):
        unwanted_label(["allow", "disallow"], "rude", name="model-1")


def test_tricks_of_a_model_that_copies_or_says_one_thing():
    copied = tricks(["a b", "c d"], ["A b!", "c d"])
    assert (copied.copied, copied.length_ratio) == (1.0, 1.0)
    constant = tricks(["a b", "c d", "e"], ["be kind", "be kind", ""])
    assert (constant.constant, constant.empty) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert constant.distinct_2 == 0.5


def test_fluency_knows_spelling_and_order_but_no_grammar():
    human = [f"the {what} number {n} was quite nice" for n in range(30) for what in ("video", "song", "joke")]
    judge = FluencyJudge(human)
    assert judge(["the video number 7 was quite nice", "vqx zzk qqj", ""]).tolist() == [1.0, 0.0, 0.0]
    graded = judge.graded(["the song number 3 was quite nice", "ecin etiuq saw", ""])
    assert graded[0] == 1.0 > graded[1] > graded[2] == 0.0


def test_the_letters_of_a_text_share_out_all_of_the_probability():
    model = LetterModel(["abab", "abba"])
    shares = [model._share(f"\x02\x02\x02a{letter}") for letter in ("a", "b", "z")]
    assert 0 < shares[2] < shares[0] < shares[1] < 1


def test_a_model_that_does_not_beat_the_trivial_opponent_is_told_so():
    draw = np.random.default_rng(1)
    rival = draw.uniform(0.3, 0.7, 60)
    told = verdict_sentence("the model", "delete the toxic words", "J", paired(rival, rival - 0.1))
    assert told.startswith("The model does not beat “delete the toxic words” but is worse: J ")
    assert "(-0.100, 95 % interval -0.100 to -0.100, p = 0.0002, n = 60)." in told
    beats = verdict_sentence("the model", "delete the toxic words", "J", paired(rival, rival + 0.1))
    assert beats.startswith("The model beats “delete")
    level = verdict_sentence("the model", "copy", "J", paired(rival, draw.permutation(rival)))
    assert level.startswith("The model does not beat “copy”: J ")
