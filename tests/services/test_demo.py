import pytest

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
    assert load_demo(db, actor="ana", progress=lambda *_: None) == made, (
        "a second time there is nothing to do"
    )


class Stopped(Exception):
    pass


@pytest.mark.parametrize("part", ["Adding the votes", "Reviewing some", "Training a second"])
def test_a_demo_that_was_stopped_goes_on_where_it_was(db, part):
    def stop(what, _share):
        if what.startswith(part):
            raise Stopped

    with pytest.raises(Stopped):
        load_demo(db, actor="ana", progress=stop)
    made = load_demo(db, actor="ana", progress=lambda *_: None)
    found = standing(db, DEMO)
    assert len(made["models"]) == 2
    assert all(step.done for step in found.steps)
    assert len(list_runs(db, DEMO)) == 4
