"""What columns of comments are usually called, in English, German, Spanish and French."""

import re
import unicodedata
from collections.abc import Sequence

# Columns that only an export of ours has: the votes on a comment and the decision in force as JSON, and why
# it is excluded.
EXPORTED_VOTES = "annotator_votes"
EXPORTED_DECISION = "decision_in_force"
EXPORTED_EXCLUSION = "excluded_for"

# What a file of refused rows has beside the columns of their file: the line, why, what stood there, and a
# mark by which a row that nobody has mended is known again.
REFUSED_COLUMNS = ("refused_line", "refused_because", "refused_row", "refused_unless_changed")

# Names that usually carry a field, most telling first, as `_plain_name` has them.
_USUAL = {
    "text": (
        "text", "comment", "comment_text", "body", "content", "message", "tweet", "messages.user",
        "prompt.user", "prompt", "kommentar", "kommentartext", "nachricht", "inhalt", "comentario", "texto",
        "mensaje", "contenido", "commentaire", "texte", "contenu",
    ),
    "label": (
        "label", "class", "gold", "category", "verdict", "is_toxic", "toxic", "messages.assistant",
        "completion.assistant", "completion", "bewertung", "einstufung", "klasse", "kategorie", "urteil",
        "etiqueta", "clase", "categoria", "etiquette", "classe", "categorie",
    ),
    "id": (
        "id", "comment_id", "external_id", "uuid", "rev_id", "kommentar_id", "kennung", "id_comentario",
        "identificador", "id_commentaire", "identifiant",
    ),
    "author": (
        "author", "user", "username", "user_id", "author_id", "channel", "autor", "verfasser", "nutzer",
        "benutzer", "nutzername", "benutzername", "autora", "usuario", "auteur", "utilisateur",
    ),
    "thread": (
        "thread", "video", "video_id", "thread_id", "post_id", "conversation_id", "beitrag", "beitrag_id",
        "strang", "hilo", "publicacion", "fil", "publication",
    ),
    "time": (
        "time", "posted_at", "timestamp", "created_at", "date", "published_at", "datum", "zeit", "zeitpunkt",
        "erstellt_am", "fecha", "horodatage",
    ),
    "split": ("split", "fold", "set"),
    "language": ("language", "lang", "sprache", "idioma", "lengua", "langue"),
    "source": (
        "source", "platform", "quelle", "plattform", "plataforma", "fuente", "plateforme", "origine",
    ),
    "annotator": (
        "annotator", "annotator_id", "worker_id", "rater", "bewerter", "annotatorin", "anotador",
        "annotateur",
    ),
    "score": ("score", "toxicity", "severity", "toxizitat", "toxicidad", "toxicite", "puntuacion"),
    "reason": ("reason", "policy", "grund", "begrundung", "motivo", "razon", "raison", "motif"),
    "votes": (EXPORTED_VOTES,),  # as an export of ours has them; elsewhere "votes" is a number
    "decision": (EXPORTED_DECISION,),
    "excluded": (EXPORTED_EXCLUSION,),
}  # fmt: skip
_SAID = ("messages.", "prompt.", "completion.")  # what stands behind these is a role
_LIKELY = re.compile(
    r"[\w.:-]{0,30}(text|comment|label|tweet|message|body|content|class|toxic|score|author|user|prompt)[\w.:-]{0,30}"
    r"|id|n|nr|index|split|date|time|lang|language|group|target|source",
    re.IGNORECASE,
)
_BETWEEN_WORDS = re.compile(r"[\s_-]+")


def guess_columns(columns: Sequence[str]) -> dict[str, str]:
    """Field to column, for the columns whose name usually carries that field."""
    by_name = {_plain_name(column): column for column in columns}
    for name in columns:  # of the objects in the cells of a column, as in data.prompt
        _, dot, key = name.strip().casefold().partition(".")
        if dot and not name.casefold().startswith(_SAID):
            by_name.setdefault(key, name)
    guesses: dict[str, str] = {}
    for field, usual in _USUAL.items():
        column = next((by_name[name] for name in usual if name in by_name), None)
        if column is not None and column not in guesses.values():
            guesses[field] = column
    return guesses


def is_usual_name(cell: str) -> bool:
    """Whether the cell is likely the name of a column, rather than what stands in one."""
    return bool(_LIKELY.fullmatch(cell.strip())) or _plain_name(cell) in _EVERY_USUAL


def _plain_name(name: str) -> str:
    """Without case, accents and the difference between a space, a hyphen and an underscore."""
    letters = unicodedata.normalize("NFD", name.strip().casefold())
    plain = "".join(letter for letter in letters if unicodedata.category(letter) != "Mn")
    return _BETWEEN_WORDS.sub("_", plain)


_EVERY_USUAL = {name for names in _USUAL.values() for name in names}
