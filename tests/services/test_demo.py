import pytest

from domain.errors import Conflict
from services.demo import DEMO, load_demo
from services.standing import standing
from storage.datasets import find_guideline
from storage.models import list_runs

pytestmark = pytest.mark.slow


def test_the_demo_arrives_once_around_the_loop(db):
    told = []
    made = load_demo(db, actor="ana", progress=lambda what, share: told.append(share))
    found = standing(db, DEMO)
    assert all(step.done for step in found.steps), [step.title for step in found.steps if not step.done]
    assert found.counts["comments"] == made["comments"] >= 2_000
    assert found.counts["tied"] > 0, "annotators who disagree"
    assert {run.model_id for run in list_runs(db, DEMO)} == set(made["models"])
    assert find_guideline(db, DEMO)[0] == 2
    assert told == sorted(told)
    with pytest.raises(Conflict, match="there already"):
        load_demo(db, actor="ana", progress=lambda *_: None)
