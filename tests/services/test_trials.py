import pytest

from domain.errors import BackendError
from services.evaluation.intervals import Estimate
from services.jobs.studies.trials import importance, run_trials
from services.modelling.recipes import RECIPES, settings_of
from services.modelling.studies.plans import STUDIED
from services.modelling.studies.search_spaces import Choice, Span, inside, space_of

pytestmark = pytest.mark.slow

SPACE = {"x": Span(0.0, 10.0), "rate": Span(1e-5, 1.0, log=True), "kind": Choice((None, "balanced"))}
FIRST = {"x": 1.0, "rate": 0.5, "kind": None}


def bump(settings):
    """At most 1, where x is 7 and the kind is balanced; the rate does nothing."""
    return 1 - ((settings["x"] - 7) / 10) ** 2 - (0.2 if settings["kind"] is None else 0)


def estimate(value):
    return Estimate(value, value, value)


def ask(number, settings, report):
    return estimate(bump(settings))


def test_a_search_finds_the_known_optimum_and_more_is_better(tmp_path):
    found = run_trials(tmp_path / "trials.db", ask, space=SPACE, first=FIRST, trials=25)
    best = max(found, key=lambda one: one.value)
    assert best.value > 0.98 and abs(best.settings["x"] - 7) < 1.5 and best.settings["kind"] == "balanced"
    late = sum(one.value for one in found[15:]) / 10
    assert late > sum(one.value for one in found[:10]) / 10 + 0.1  # it moves up, not down
    shares = importance(tmp_path / "trials.db")
    assert sum(shares.values()) == pytest.approx(1) and list(shares)[0] == "x"


def test_the_recipe_itself_is_tried_first(tmp_path):
    found = run_trials(tmp_path / "trials.db", ask, space=SPACE, first=FIRST, trials=2)
    assert found[0].settings == FIRST and found[0].number == 1


class Killed(BaseException):
    pass


@pytest.mark.parametrize(("dies_at", "trials"), [(1, 3), (12, 13)])
def test_a_search_that_was_broken_off_goes_on_as_if_it_had_not_been(tmp_path, dies_at, trials):
    asked = []

    def dying(number, settings, report):
        asked.append(number)
        if number == dies_at and asked.count(number) == 1:
            raise Killed
        return ask(number, settings, report)

    with pytest.raises(Killed):
        run_trials(tmp_path / "broken.db", dying, space=SPACE, first=FIRST, trials=trials)
    broken = run_trials(tmp_path / "broken.db", dying, space=SPACE, first=FIRST, trials=trials)
    whole = run_trials(tmp_path / "whole.db", ask, space=SPACE, first=FIRST, trials=trials)
    assert [(one.number, one.settings, one.value) for one in broken] == [
        (one.number, one.settings, one.value) for one in whole
    ]
    assert sorted(asked) == sorted([*range(1, trials + 1), dies_at])


def test_a_finished_search_asks_nothing_more(tmp_path):
    run_trials(tmp_path / "trials.db", ask, space=SPACE, first=FIRST, trials=3)
    again = run_trials(
        tmp_path / "trials.db", lambda *_: pytest.fail("asked"), space=SPACE, first=FIRST, trials=3
    )
    assert len(again) == 3


def test_a_trial_far_below_the_others_is_given_up(tmp_path):
    def climbing(number, settings, report):
        for step in range(1, 6):
            report(step, bump(settings) * step / 5 - (0.9 if number == 8 else 0))
        return ask(number, settings, report)

    found = run_trials(tmp_path / "trials.db", climbing, space=SPACE, first=FIRST, trials=8)
    assert found[7].state == "given up" and found[7].low is None
    assert found[0].state == "finished"


def test_settings_that_cannot_be_trained_are_a_failed_trial(tmp_path):
    def fragile(number, settings, report):
        if number == 2:
            raise BackendError("The training diverges.")
        return ask(number, settings, report)

    found = run_trials(tmp_path / "trials.db", fragile, space=SPACE, first=FIRST, trials=4)
    assert [one.state for one in found] == ["finished", "failed", "finished", "finished"]
    assert (found[1].value, found[1].message) == (None, "The training diverges.")


def test_a_search_of_which_nothing_can_be_trained_fails_with_the_reason(tmp_path):
    def fails(*_):
        raise BackendError("The memory does not suffice.")

    with pytest.raises(BackendError, match="memory does not suffice"):
        run_trials(tmp_path / "trials.db", fails, space=SPACE, first=FIRST, trials=3)


def test_what_made_the_difference_is_not_told_from_a_few_trials_or_equal_ones(tmp_path):
    run_trials(tmp_path / "few.db", ask, space=SPACE, first=FIRST, trials=4)
    run_trials(tmp_path / "equal.db", lambda *_: estimate(0.5), space=SPACE, first=FIRST, trials=10)
    assert importance(tmp_path / "few.db") == importance(tmp_path / "equal.db") == {}


@pytest.mark.parametrize("recipe", [name for name, one in RECIPES.items() if one.kind in STUDIED])
def test_every_setting_that_a_search_varies_is_one_of_the_recipe(recipe):
    config = settings_of(RECIPES[recipe])
    space = space_of(config)
    given = {name: getattr(config, name) for name in space}
    assert inside(space, given)
    for name, where in space.items():
        for value in where.values if isinstance(where, Choice) else (where.low, where.high):
            assert settings_of(RECIPES[recipe], {name: value})
