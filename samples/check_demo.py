"""Prints what the demo dataset holds and fails when it breaks a promise of README.md.

Usage: python samples/check_demo.py
"""

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, f1_score
from sklearn.model_selection import GroupKFold

HERE = Path(__file__).parent
REASONS = {
    "insult",
    "bullying",
    "contact_seeking",
    "dangerous_dare",
    "frightening",
    "profanity",
    "hate",
    "spam",
    "personal_data",
}
HARD_CASES = {
    "obfuscation",
    "quoted_abuse_in_kind_comment",
    "kind_words_in_abusive_comment",
    "negation",
    "mild_or_playful_insult",
    "benign_personal_detail",
    "personal_data",
    "dare_described_safely",
    "dangerous_dare",
    "code_switching",
    "sarcasm",
    "very_short",
}
PAIRS = (("benign_personal_detail", "personal_data"), ("dare_described_safely", "dangerous_dare"))
VOTABLE = ("allow", "disallow")
NEAR = 0.7  # Jaccard similarity of character 4-grams

Row = dict[str, str]


def read(name: str) -> list[Row]:
    """Rows of a file beside this script; every value stays a string, also "NA"."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def majorities(votes: Sequence[Row]) -> dict[str, str]:
    """Majority label by comment id, "tie" where allow and disallow balance; skip and unsure do not count."""
    tallies: dict[str, Counter[str]] = defaultdict(Counter)
    for vote in votes:
        if vote["label"] in VOTABLE:
            tallies[vote["comment_id"]][vote["label"]] += 1
    found = {}
    for comment_id, tally in tallies.items():
        allow, disallow = tally["allow"], tally["disallow"]
        found[comment_id] = "tie" if allow == disallow else "allow" if allow > disallow else "disallow"
    return found


def print_agreement(votes: Sequence[Row], truth: Mapping[str, Row]) -> None:
    """Prints Cohen's kappa per pair of annotators, and agreement on clear and on hard comments."""
    by_annotator: dict[str, dict[str, str]] = defaultdict(dict)
    for vote in votes:
        if vote["label"] in VOTABLE:
            by_annotator[vote["annotator"]][vote["comment_id"]] = vote["label"]
    for one, two in combinations(sorted(by_annotator), 2):
        shared = sorted(by_annotator[one].keys() & by_annotator[two].keys())
        first, second = ([by_annotator[name][key] for key in shared] for name in (one, two))
        same = {
            kind: np.mean(
                [
                    a == b
                    for a, b, key in zip(first, second, shared, strict=True)
                    if bool(truth[key]["hard_case"]) == hard
                ]
            )
            for kind, hard in (("clear", False), ("hard", True))
        }
        kappa = cohen_kappa_score(first, second)
        print(
            f"  {one}-{two}: n {len(shared)}, kappa {kappa:.2f}, same {same['clear']:.3f} clear, {same['hard']:.3f} hard"
        )
    for name, labels in sorted(by_annotator.items()):
        right = np.mean([truth[key]["label"] == label for key, label in labels.items()])
        print(f"  {name}: {len(labels)} votes allow/disallow, {right:.3f} as the truth")


