"""The review of one miss: what is shown of it, and the verdict that a key or a button gives."""

from uuid import uuid4

import streamlit as st

from domain.errors import WorkbenchError
from domain.labels import NONE_OF_THEM, SEPARATOR, labels_in
from domain.models import Run
from domain.text import escape_markdown, shortened, visible
from services.curation import datasets
from services.curation.comments import history
from services.evaluation.confusion import ConfusionTable
from services.evaluation.reviews import MAX_WHY_LENGTH, VERDICTS, Miss, review
from services.labelling.guideline_examples import guideline_for_people
from services.modelling.models import get_model
from ui.charts import label_title, score_bars
from ui.curation.comments import draw_body, draw_try_link
from ui.errors import show, showing_errors
from ui.focus import focus_on
from ui.labelling.guideline_examples import draw_example_button
from ui.links import put
from ui.modelling.verdicts import draw_reasons
from ui.store import database
from ui.times import when

_PANE_PX = 340
_MOST_KINDS = 4  # with more labels the pickers are the better way
ONE_BY_ONE, SIMILAR = "One by one", "Similar misses"
_PARTS = [ONE_BY_ONE, "Blind reading", SIMILAR, "Causes"]
_MEANING = {
    "model wrong": "The label is right. The model is to learn it.",
    "label wrong": "Another label is put in force, with your name and reason.",
    "guideline unclear": "Two careful people could differ. The guideline is to say more.",
    "context missing": "With the video, thread or picture before it, it could be decided.",
    "cannot be judged": "Nobody could tell, whatever was known.",
}


def draw_miss(miss: Miss) -> None:
    """The comment, and beside it what people and the model said of it."""
    words, said = st.columns([3, 2])
    with words, st.container(height=_PANE_PX, border=False):  # of one height: the buttons below stay in place
        draw_body(miss.comment)
        with st.container(horizontal=True):
            draw_try_link(miss.comment)
            label = miss.comment.label or miss.gold
            draw_example_button(miss.comment.dataset_id, miss.comment.comment_id, label=label)
        if miss.review:
            st.info(_told(miss), icon=":material/rate_review:")
            if miss.review.label and miss.comment.label_from == "adjudicated":
                st.caption("Another verdict takes this decision back.")
    with said, st.container(height=_PANE_PX, border=False):
        frozen, predicted = st.columns(2)
        frozen.metric("Frozen label", escape_markdown(label_title(miss.gold)), border=True)
        predicted.metric("Predicted", escape_markdown(label_title(miss.predicted)), border=True)
        if miss.comment.label and miss.comment.label != miss.gold:
            st.caption(
                f"In force now: **{escape_markdown(miss.comment.label)}** ({miss.comment.label_from}), which"
                " the next snapshot freezes."
            )
        if miss.scores:
            st.altair_chart(score_bars(miss.scores, gold=miss.gold), alt="Scores of the model, highest first")
        else:
            st.caption("The model gave no scores.")
        _draw_votes(miss)


def draw_verdicts(run: Run, miss: Miss, labels: tuple[str, ...], who: str) -> None:
    """The five verdicts, keys 1 to 5; "label wrong" asks which label and why."""
    number = miss.comment.comment_id
    client_id = _client_id(number)
    for place, (column, verdict) in enumerate(zip(st.columns(len(VERDICTS)), VERDICTS, strict=True)):
        column.button(
            verdict.capitalize(),
            shortcut=str(place + 1),
            key=f"review_{verdict}_{number}",
            help=_MEANING[verdict],
            width="stretch",
            on_click=_press,
            args=(run, number, verdict, client_id, who),
        )
    if st.session_state.get("review_asks") == number:
        _draw_label_form(run, miss, labels, client_id, who)


def decide(
    run: Run,
    comment_id: int,
    verdict: str,
    client_id: str,
    who: str,
    *,
    label: str | None = None,
    why: str = "",
) -> None:
    """Write the verdict and let the next miss come; what the service refuses is shown on the page."""
    try:
        review(
            database(),
            run_id=run.run_id,
            comment_id=comment_id,
            verdict=verdict,
            label=label,
            why=why,
            client_id=client_id,
            actor=who,
        )
    except WorkbenchError as error:
        st.session_state["review_error"] = error
        return
    st.session_state["review_last"] = (run.run_id, comment_id, verdict)
    for key in ("review_asks", "review_client"):
        st.session_state.pop(key, None)
    put("comment", "")


def draw_last(run: Run) -> None:
    """What was just decided, with the way back to it; and what was refused."""
    error = st.session_state.pop("review_error", None)
    if isinstance(error, WorkbenchError):
        show(error)
    run_id, number, verdict = st.session_state.get("review_last", ("", 0, ""))
    if run_id == run.run_id and st.query_params.get("comment") != str(number):
        st.button(
            f"Saved: comment {number}, {verdict}. Look again",
            icon=":material/undo:",
            type="tertiary",
            shortcut="U",
            key="review_again",
            on_click=open_comment,
            args=(number,),
        )


