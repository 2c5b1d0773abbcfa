"""Named queues on the Label page: choose one, make one, see how far it is."""

import streamlit as st

from domain.comments import Dataset
from domain.queues import QUEUE_ORDERS, Queue, QueueSettings
from domain.splits import SPLITS
from domain.text import escape_markdown, shortened, visible
from services.curation import datasets
from services.evaluation.saved_slices import list_saved_slices
from services.labelling import queues
from services.labelling.annotators import list_annotators
from services.labelling.learning import last_learned
from services.labelling.suggestions import SuggestionEffect, effect_of_suggestions
from services.modelling.models import list_models
from ui.errors import showing_errors
from ui.figures import in_brackets
from ui.focus import focus_on
from ui.labelling.desk_settings import draw_desk_settings
from ui.links import pick, put
from ui.store import database

ORDER_TITLES = {
    "oldest": "Oldest first",
    "random": "Random",
    "diverse": "Most diverse: of every kind first",
    "learning": "Learning: what helps a baseline most",
    "uncertain": "Least sure of a model first",
    "disagreed": "People disagree",
    "suspected": "Suspected wrong labels",
    "stale": "Labelled under an older guideline",
}
_ANY = "Whatever waits"


def pick_queue(dataset: Dataset, who: str) -> Queue | None:
    """The queue in hand, kept in the URL; None for whatever waits in the dataset."""
    found = {queue.queue_id: queue for queue in queues.list_queues(database(), dataset.dataset_id, actor=who)}
    # Of a key of its own, so that the window is a closed one once it has made its queue.
    made = int(st.session_state.get("queue_made", 0))
    if st.session_state.pop("queue_is_made", False):
        st.session_state["queue_name"] = ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = pick(
            "Queue", ["", *found], key="queue", shown=lambda each: titled(found[each]) if each else _ANY
        )
        queue = found.get(name)
        about = st.popover("About it", icon=":material/info:", disabled=queue is None)
        window = st.popover(
            "New queue", icon=":material/playlist_add:", on_change="rerun", key=f"queue_new_{made}"
        )
        desk = st.popover("Desk", icon=":material/tune:")
    with about:
        if queue is not None:
            _draw_about(queue, who)
    with window:
        _draw_form(dataset, who)
        if window.open:
            focus_on("queue_name")
    with desk:
        draw_desk_settings(dataset, who)
    return queue


def titled(queue: Queue) -> str:
    """A queue in a list."""
    return f"{visible(queue.name)} · {ORDER_TITLES[queue.settings.order]}"


def draw_late(late: list[int]) -> None:
    """Why an answer may seem to have come twice."""
    if late:
        named = ", ".join(map(str, late[-5:])) + (" …" if len(late) > 5 else "")
        st.info(
            f"You answered comment {named} after your ten minutes with it were over and somebody else had got"
            " it. Your answer is kept and counts beside theirs.",
            icon=":material/schedule:",
        )


def _draw_about(queue: Queue, who: str) -> None:
    told = queues.count_queue(database(), queue.queue_id, actor=who)
    settings = queue.settings
    st.markdown(f"**{escape_markdown(shortened(queue.name, 60))}**")
    st.caption(
        f"{ORDER_TITLES[settings.order]}. {told.finished:,} of {told.comments:,} comments have the"
        f" {settings.votes_needed} label(s) they need; {told.waiting:,} wait for you."
    )
    people = ", ".join(settings.people) or "everybody"
    st.caption(
        escape_markdown(
            f"For {people}. {'Blind' if settings.is_blind else 'Shows the label in force'}."
            f" Made by {queue.created_by}."
        )
    )
    for check in queues.list_checks(database(), queue.queue_id, actor=who):
        kind = "Decided comments answered alike" if check.kind == "golden" else "Repeats answered alike"
        st.caption(f"{kind}, {escape_markdown(check.annotator)}: {in_brackets(check.as_expected)}")
    if (learned := last_learned(database(), queue.queue_id)) is not None:
        st.caption(escape_markdown(f"It learns: {learned.sentence}. {learned.advice}"))
    if settings.suggest_by is not None:
        _draw_suggestions(effect_of_suggestions(database(), queue.queue_id))
    if st.button("Close this queue", icon=":material/block:", key=f"queue_close_{queue.queue_id}"):
        with showing_errors():
            queues.close_queue(database(), queue.queue_id, actor=who)
            st.rerun()


