import json

import numpy as np
import pytest
from scipy.sparse import hstack
from sklearn.linear_model import LogisticRegression

from domain.errors import BackendError, BadInput
from domain.models import Answer, Answers, answers_of
from services.backends.registry import load_classifier
from services.backends.scripted import ScriptedClassifier
from services.backends.tfidf import TfidfClassifier, new_vectorizer, one_row_per_label, table_of

TEXTS = [f"{word} {other}" for word in ("red", "green", "blue") for other in ("sky", "sea", "sun", "ice")]
HOSTILE = ["", " ", "🙂🙂", "x" * 100_000, "\u202e\x00\x1b[31m", "<b>green</b>", '"; DROP TABLE models; --']


def fitted(labels):
    vectorizers = [new_vectorizer(kind, (1, 2), sublinear_tf=True) for kind in ("word", "char_wb")]
    features = hstack([vectorizer.fit_transform(TEXTS) for vectorizer in vectorizers], format="csr")
    regression = LogisticRegression(C=4.0).fit(features, np.array(labels, dtype=object))
    weights, intercept = one_row_per_label(regression.coef_, regression.intercept_)
    classifier = TfidfClassifier(
        regression.classes_.tolist(),
        [table_of(vectorizer) for vectorizer in vectorizers],
        sublinear_tf=True,
        weights=weights,
        intercept=intercept,
    )
    return classifier, regression.predict_proba(features)


@pytest.fixture(params=[2, 3], ids=["two labels", "three labels"])
def model(request):
    return fitted([f"=label\n{place % request.param}" for place in range(len(TEXTS))])


def test_scores_are_those_of_the_regression_that_was_fitted(model):
    classifier, expected = model
    np.testing.assert_allclose(classifier.scores(TEXTS), expected, atol=1e-5)


def test_a_model_read_back_gives_the_same_scores_bit_for_bit(model, tmp_path):
    classifier, _ = model
    classifier.save(tmp_path, {"settings": {}})
    again = load_classifier(tmp_path)
    assert (again.labels, again.score_kind) == (classifier.labels, "softmax")
    assert (
        again.predict(TEXTS + HOSTILE).scores.tobytes()
        == classifier.predict(TEXTS + HOSTILE).scores.tobytes()
    )
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".npz"}


def test_an_answer_does_not_depend_on_the_texts_beside_it(model):
    classifier, _ = model
    together = classifier.predict(TEXTS + HOSTILE).scores
    alone = np.vstack([classifier.predict([text]).scores for text in TEXTS + HOSTILE])
    assert together.tobytes() == alone.tobytes()


def test_every_text_gets_a_label_however_hostile(model):
    classifier, _ = model
    answers = classifier.predict(HOSTILE)
    assert set(answers.labels) <= set(classifier.labels) and set(answers.parse_status) == {"ok"}
    np.testing.assert_allclose(answers.scores.sum(axis=1), 1, atol=1e-6)
    assert len(classifier.predict([])) == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.json", "{}"),
        ("model.json", "not json"),
        ("model.json", '{"kind": "os", "labels": ["a", "b"], "score_kind": "none"}'),
        ("vocabulary.json", "[[], []]"),
        ("weights.npz", "not a zip file"),
    ],
)
def test_a_damaged_model_is_refused(model, tmp_path, name, content):
    model[0].save(tmp_path, {})
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(BadInput):
        load_classifier(tmp_path)


def test_a_weights_file_with_objects_in_it_is_refused(model, tmp_path):
    model[0].save(tmp_path, {})
    np.savez(tmp_path / "weights.npz", weights=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(BadInput, match="is damaged"):
        load_classifier(tmp_path)


def test_weights_that_do_not_fit_the_vocabulary_are_refused(model, tmp_path):
    model[0].save(tmp_path, {})
    words, letters = json.loads((tmp_path / "vocabulary.json").read_text(encoding="utf-8"))
    (tmp_path / "vocabulary.json").write_text(json.dumps([words[:-1], letters]), encoding="utf-8")
    with pytest.raises(BadInput):
        load_classifier(tmp_path)


def test_the_scripted_model_answers_as_told_and_remembers_what_it_was_asked():
    model = ScriptedClassifier(["yes", "no"])
    model.enqueue(Answer("yes", scores=(0.9, 0.1)), Answer(None, "refusal", tokens=7))
    answers = model.predict(["one", "two"])
    assert (answers.labels, answers.parse_status) == (["yes", None], ["ok", "refusal"])
    assert np.isnan(answers.scores[1]).all() and answers.tokens == [None, 7]
    assert model.history == ["one", "two"]
    model.enqueue(BackendError("Too many requests.", retryable=True))
    with pytest.raises(BackendError, match="Too many requests"):
        model.predict(["three"])
    with pytest.raises(BackendError, match="no answer left"):
        model.predict(["four"])


@pytest.mark.parametrize("row", [Answer(None), Answer("yes", "refusal")])
def test_an_answer_has_a_label_exactly_when_it_was_parsed(row):
    with pytest.raises(BadInput, match="exactly when"):
        answers_of([row], label_count=2)


def test_columns_of_answers_are_of_one_length():
    with pytest.raises(BadInput, match="2 values of parse_status"):
        Answers(labels=["yes"], parse_status=["ok", "ok"])
