"""Where a comment was written, as its file says; where the file says nothing, the file is the source."""

import pytest

from domain.comments import CommentFilter
from services.curation.health import comments_of, health_of
from services.curation.importing import import_file
from storage.comment_values import list_values
from storage.comments import list_comments
from tests.building import KIDS, written_csv

TOLD = {"App": ["what a lovely video", "the song is too loud"], "Forum": ["who is the singer"]}
UNTOLD = "nobody said where this was written"


@pytest.fixture
def kids_of_two_platforms(db, tmp_path):
    rows = [{"Kommentar": body, "Plattform": source} for source, bodies in TOLD.items() for body in bodies]
    rows.append({"Kommentar": UNTOLD, "Plattform": ""})
    file = written_csv(tmp_path / "may.csv", rows)
    import_file(db, file, KIDS, actor="ana", labels=("allow", "disallow"))


def test_health_counts_comments_per_source_and_opens_them(db, kids_of_two_platforms):
    assert health_of(db, KIDS).shares["source"] == {"App": 2, "Forum": 1, "may.csv": 1}
    for source, bodies in {**TOLD, "may.csv": [UNTOLD]}.items():
        assert [comment.body for comment, _ in comments_of(db, KIDS, "source", source)] == bodies


def test_a_search_can_be_kept_to_a_source(db, kids_of_two_platforms):
    assert list_values(db, KIDS).sources == ("App", "Forum", "may.csv")
    found = list_comments(db, CommentFilter(KIDS, source="App", contains="song"))
    assert [comment.body for comment in found] == ["the song is too loud"]