def _draw_suggestions(found: SuggestionEffect) -> None:
    if found.accepted is None:
        st.caption("Suggestions: none was answered yet.")
        return
    changed = found.accepted.n - found.accepted.successes
    st.caption(
        f"Suggestions followed where shown: {in_brackets(found.accepted)}, n = {found.accepted.n:,};"
        f" {changed:,} changed. Where withheld, people say the same in {in_brackets(found.unseen)}."
    )
    if found.anchoring is not None:
        st.caption(
            f"Anchoring, the difference: {in_brackets(found.anchoring)}. Above 0, showing it moves labels."
        )


def _draw_form(dataset: Dataset, who: str) -> None:
    labels = datasets.get_label_set(database(), dataset.dataset_id).names
    models = {model.model_id: model.name for model in list_models(database(), dataset.dataset_id)}
    with st.form("queue_form", border=False, clear_on_submit=False):
        name = st.text_input("Name", max_chars=queues.MAX_NAME, key="queue_name")
        # Not a box that opens: after a choice there the next Tab would leave the window.
        order = st.radio("Order", QUEUE_ORDERS, format_func=ORDER_TITLES.__getitem__, key="queue_order")
        blind = st.checkbox("Blind: no author, label or score is shown", value=True, key="queue_blind")
        st.caption("Enter in the name makes it. The rest can stay as it is.")
        with st.expander("Who, how many, which comments, and what is mixed in"):
            model = st.selectbox(
                "Model",
                list(models),
                index=None,
                format_func=lambda each: f"{visible(models[each])} ({each})",
                placeholder="whose uncertainty, for that order",
                key="queue_model",
            )
            votes, most = st.columns(2)
            needed = votes.number_input("Labels per comment", 1, 9, dataset.votes_needed, key="queue_votes")
            limit = most.number_input("Comments at most", 0, value=0, help="0 is all.", key="queue_most")
            people = st.multiselect(
                "Who may take it",
                [each.annotator for each in list_annotators(database(), dataset.dataset_id)],
                placeholder="everybody",
                accept_new_options=True,
                key="queue_people",
            )
            contains = st.text_input("Only with these words", max_chars=200, key="queue_contains")
            only, part = st.columns(2)
            label = only.selectbox("Only labelled", labels, index=None, placeholder="any", key="queue_label")
            split = part.selectbox("Only of split", SPLITS, index=None, placeholder="any", key="queue_split")
            saved = [each.name for each in list_saved_slices(database(), dataset.dataset_id)]
            piece = st.selectbox(
                "Only of the saved slice", saved, index=None, placeholder="any", key="queue_slice"
            )
            once = st.checkbox("Of texts that are alike, one", key="queue_once")
            dealt = st.checkbox(
                "Deal the comments out to those named",
                key="queue_assigned",
                help="Else whoever comes takes one.",
            )
            suggest = st.selectbox(
                "Suggestions by",
                list(models),
                index=None,
                format_func=lambda each: f"{visible(models[each])} ({each})",
                placeholder="nobody; never in a blind queue",
                key="queue_suggest",
            )
            again = st.checkbox(
                "Label again: labels given before do not count",
                key="queue_again",
                help="Always so where the order is about labels that there are.",
            )
            golden, repeat = st.columns(2)
            gold = golden.slider(
                "Decided comments, %", 0, 50, 0, step=5, key="queue_golden",
                help="Mixed in unseen: how often is the decision met?",
            )  # fmt: skip
            again_share = repeat.slider(
                "Repeats, %", 0, 50, 0, step=5, key="queue_repeat",
                help="Texts that the person has answered before, mixed in unseen.",
            )  # fmt: skip
        go = st.form_submit_button("Make it", type="primary", icon=":material/playlist_add:")
    if go:
        settings = QueueSettings(
            order=order, votes_needed=int(needed), again=again, people=tuple(people), is_blind=blind,
            golden_share=gold / 100, repeat_share=again_share / 100, model_id=model, contains=contains or "",
            label=label, split=split, most=int(limit), assigned=dealt, slice_name=piece, once_per_text=once,
            suggest_by=suggest,
        )  # fmt: skip
        with showing_errors():
            queue = queues.create_queue(database(), dataset.dataset_id, name or "", settings, actor=who)
            put("queue", queue.queue_id)
            st.session_state["queue_is_made"] = True
            st.session_state["queue_made"] = int(st.session_state.get("queue_made", 0)) + 1
            st.rerun()
