import numpy as np
import pytest

from services.evaluation import clusters
from services.evaluation.clusters import Clustering, design_effects, flagging_effects
from services.evaluation.confusion import ConfusionTable
from services.evaluation.intervals import Estimate, Proportion, stretched, wilson
from services.evaluation.metrics import matthews_correlation, report
from services.evaluation.thresholds import Effects

LABELS = ("allow", "disallow")


def counted(gold, said, author):
    """Counts by author as the service makes them, and the table of all."""
    counts = np.zeros((author.max() + 1, 3, 2), dtype=np.int64)
    for g, s, a in zip(gold, said, author, strict=True):
        counts[a, 0, g] += g == s
        counts[a, 1, g] += 1
        counts[a, 2, s] += 1
    cells = np.bincount(gold * 3 + said, minlength=6).reshape(2, 3)
    return counts, ConfusionTable(LABELS, cells)


def world(draw, authors=60, each=5, alike=0.5):
    """Comments of authors who are right about alike often: `alike` of each one's comments share one fate."""
    author = np.repeat(np.arange(authors), each)
    gold = draw.integers(0, 2, author.size)
    fate = (draw.random(authors) < 0.8)[author]
    right = np.where(draw.random(author.size) < alike, fate, draw.random(author.size) < 0.8)
    return gold, np.where(right, gold, 1 - gold), author


def test_four_comments_that_share_one_fate_say_as_much_as_one():
    draw = np.random.default_rng(1)
    gold, said, author = world(draw, authors=200, each=4, alike=1.0)
    effects = design_effects(*counted(gold, said, author))
    assert effects["accuracy", ""] == pytest.approx(4, rel=0.15)


def test_comments_that_have_only_the_author_in_common_lose_nothing():
    draw = np.random.default_rng(2)
    found = [design_effects(*counted(*world(draw, each=4, alike=0.0)))["accuracy", ""] for _ in range(20)]
    assert np.mean(found) < 1.15
    assert min(found) == 1.0


def test_the_effect_is_that_of_the_variance_between_authors():
    # Kish: of a share over clusters of any size, by its linear form.
    draw = np.random.default_rng(3)
    gold, said, author = world(draw, authors=80, each=6, alike=0.6)
    kept = draw.random(author.size) < 0.7
    gold, said, author = gold[kept], said[kept], np.unique(author[kept], return_inverse=True)[1]
    counts, table = counted(gold, said, author)
    right, size = counts[:, 0].sum(axis=1), counts[:, 1].sum(axis=1)
    share = right.sum() / size.sum()
    clustered = ((right - share * size) ** 2).sum() / size.sum() ** 2
    expected = clustered / (share * (1 - share) / size.sum())
    effects = design_effects(counts, table)
    assert effects["accuracy", ""] == pytest.approx(expected, rel=0.15)
    rude = counts[:, 0, 1], counts[:, 1, 1]
    recall = rude[0].sum() / rude[1].sum()
    clustered = ((rude[0] - recall * rude[1]) ** 2).sum() / rude[1].sum() ** 2
    expected = clustered / (recall * (1 - recall) / rude[1].sum())
    assert effects["recall", "disallow"] == pytest.approx(max(1, expected), rel=0.15)


def test_widened_intervals_hold_the_truth_where_plain_ones_do_not():
    draw, plain, widened = np.random.default_rng(4), 0, 0
    for _ in range(120):
        counts, table = counted(*world(draw, authors=60, each=5, alike=0.7))
        share = Proportion(table.correct, table.n)
        wide = stretched(share, design_effects(counts, table)["accuracy", ""])
        plain += share.low <= 0.8 <= share.high
        widened += wide.low <= 0.8 <= wide.high
    assert plain / 120 < 0.9
    assert 0.92 <= widened / 120 <= 0.99


def test_a_share_is_widened_to_wilsons_interval_of_fewer_comments():
    found = stretched(Proportion(90, 100), 2.0)
    assert (found.low, found.high) == pytest.approx(wilson(45, 50))
    assert found.value == 0.9
    assert stretched(Estimate(0.5, 0.4, 0.7), 4.0) == Estimate(0.5, pytest.approx(0.3), pytest.approx(0.9))
    assert stretched(Estimate(0.9, 0.8, 0.99), 9.0).high == 1.0


def test_a_number_that_never_varies_takes_the_effect_of_the_accuracy():
    gold = np.array([0] * 50 + [1] * 50)
    said = gold.copy()
    said[:20] = 1
    author = np.concatenate([np.repeat(np.arange(10), 5), np.repeat(np.arange(10, 20), 5)])
    effects = design_effects(*counted(gold, said, author))
    assert effects["recall", "disallow"] == effects["accuracy", ""] > 1


def test_the_same_seed_gives_the_same_effects():
    given = counted(*world(np.random.default_rng(5)))
    assert design_effects(*given, seed=3) == design_effects(*given, seed=3)


def test_every_number_of_a_report_is_widened_by_its_own_effect():
    counts, table = counted(*world(np.random.default_rng(6)))
    effects = design_effects(counts, table)
    shared = Clustering("author", table.n, 60, 5, Proportion(table.correct, table.n), effects)
    plain, wide = report(table), shared.over(report(table))
    for name in ("accuracy", "macro_f1", "weighted_f1", "macro_recall", "balanced_accuracy", "mcc"):
        before, after = getattr(plain, name), getattr(wide, name)
        assert before.value == after.value
        assert after.high - after.low > before.high - before.low, name
    [recall] = [each.recall for each in wide.classes if each.label == "disallow"]
    effect = effects["recall", "disallow"]
    assert (recall.low, recall.high) == pytest.approx(wilson(recall.successes / effect, recall.n / effect))
    assert wide.weighted_recall.low == wide.accuracy.low
    assert flagging_effects(shared, ["allow", "disallow"]).recall == max(
        effects["recall", label] for label in LABELS
    )
    assert flagging_effects(None, ["disallow"]) == Effects(1.0, 1.0, 1.0)


def test_the_correlation_of_margins_is_that_of_the_table():
    tables = np.random.default_rng(7).integers(1, 40, (20, 2, 3))
    hits = np.diagonal(tables, axis1=1, axis2=2)
    parts = np.stack([hits, tables.sum(axis=2), tables.sum(axis=1)[:, :-1]], axis=1).astype(np.float64)
    found = clusters._numbers(parts, LABELS)["mcc", ""]
    assert found == pytest.approx(matthews_correlation(tables))
