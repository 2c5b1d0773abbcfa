"""The Import page: the header, the columns, where a file goes, and what comes of it."""

import pytest

from services.curation.importing import import_file
from storage.datasets import list_datasets
from tests.building import KIDS, kids

GERMAN = b"Kommentare im Mai\n\nKommentar;Bewertung\nhallo du;gut\nzu; viele;gut\nna;schlecht\n"
MEANT = {"gut": "allow", "schlecht": "disallow"}


def box(at, label):
    return next(one for one in at.selectbox if one.label == label)


@pytest.fixture
def page(db, open_page):
    kids(db)

    def opened(content, name="Mai 2026.csv"):
        at = open_page("import", dataset=KIDS)
        at.file_uploader[0].upload(name, content, "text/csv").run()
        assert not at.exception
        return at

    return opened


def test_a_title_is_skipped_and_the_line_of_the_header_can_be_changed(page):
    at = page(GERMAN)
    [line] = [one for one in at.number_input if one.label == "The header is on line"]
    assert line.value == 3
    assert any("1 line above it is skipped" in one.value for one in at.caption)
    assert box(at, "Text of the comment").value == "Kommentar"
    assert box(at, "Label").value == "Bewertung"
    line.set_value(4).run()
    assert not at.exception and "hallo du" in box(at, "Text of the comment").options
    next(one for one in at.checkbox if one.label == "There is no header").check().run()
    assert not at.exception and "column_1" in box(at, "Text of the comment").options


@pytest.mark.slow
def test_a_strange_file_is_meant_for_a_new_dataset_and_one_of_the_same_kind_is_not(page, db, tmp_path):
    path = tmp_path / "april.csv"
    path.write_bytes(GERMAN)
    columns = {"text": "Kommentar", "label": "Bewertung"}
    import_file(db, path, KIDS, actor="ana", columns=columns, label_map=MEANT)
    at = page(b"what,how\na,b\nc,d\n", name="Kids.csv")
    assert box(at, "Dataset").value == "New dataset…"
    assert next(one for one in at.text_input if one.label == "Name of the new dataset").value == "kids-2"
    at = page(GERMAN.replace(b"hallo", b"moin"))
    assert box(at, "Dataset").value == KIDS and not at.warning
    [as_last] = [one for one in at.checkbox if one.label.startswith("As for")]
    assert "april.csv" in as_last.label.replace("\\", "")
    as_last.uncheck().run()
    assert any("No meaning yet" in one.value for one in at.warning)
    next(one for one in at.checkbox if one.label.startswith("As for")).check().run()
    at.button(key="import_go").click().run()
    assert not at.exception and [one.dataset_id for one in list_datasets(db)] == [KIDS]
    assert any("3 rows read: 1 comments added, 1 known" in one.value for one in at.text)
    assert "Rows to repair" in [one.label for one in at.get("download_button")]


@pytest.mark.slow
def test_scores_in_a_column_become_a_model_of_the_system_that_is_named(page, db):
    rows = [f"c{n},comment {n},{('allow', 'disallow')[n % 2]},{n % 2},test" for n in range(20)]
    at = page("\n".join(["id,text,label,score,split", *rows]).encode())
    next(one for one in at.checkbox if one.label.startswith("Keep the scores")).check().run()
    assert box(at, "High means").value == "disallow"
    at.button(key="import_go").click().run()
    assert not at.exception
    assert any("**Perspective** is model-1" in one.value for one in at.markdown)
    again = page("\n".join(["id,text,label,score,split", *rows]).encode(), "next.csv")
    assert next(one for one in again.checkbox if one.label.startswith("Keep the scores")).value
    assert box(again, "High means").value == "disallow"
