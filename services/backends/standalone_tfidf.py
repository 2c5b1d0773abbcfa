"""Scores of the model in this folder, with numpy and scikit-learn alone: python predict.py comments.txt

The file has one comment a line. For each, a line of JSON: the label, or where a comment may have several a
list that may be empty, and the score of every label.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

FOLDER = Path(__file__).resolve().parent


def load(folder: Path = FOLDER) -> tuple[Callable[[list[str]], Any], list[str]]:
    """A function from texts to scores of shape (n, K), and the K labels."""
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    arrays = np.load(folder / "weights.npz", allow_pickle=False)
    vectorizers = []
    for place, (table, terms) in enumerate(zip(about["tables"], vocabulary, strict=True)):
        how = {"analyzer": table["analyzer"], "ngram_range": tuple(table["ngram_range"])}
        vectorizer = TfidfVectorizer(
            **how, vocabulary=terms, sublinear_tf=about["sublinear_tf"], dtype=np.float32
        )
        vectorizer.idf_ = arrays[f"idf_{place}"]
        vectorizers.append(vectorizer)

    def scores(texts: list[str]) -> Any:
        features = hstack([vectorizer.transform(texts) for vectorizer in vectorizers], format="csr")
        logits = features @ np.ascontiguousarray(arrays["weights"].T) + arrays["intercept"]
        if about["score_kind"] == "sigmoid":
            return 1 / (1 + np.exp(-logits))
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    return scores, about["labels"]


if __name__ == "__main__":
    model, labels = load()
    several = json.loads((FOLDER / "model.json").read_text(encoding="utf-8"))["score_kind"] == "sigmoid"
    texts = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    for row in model(texts):
        told = dict(zip(labels, map(float, row), strict=True))
        label = [name for name in labels if told[name] >= 0.5] if several else labels[int(row.argmax())]
        sys.stdout.write(json.dumps({"label": label, "scores": told}) + "\n")
