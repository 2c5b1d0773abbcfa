"""Figures of health are counted once, kept through a restart, and counted anew after every write."""

import pytest

from storage import health_figures
from storage.database import connect
from storage.health import get_figures
from storage.health_figures import figures_of
from storage.queue import update_leases
from tests.building import KIDS, kids, numbers, put_in, texts, vote


@pytest.fixture
def counted(db, monkeypatch):
    """How often figures were counted; two equal comments under two labels, and one of its own."""
    kids(db)
    labels = ("allow", "disallow", "allow")
    rows = texts("hello there, you all", "hello there, you all", "so it is")
    put_in(db, [{**row, "label": label} for row, label in zip(rows, labels, strict=True)])
    times = []

    def count(*asked):
        times.append(asked)
        return get_figures(*asked)

    monkeypatch.setattr(health_figures, "get_figures", count)
    return times


def test_figures_are_kept_through_a_restart_and_are_the_same(db, counted):
    first = figures_of(db, KIDS)
    db.close()
    again = connect(db.home)
    assert figures_of(again, KIDS) == first == get_figures(again, KIDS)
    assert len(counted) == 1
    again.close()


def test_a_vote_has_them_counted_anew_and_a_lease_has_not(db, counted):
    assert figures_of(db, KIDS).contradictory == 1
    update_leases(db, KIDS, "ben", wanted=2, votes_needed=2)
    figures_of(db, KIDS)
    assert len(counted) == 1
    vote(db, numbers(db)[1], "ben", "allow")
    assert figures_of(db, KIDS).contradictory == 0
    assert len(counted) == 2


def test_what_was_written_while_they_were_counted_is_not_missed(db, counted, monkeypatch):
    def count_and_vote(*asked):
        figures = get_figures(*asked)
        vote(db, numbers(db)[1], "ben", "allow")
        return figures

    monkeypatch.setattr(health_figures, "get_figures", count_and_vote)
    assert figures_of(db, KIDS).contradictory == 1
    monkeypatch.setattr(health_figures, "get_figures", get_figures)
    assert figures_of(db, KIDS).contradictory == 0


def test_figures_of_another_definition_are_not_taken(db, counted, monkeypatch):
    figures_of(db, KIDS)
    monkeypatch.setattr(health_figures, "_COUNTED_BY", "another")
    figures_of(db, KIDS)
    assert len(counted) == 2