def count_near_duplicates(texts: Sequence[str]) -> tuple[int, int]:
    """Pairs of equal texts, and further pairs whose 4-grams overlap by at least NEAR."""
    wanted = [text.lower() for text in texts if len(text.strip()) >= 12]
    grams = CountVectorizer(analyzer="char", ngram_range=(4, 4), binary=True).fit_transform(wanted)
    shared = (grams @ grams.T).tocoo()
    sizes = np.asarray(grams.sum(axis=1)).ravel()
    upper = shared.row < shared.col
    row, col, both = shared.row[upper], shared.col[upper], shared.data[upper]
    close = both / (sizes[row] + sizes[col] - both) >= NEAR
    copies = Counter(text for text in texts if len(text.strip()) >= 12)
    exact = sum(count * (count - 1) // 2 for count in copies.values())
    return exact, int(close.sum()) - exact


def predict_apart(texts: Sequence[str], labels: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Out-of-sample predictions (1 = disallow) of the baseline, 5 folds, no group in two folds."""
    predicted = np.zeros(len(labels), dtype=int)
    for train, test in GroupKFold(n_splits=5).split(texts, labels, groups=groups):
        parts = (
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
        )
        seen = hstack([part.fit_transform([texts[i] for i in train]) for part in parts]).tocsr()
        new = hstack([part.transform([texts[i] for i in test]) for part in parts]).tocsr()
        model = LogisticRegression(C=10, max_iter=1000, class_weight="balanced").fit(seen, labels[train])
        predicted[test] = model.predict(new)
    return predicted


def print_scores(truth: Sequence[Row], labels: np.ndarray, predicted: np.ndarray) -> None:
    """Prints F1 of disallow overall, per hard case and per contrasting pair.

    A kind that only holds comments of one label has no meaningful F1; there the share judged rightly counts.
    """
    kinds = np.array([row["hard_case"] for row in truth])
    print(
        f"baseline F1 (disallow): overall {f1_score(labels, predicted):.3f}, clear {f1_score(labels[kinds == ''], predicted[kinds == '']):.3f}"
    )
    groups = [(kind,) for kind in sorted(HARD_CASES)] + list(PAIRS)
    for group in groups:
        inside = np.isin(kinds, group)
        both = 0 < labels[inside].sum() < inside.sum()
        f1 = f"F1 {f1_score(labels[inside], predicted[inside]):.3f}" if both else "F1   -  "
        right = (labels[inside] == predicted[inside]).mean()
        print(
            f"  {' + '.join(group):46} n {inside.sum():4}  disallow {labels[inside].sum():4}  {f1}  right {right:.3f}"
        )


def broken_promises(
    comments: Sequence[Row], truth: Sequence[Row], votes: Sequence[Row], flips: Sequence[bool]
) -> list[str]:
    """The promises of README.md that do not hold; empty when all is well."""
    templates = Counter(row["template"] for row in truth)
    kinds = Counter(row["hard_case"] for row in truth)
    promises = {
        "at least 2,000 comments": len(comments) >= 2_000,
        "ids are unique and the same in comments.csv and truth.csv": [row["id"] for row in comments]
        == [row["id"] for row in truth]
        and len({row["id"] for row in truth}) == len(truth),
        "at most 8 comments per template": max(templates.values()) <= 8,
        "at least 450 templates": len(templates) >= 450,
        "at most 5 percent flipped": np.mean([row["flipped"] == "1" for row in truth]) <= 0.05,
        "a flipped comment has a wrong majority": all(flips),
        "all nine reasons": {row["reason"] for row in truth} == REASONS | {""},
        "a reason exactly on disallow": all(
            (row["label"] == "disallow") == bool(row["reason"]) for row in truth
        ),
        "at least 3 languages with both labels": _languages_with_both(comments, truth) >= 3,
        "nobody votes before the posting": _votes_follow_postings(comments, votes),
        "at least 40 comments of each hard case": all(kinds[kind] >= 40 for kind in HARD_CASES),
    }
    return [promise for promise, holds in promises.items() if not holds]


def _languages_with_both(comments: Sequence[Row], truth: Sequence[Row]) -> int:
    pairs = Counter((comment["language"], row["label"]) for comment, row in zip(comments, truth, strict=True))
    return sum(
        pairs[(lang, "allow")] >= 20 and pairs[(lang, "disallow")] >= 20
        for lang in {lang for lang, _ in pairs}
    )


def _votes_follow_postings(comments: Sequence[Row], votes: Sequence[Row]) -> bool:
    posted = {row["id"]: row["posted_at"] for row in comments}
    return all(posted[vote["comment_id"]] < vote["voted_at"] for vote in votes)


def main() -> int:
    """Prints the numbers; returns 1 when a promise is broken."""
    comments, truth, votes = read("comments.csv"), read("truth.csv"), read("votes.csv")
    by_id = {row["id"]: row for row in truth}
    templates = Counter(row["template"] for row in truth)
    majority = majorities(votes)
    wrong = {key for key, label in majority.items() if label not in ("tie", by_id[key]["label"])}
    flipped = {row["id"] for row in truth if row["flipped"] == "1"}
    old_rule = {
        key
        for key in wrong - flipped
        if by_id[key]["hard_case"] in ("quoted_abuse_in_kind_comment", "dare_described_safely")
    }

    authors, videos = {row["author"] for row in comments}, {row["video"] for row in comments}
    print(
        f"comments {len(comments)}, authors {len(authors)}, videos {len(videos)}, templates {len(templates)}"
    )
    print(f"largest template {max(templates.values())}, used once {sum(n == 1 for n in templates.values())}")
    print("labels", dict(Counter(row["label"] for row in truth)))
    print("reasons", dict(Counter(row["reason"] for row in truth if row["reason"]).most_common()))
    print("languages", dict(Counter(row["language"] for row in comments).most_common()))
    exact, near = count_near_duplicates([row["text"] for row in comments])
    print(
        f"duplicate pairs: {exact} exact, {near} near; blank comments {sum(not row['text'].strip() for row in comments)}"
    )
    print(f"votes {len(votes)}, without a vote {len(comments) - len({vote['comment_id'] for vote in votes})}")
    print(
        "  by label",
        dict(Counter(vote["label"] for vote in votes)),
        "by guideline",
        dict(Counter(vote["guideline_version"] for vote in votes)),
    )
    print_agreement(votes, by_id)
    print(
        f"flipped {len(flipped)} ({len(flipped) / len(truth):.1%}); other wrong majorities: {len(old_rule)} hard cases on which v1 and v2 differ, {len(wrong - flipped - old_rule)} plain errors; ties {sum(label == 'tie' for label in majority.values())}"
    )
    labels = np.array([row["label"] == "disallow" for row in truth], dtype=int)
    texts = [row["text"] for row in comments]
    print_scores(truth, labels, predict_apart(texts, labels, [row["author"] for row in comments]))
    strict = predict_apart(texts, labels, [row["template"] for row in truth])
    print(f"baseline F1 when no template is in two folds: {f1_score(labels, strict):.3f}")
    broken = broken_promises(comments, truth, votes, [key in wrong for key in flipped])
    for promise in broken:
        print(f"BROKEN: {promise}", file=sys.stderr)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