def open_comment(comment_id: int) -> None:
    """Show this comment, whether it was reviewed or not."""
    st.session_state["part"] = ONE_BY_ONE
    put("comment", str(comment_id))


def pick_part() -> str:
    """The part of the page that is open; the URL names it."""
    part = st.segmented_control(
        "Part of the review",
        _PARTS,
        key="part",
        bind="query-params",
        default=None if "part" in st.session_state else ONE_BY_ONE,  # a row of a group may have set it
        required=True,
        label_visibility="collapsed",
    )
    return part or ONE_BY_ONE


def draw_kinds(table: object) -> None:
    """How many comments of each label were missed and how many were wrongly given it; each opens them."""
    if not isinstance(table, ConfusionTable) or len(table.labels) > _MOST_KINDS:
        return

    def ask(gold: str, predicted: str) -> None:
        put("gold", gold)
        put("predicted", predicted)
        put("comment", "")

    with st.container(horizontal=True, gap="small"):
        for label in table.labels:
            name = escape_markdown(shortened(label, 30))
            for words, cell in ((f"{name} missed", (label, "")), (f"wrongly {name}", ("", label))):
                count = table.count(*cell, misses_only=True)
                st.button(
                    f"{count:,} {words}",
                    type="tertiary",
                    disabled=not count,
                    key=f"review_kind_{'_'.join(cell)}",
                    on_click=ask,
                    args=cell,
                )


def draw_reasons_of(run: Run, miss: Miss) -> None:
    """On request: the words that decided, and the nearest comments that the model had learned from."""
    if get_model(database(), run.model_id).backend == "imported":
        return
    if st.toggle("Why the model said so", key="review_reasons", persist_state="session"):
        with showing_errors():
            draw_reasons(run.model_id, miss.comment.body, miss.predicted)


def _draw_label_form(run: Run, miss: Miss, labels: tuple[str, ...], client_id: str, who: str) -> None:
    others = [label for label in labels if label != miss.gold or miss.is_overruled]
    default: str | tuple[str, ...] | None = others[0] if len(others) == 1 else None
    if run.several:
        others, default = [*labels, NONE_OF_THEM], labels_in(miss.gold) or (NONE_OF_THEM,)
    number = miss.comment.comment_id

    def send() -> None:
        label, why = st.session_state[f"review_label_{number}"], st.session_state[f"review_why_{number}"]
        if run.several:
            label = SEPARATOR.join(label)
        decide(run, number, "label wrong", client_id, who, label=label, why=why)

    with st.form(f"review_form_{number}"):
        st.segmented_control(
            "The right labels" if run.several else "The right label",
            others,
            selection_mode="multi" if run.several else "single",
            default=default,
            format_func=lambda label: escape_markdown(shortened(label, 60)),
            key=f"review_label_{number}",
        )
        st.text_input(
            "Why this label is right" if miss.is_overruled else "Why the frozen label is wrong",
            key=f"review_why_{number}",
            max_chars=MAX_WHY_LENGTH,
            placeholder="A few words; Enter saves",
        )
        st.form_submit_button("Put this label in force", type="primary", on_click=send)
    focus_on(f"review_why_{number}")


def _draw_votes(miss: Miss) -> None:
    votes = [vote for vote in history(database(), miss.comment.comment_id).votes if vote.kind != "undo"]
    for vote in votes:
        st.text(f"{visible(vote.annotator)}: {label_title(vote.label or vote.kind)}")
    if not votes:
        st.caption("Nobody has voted on it.")


def _told(miss: Miss) -> str:
    """The newest review of the miss, as Markdown."""
    assert miss.review is not None
    given = miss.review
    label = f" → {escape_markdown(given.label)}" if given.label else ""
    why = f"  \n{escape_markdown(given.why)}" if given.why else ""
    return f"**{given.verdict}**{label}, {escape_markdown(given.created_by)}, {when(given.created_at)}{why}"


def _press(run: Run, comment_id: int, verdict: str, client_id: str, who: str) -> None:
    if verdict == "label wrong":
        st.session_state["review_asks"] = comment_id
    else:
        decide(run, comment_id, verdict, client_id, who)


def _client_id(comment_id: int) -> str:
    """One id for all presses on the buttons of the comment that is shown, so that two presses count once."""
    held = st.session_state.get("review_client")
    if not held or held[0] != comment_id:
        held = (comment_id, f"review:{uuid4()}")
        st.session_state["review_client"] = held
    return str(held[1])


def draw_guideline(dataset_id: str) -> None:
    """The guideline in force, as plain text, one click away from the verdict."""
    guideline = guideline_for_people(database(), dataset_id)
    if guideline:
        newest = datasets.find_guideline(database(), dataset_id)
        with st.expander(f"Guideline v{newest[0] if newest else 0}", icon=":material/menu_book:"):
            st.text(visible(guideline))
