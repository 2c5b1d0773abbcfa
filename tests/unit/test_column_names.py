import pytest

from domain.column_names import guess_columns, is_usual_name


@pytest.mark.parametrize(
    ("columns", "guessed"),
    [
        (
            ("Nr.", "Kommentar", "Bewertung", "Sprache", "Datum", "Autor", "Begründung"),
            {
                "text": "Kommentar", "label": "Bewertung", "language": "Sprache", "time": "Datum",
                "author": "Autor", "reason": "Begründung",
            },
        ),
        (
            ("Commentaire", "Catégorie", "Langue", "Auteur", "Plateforme"),
            {
                "text": "Commentaire", "label": "Catégorie", "language": "Langue", "author": "Auteur",
                "source": "Plateforme",
            },
        ),
        (
            ("ID comentario", "Comentario", "Etiqueta", "Fecha", "Usuario", "Idioma"),
            {
                "id": "ID comentario", "text": "Comentario", "label": "Etiqueta", "time": "Fecha",
                "author": "Usuario", "language": "Idioma",
            },
        ),
        (("Strang", "Kommentar"), {"text": "Kommentar", "thread": "Strang"}),
        (("Comment Text", "user-id"), {"text": "Comment Text", "author": "user-id"}),
        (("data", "data.prompt", "messages.user"), {"text": "messages.user"}),
        (("a", "b"), {}),
    ],
)  # fmt: skip
def test_columns_are_known_by_their_usual_names(columns, guessed):
    assert guess_columns(columns) == guessed


def test_a_name_is_told_from_what_stands_in_a_column():
    assert all(map(is_usual_name, ("text", "Kommentar", "commentText", "is_toxic", "Catégorie")))
    assert not any(map(is_usual_name, ("", "hello you", "3", "a text that is long", "Report of May")))
