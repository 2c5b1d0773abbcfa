import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.sparse import hstack
from sklearn.linear_model import LogisticRegression

from domain.errors import BadInput
from domain.models import Answers
from services.backends.deciding_words import MOST_WORDS, deciding_words
from services.backends.nearest import TrainingIndex
from services.backends.tfidf import TfidfClassifier, new_vectorizer, one_row_per_label, table_of
from tests.hostile import HOSTILE

TEXTS = ["you are lovely stupid", "don't be so ugly, ugly one!", "great fun a b", "HELLO World world"] * 3


def linear(labels):
    vectorizers = [
        new_vectorizer(analyzer, shape, sublinear_tf=True)
        for analyzer, shape in (("word", (1, 2)), ("char_wb", (2, 5)))
    ]
    features = hstack([one.fit_transform(TEXTS) for one in vectorizers], format="csr")
    fitted = LogisticRegression().fit(features, labels * 3)
    weights, intercept = one_row_per_label(fitted.coef_, fitted.intercept_)
    model = TfidfClassifier(
        fitted.classes_.tolist(), [table_of(one) for one in vectorizers], sublinear_tf=True,
        weights=weights, intercept=intercept,
    )  # fmt: skip
    return model, intercept


@pytest.mark.parametrize("labels", [["a", "b", "a", "b"], ["a", "b", "c", "a"]])
@pytest.mark.parametrize(
    "text", [*TEXTS[:4], "World  lovely\tSTUPID world hello hello x", "nothing known", *HOSTILE]
)
def test_the_words_of_a_linear_model_add_up_to_its_answer(labels, text):
    model, intercept = linear(labels)
    logits = intercept + sum(model.contributions(text).values(), np.zeros(len(model.labels)))
    powers = np.exp(logits - logits.max())
    assert powers / powers.sum() == pytest.approx(model.scores([text])[0], abs=1e-5)


def test_the_exact_words_tell_for_and_against_a_label():
    model, _ = linear(["a", "b", "a", "b"])
    for_a = dict(deciding_words(model, "stupid world", "a").words)
    for_b = dict(deciding_words(model, "stupid world", "b").words)
    assert for_a["stupid"] > 0 > for_a["world"]
    assert for_b == pytest.approx({word: -amount for word, amount in for_a.items()})


class Counting:
    """The share of the word bad among the words is the score of the second label."""

    labels = ("fine", "rude")
    score_kind = "softmax"

    def predict(self, texts):
        rude = [text.lower().split().count("bad") / max(1, len(text.split())) for text in texts]
        scores = np.array([[1 - share, share] for share in rude], dtype=np.float32)
        labels = [self.labels[int(share > 0.5)] for share in rude]
        return Answers(labels, ["ok"] * len(texts), scores)


def test_without_such_weights_each_word_is_left_out_wherever_it_stands():
    found = deciding_words(Counting(), "Bad dog bad\n cat", "rude")
    assert found.how == "left out" and found.left_over == 0
    assert dict(found.words) == pytest.approx({"bad": 0.5, "dog": 0.5 - 2 / 3, "cat": 0.5 - 2 / 3})
    assert found.words[0][0] == "bad"


def test_of_a_long_text_the_words_not_looked_at_are_counted():
    found = deciding_words(Counting(), " ".join(f"w{n}" for n in range(MOST_WORDS + 7)), "fine")
    assert len(found.words) == MOST_WORDS and found.left_over == 7


def test_without_scores_no_words_are_told():
    class Silent(Counting):
        def predict(self, texts):
            return Answers(["fine"] * len(texts), ["ok"] * len(texts))

    assert deciding_words(Silent(), "bad dog", "fine") is None


def rows(tmp_path, *table):
    ids, texts, labels, splits = zip(*table, strict=True)
    columns = {"comment_id": pa.array(ids, pa.int64()), "text": texts, "label": labels, "split": splits}
    pq.write_table(pa.table({name: list(column) for name, column in columns.items()}), tmp_path / "c.parquet")
    return TrainingIndex(tmp_path / "c.parquet")


def test_the_nearest_are_of_the_train_split_alone(tmp_path):
    index = rows(
        tmp_path,
        (1, "go away loser", "rude", "train"),
        (2, "go away loser now", "rude", "test"),
        (3, "lovely day", "fine", "train"),
        (4, "come and go", "fine", "train"),
    )
    assert (index.rows, index.searched) == (3, 3)
    found = index.nearest("Go away, loser!")
    assert [(one.comment_id, one.label, one.split) for one in found] == [
        (1, "rude", "train"),
        (4, "fine", "train"),
    ]
    assert found[0].similarity == pytest.approx(1.0) and 0 < found[1].similarity < 1


@pytest.mark.parametrize("text", ["", "🙂", "nothingofthat", *HOSTILE[:5]])
def test_a_text_that_shares_no_word_has_no_neighbour(tmp_path, text):
    assert rows(tmp_path, (1, "lovely day", "fine", "train")).nearest(text) == []


@pytest.mark.parametrize("table", [(1, "🙂", "fine", "train"), (1, "lovely", "fine", "test")])
def test_an_index_of_nothing_finds_nothing(tmp_path, table):
    assert rows(tmp_path, table).nearest("lovely 🙂") == []


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "c.parquet").write_bytes(b"no parquet")
    with pytest.raises(BadInput, match="learned from"):
        TrainingIndex(tmp_path / "c.parquet")
