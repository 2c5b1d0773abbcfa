"""The parts of the playground that are about verdicts: what is asked, the answers, and keeping a text."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from domain.comments import Comment, Dataset
from domain.errors import WorkbenchError
from domain.text import escape_markdown, shortened, visible
from services.curation import datasets
from services.curation.comments import get_comment
from services.curation.saved_texts import Saved, save_text
from services.modelling.playground.labelling import (
    BASE,
    MOST_MODELS,
    MOST_TEXTS,
    Choice,
    Tried,
    default_keys,
    list_choices,
    texts_of,
    try_texts,
)
from services.verbs.playground import notes_of
from ui.curation.comments import number_of
from ui.errors import show, showing_errors
from ui.frame import nothing_yet
from ui.modelling.verdicts import draw_agreement, draw_cards, draw_table, draw_why, key_of
from ui.store import database

_PARTS_OF_ANSWERS = 8  # more than the page shows below the question
_ANSWERS, _SAVED, _ERROR = "try_answers", "try_saved", "try_error"


@dataclass(frozen=True)
class _Answers:
    """What was asked last in this session, and what came."""

    dataset_id: str
    texts: tuple[str, ...]
    tried: tuple[Tried, ...]


def draw_verdicts(dataset: Dataset, asked_for: str) -> None:
    """Ask, and below it the answers; `asked_for` is the model that a link named."""
    choices = {choice.key: choice for choice in list_choices(database(), dataset.dataset_id)}
    if not choices:
        nothing_yet(
            "There is no model to try yet.", "The baseline trains in seconds.", "train", "Train a model"
        )
        return
    texts, keys = _draw_question(dataset, choices, asked_for)
    if texts:
        st.session_state.pop(_ANSWERS, None)
        _ask(dataset, texts, keys, choices)
    else:
        _draw_last(dataset)


def _draw_question(
    dataset: Dataset, choices: dict[str, Choice], asked_for: str
) -> tuple[list[str], list[str]]:
    """The form; returns texts and models when it was sent, else no texts."""
    comment = _comment_asked_for(dataset)
    about = f"{dataset.dataset_id}_{comment.comment_id if comment else ''}"
    with st.form("try_question"):
        pasted = st.text_area(
            "Comment",
            comment.body if comment else "",
            height=110,
            placeholder="Paste a comment, then press Ctrl+Enter",
            key=f"try_text_{about}",
        )
        models, lines, go = st.columns([6, 2, 1], vertical_alignment="bottom")
        keys = models.multiselect(
            "Models",
            list(choices),
            default=_proposed(choices, asked_for),
            format_func=lambda key: _title(choices[key]),
            max_selections=MOST_MODELS,
            wrap=True,
            key=f"try_models_{dataset.dataset_id}_{asked_for}",
        )
        one_per_line = lines.toggle(
            "One per line", key="try_lines", help=f"A list of up to {MOST_TEXTS} comments."
        )
        sent = go.form_submit_button("Try", type="primary", icon=":material/play_arrow:", width="stretch")
    if not sent:
        return [], []
    with showing_errors():
        return texts_of(pasted or "", one_per_line=one_per_line), keys
    return [], []


def _comment_asked_for(dataset: Dataset) -> Comment | None:
    """The comment that the URL names, with what is known of it; None where it names none of this dataset."""
    asked = st.query_params.get("comment")
    if asked is None:
        return None
    comment = get_comment(database(), number_of(asked))
    if comment.dataset_id != dataset.dataset_id:
        st.info(
            f"Comment {comment.comment_id} is in the dataset {comment.dataset_id}, not in the one in hand."
        )
        return None
    known = f"in force: {escape_markdown(comment.label)}" if comment.label else "not labelled"
    st.page_link(
        "pages/comments.py",
        label=f"Comment {comment.comment_id}, {known}",
        icon=":material/forum:",
        query_params={"dataset": dataset.dataset_id, "comment": asked},
    )
    return comment


def _proposed(choices: dict[str, Choice], asked_for: str) -> list[str]:
    """The model that a link named, with its base and the newest baseline; without one, the newest."""
    ordered = [choices[asked_for]] if asked_for in choices else []
    ordered += [choice for key, choice in choices.items() if key != asked_for]
    return default_keys(ordered)


def _title(choice: Choice) -> str:
    ends = f", ends {choice.ends_on}" if choice.ends_on else ""
    kind = f"base of {choice.key.removesuffix(BASE)}" if choice.key.endswith(BASE) else choice.key
    return f"{shortened(choice.title, 40)} · {kind}{ends}"


def _ask(dataset: Dataset, texts: Sequence[str], keys: Sequence[str], choices: dict[str, Choice]) -> None:
    """Ask all models; each answer is shown as it comes. Any press meanwhile stops it."""
    bar, stop = st.empty(), st.empty()
    stop.button("Stop", icon=":material/stop:", key="try_stop")
    cards = st.empty()
    for _ in range(_PARTS_OF_ANSWERS):  # left standing, the last verdict would be read as that of this text
        st.empty()
    come: list[Tried] = []

    def went_on(key: str, what: str) -> None:
        told = (
            f"{escape_markdown(shortened(choices[key].title, 40))}: {escape_markdown(what or 'Is at work.')}"
        )
        bar.progress(len(come) / max(len(keys), 1), told)

    def arrived(tried: Tried) -> None:
        come.append(tried)
        if len(texts) == 1:
            with cards.container():
                draw_cards(come, _labels(dataset))

    with showing_errors():
        tried = try_texts(
            database(), texts, keys, actor=st.session_state["person"], dataset_id=dataset.dataset_id,
            progress=went_on, arrived=arrived,
        )  # fmt: skip
        st.session_state[_ANSWERS] = _Answers(dataset.dataset_id, tuple(texts), tuple(tried))
    for slot in (bar, stop, cards):
        slot.empty()
    _draw_last(dataset)


def _draw_last(dataset: Dataset) -> None:
    """The answers to what was asked last on this dataset."""
    answers = st.session_state.get(_ANSWERS)
    if not isinstance(answers, _Answers) or answers.dataset_id != dataset.dataset_id:
        st.caption(
            "Whatever you paste stays here unless you save it. Texts for a model at a provider are looked at "
            "for personal data first, and leave this machine."
        )
        return
    place = 0
    if len(answers.texts) > 1:
        place = draw_table(answers.texts, answers.tried)
        with st.container(border=True):
            st.text(visible(answers.texts[place]))
    here = [one for one in answers.tried if one.said or one.error]
    draw_agreement(here, place)
    draw_cards(here, _labels(dataset), place)
    _draw_save(dataset, answers, place)
    draw_why(here, answers.texts[place], place)


def _draw_save(dataset: Dataset, answers: _Answers, place: int) -> None:
    """Keep a surprising text: it becomes a comment that waits to be labelled, or is labelled at once."""
    text, saved = st.session_state.get(_SAVED, ("", None))
    if saved is not None and (text, saved.dataset_id) == (answers.texts[place], dataset.dataset_id):
        _draw_saved(saved)
        return
    with st.container(border=True):
        words, label, button = st.columns([5, 5, 1.4], vertical_alignment="center")
        words.markdown("**Surprising? Keep it.** Say what is right, or leave that to whoever labels it.")
        names = datasets.get_label_set(database(), dataset.dataset_id).names
        right = label.pills(
            "What is right", names, format_func=escape_markdown, label_visibility="collapsed",
            key=f"try_right_{key_of(answers.texts[place])}",
        )  # fmt: skip
        told = (dataset.dataset_id, answers, place, right)
        button.button(
            "Save", icon=":material/bookmark_add:", key="try_save", width="stretch",
            on_click=_save, args=told,
        )  # fmt: skip
    if (error := st.session_state.pop(_ERROR, None)) is not None:
        show(error)


def _save(dataset_id: str, answers: _Answers, place: int, label: str | None) -> None:
    who, text = st.session_state["person"], answers.texts[place]
    notes = notes_of(answers.tried, place, who)
    try:
        saved = save_text(database(), dataset_id, text, actor=who, notes=notes, label=label)
    except WorkbenchError as error:
        st.session_state[_ERROR] = error
        return
    st.session_state[_SAVED] = (text, saved)


def _draw_saved(saved: Saved) -> None:
    state = "The dataset has it already" if saved.was_known else "Saved"
    labelled = f", labelled {escape_markdown(saved.label)}" if saved.label else ""
    waits = "" if saved.label or saved.was_known else " It waits first under Label."
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f":material/check_circle: {state}: comment {saved.comment_id}{labelled}.{waits}")
        st.page_link(
            "pages/comments.py",
            label="Look at it",
            icon=":material/forum:",
            query_params={"dataset": saved.dataset_id, "comment": str(saved.comment_id)},
        )


def _labels(dataset: Dataset) -> tuple[str, ...]:
    return datasets.get_label_set(database(), dataset.dataset_id).names
