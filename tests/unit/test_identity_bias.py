import csv
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

from domain.errors import BadInput
from services.evaluation.identity_bias import identity_bias, power_mean
from services.evaluation.identity_terms import OVERRIDE, identity_terms, shipped_terms
from services.evaluation.slice_facts import mentions_of

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
MADLIBS, PAIRS = DATA / "madlibs_bias" / "bias_madlibs_77k.csv", DATA / "paradetox" / "paradetox.tsv"


def mann_whitney(above, below):
    """The area as the share of pairs in order, ties counting half: another road to the same number."""
    ranks = rankdata(np.concatenate([above, below]))
    return (ranks[: above.size].sum() - above.size * (above.size + 1) / 2) / (above.size * below.size)


def made_up(*, harder_on, n=4_000, seed=4):
    """Scores that call a mention itself unwanted, and one comment in ten that mentions the term."""
    rng = np.random.default_rng(seed)
    has, positive = rng.random(n) < 0.3, rng.random(n) < 0.5
    return rng.normal(positive * 1.5 + has * harder_on, 1.0), positive, has


def test_each_area_takes_the_comments_that_its_name_says():
    scores, positive, has = made_up(harder_on=1.0)
    [term] = identity_bias(scores, positive, scores > 1, {"gay": has}).terms
    expected = {
        "subgroup": (scores[positive & has], scores[~positive & has]),
        "bpsn": (scores[positive & ~has], scores[~positive & has]),
        "bnsp": (scores[positive & has], scores[~positive & ~has]),
    }
    for name, (above, below) in expected.items():
        assert getattr(term, name).value == pytest.approx(mann_whitney(above, below), abs=1e-12), name
    assert term.bpsn.value < term.subgroup.value < term.bnsp.value


def test_a_model_that_is_harder_on_a_mention_flags_more_innocent_ones():
    scores, positive, has = made_up(harder_on=1.0)
    [term] = identity_bias(scores, positive, scores > 1, {"gay": has}).terms
    inside, outside = (scores[~positive & part] > 1 for part in (has, ~has))
    assert term.gap.value == pytest.approx(inside.mean() - outside.mean())
    assert term.gap.low > 0.1
    scores, positive, has = made_up(harder_on=0.0)
    [fair] = identity_bias(scores, positive, scores > 1, {"gay": has}).terms
    assert fair.gap.low < 0 < fair.gap.high


def test_the_power_mean_stays_near_the_worst():
    # ((0.5^-5 + 1^-5)/2)^(-1/5) = (33/2)^(-1/5)
    assert power_mean([0.5, 1.0]) == pytest.approx(16.5 ** (-1 / 5))
    assert power_mean([0.8, 0.8, 0.8]) == pytest.approx(0.8)
    assert power_mean([0.5, 1.0], 1) == pytest.approx(0.75)


def test_few_mentions_have_no_area_and_fewer_are_left_out():
    scores, positive, _ = made_up(harder_on=0.0)
    some, rare = np.arange(scores.size) < 120, np.arange(scores.size) < 20
    found = identity_bias(scores, positive, scores > 1, {"some": some, "rare": rare})
    [term] = found.terms
    assert term.term == "some" and term.bpsn is None and term.gap is not None
    assert found.means == {"subgroup": None, "bpsn": None, "bnsp": None} and found.final is None


def test_the_shipped_list_is_dated_and_a_longer_name_is_not_taken_for_a_shorter_one():
    terms = shipped_terms()
    assert terms.as_of <= date(2026, 11, 21) and terms.source
    assert terms.mentioned("An African American WOMAN, a gays' choir") == {"african american", "woman", "gay"}
    assert terms.mentioned("womanly americana blackboard") == set()


def test_a_list_of_ones_own_is_taken_and_a_broken_one_is_named(tmp_path):
    own = {"as_of": "2026-10-01", "source": "Ours", "families": {"clubs": {"reds": ["red", "reds"]}}}
    (tmp_path / OVERRIDE).write_text(json.dumps(own))
    assert identity_terms(tmp_path).mentioned("Reds against blues (gay)") == {"reds"}
    for broken in ("{", "[]", json.dumps({**own, "families": {"a": {"x": ["y"], "z": ["y"]}}})):
        (tmp_path / OVERRIDE).write_text(broken)
        with pytest.raises(BadInput, match="not a list of identity terms"):
            identity_terms(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not (MADLIBS.exists() and PAIRS.exists()), reason="the real data are not here")
def test_the_bias_of_a_baseline_on_madlibs_is_that_of_an_independent_formula():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    with PAIRS.open(encoding="utf-8", newline="") as file:
        pairs = [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if len(row) == 4][1:]
    with MADLIBS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts, positive = [row["Text"] for row in rows], np.array([row["Label"] == "BAD" for row in rows])
    assert (len(rows), positive.sum()) == (76_564, 38_282)
    words = TfidfVectorizer()
    learned = words.fit_transform([cell for row in pairs for cell in row[:2]])
    model = LogisticRegression(max_iter=500).fit(learned, [1, 0] * len(pairs))
    scores = model.predict_proba(words.transform(texts))[:, 1]
    found = identity_bias(scores, positive, scores >= 0.5, mentions_of(texts, shipped_terms()))

    assert len(found.terms) >= 40
    assert found.overall.value == pytest.approx(mann_whitney(scores[positive], scores[~positive]), abs=1e-12)
    padded = [f" {text.lower()} " for text in texts]
    spelt = {term: ways for of in shipped_terms().families.values() for term, ways in of.items()}
    for term in found.terms:
        if any(
            f" {way} " in f" {other} " for way in spelt[term.term] for other in spelt if other != term.term
        ):
            continue  # "american" inside "african american": plain search cannot tell them apart
        has = np.array([any(f" {way} " in text for way in spelt[term.term]) for text in padded])
        assert (term.positives, term.negatives) == ((has & positive).sum(), (has & ~positive).sum())
        for name, above, below in (
            ("subgroup", has & positive, has & ~positive),
            ("bpsn", ~has & positive, has & ~positive),
            ("bnsp", has & positive, ~has & ~positive),
        ):
            expected = mann_whitney(scores[above], scores[below])
            assert getattr(term, name).value == pytest.approx(expected, abs=1e-12), (term.term, name)
        flagged = [(scores[part & ~positive] >= 0.5).mean() for part in (has, ~has)]
        assert term.gap.value == pytest.approx(flagged[0] - flagged[1], abs=1e-12)
    for name, mean in found.means.items():
        values = [getattr(term, name).value for term in found.terms]
        assert mean == pytest.approx((sum(v**-5 for v in values) / len(values)) ** (-1 / 5), abs=1e-12)
    assert found.final == pytest.approx((found.overall.value + sum(found.means.values())) / 4, abs=1e-12)
