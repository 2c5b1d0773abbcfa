"""How the desk is set, for a lead; and what a person has behind them and is spared, for that person alone."""

import streamlit as st

from domain.comments import Dataset
from domain.desk import MOST_STEPS, DeskSettings
from domain.text import escape_markdown, shortened
from services.curation import datasets
from services.labelling import care
from services.modelling.models import list_models
from ui.errors import showing_errors
from ui.store import database

_NAMED = 5


def draw_desk_settings(dataset: Dataset, who: str) -> None:
    """The person's day and what they are spared; below, what is set for everybody."""
    labels = datasets.get_label_set(database(), dataset.dataset_id).names
    today = care.exposure(database(), dataset.dataset_id, actor=who)
    st.caption(f"You today: {today.comments:,} comments, {today.severe:,} of them severe. Only you see this.")
    spared = st.multiselect(
        "Spare me comments foreseen as",
        labels,
        default=care.spared(database(), dataset.dataset_id, actor=who),
        placeholder="nothing",
        key=f"desk_spared_{dataset.dataset_id}",
        help="Others get them. It changes no figure about you, and nobody is told.",
    )
    if st.button("Spare me these", key="desk_spare", icon=":material/spa:"):
        with showing_errors():
            care.spare(database(), dataset.dataset_id, spared, actor=who)
            st.rerun()
    with st.expander("For everybody at this desk"):
        _draw_form(dataset, labels, who)


def _draw_form(dataset: Dataset, labels: tuple[str, ...], who: str) -> None:
    now = care.desk_settings(database(), dataset.dataset_id)
    models = {model.model_id: model.name for model in list_models(database(), dataset.dataset_id)}
    with st.form("desk_form", border=False):
        severity = st.number_input(
            "How bad, in steps up to",
            0,
            MOST_STEPS,
            now.severity,
            key="desk_severity",
            help="0 asks nothing.",
        )
        severe = st.multiselect("Hard to read", labels, default=now.severe, key="desk_severe")
        model = st.selectbox(
            "Foreseen by", list(models), key="desk_model", placeholder="labels, those of the file included",
            index=list(models).index(now.model_id) if now.model_id in models else None,
            format_func=lambda each: f"{models[each]} ({each})",
        )  # fmt: skip
        veils = st.checkbox(
            "Veil them until a key",
            now.veils,
            key="desk_veils",
            help="In a blind queue every comment is veiled, so that a veil tells nothing.",
        )
        one, two = st.columns(2)
        most = one.number_input("Severe ones a day", 0, value=now.most_severe, help="0 is no limit.")
        every = two.number_input("Comments a day", 0, value=now.most_comments, help="0 is no limit.")
        work = one.number_input("Minutes before a break", 0, value=now.work_min, help="0 is no break.")
        pause = two.number_input("Minutes of a break", 1, value=now.break_min)
        calm = st.number_input("At most one severe comment in", 0, value=now.calm, help="0 mixes nothing in.")
        words = st.text_area("Words to mask on request, one a line", "\n".join(now.masked), key="desk_masked")
        help_text = st.text_input("Whom to talk to", now.help_text, max_chars=care.MAX_HELP)
        st.caption(
            "This lessens what people are exposed to. It does not claim to protect them from what they read."
        )
        go = st.form_submit_button("Set it", type="primary")
    if go:
        with showing_errors():
            settings = DeskSettings(
                severity=int(severity), severe=tuple(severe), model_id=model, veils=veils,
                most_severe=int(most), most_comments=int(every), work_min=int(work), break_min=int(pause),
                calm=int(calm), masked=tuple(words.splitlines()), help_text=help_text,
            )  # fmt: skip
            others = care.others_at(database(), dataset.dataset_id, actor=who)
            if others:
                st.session_state["desk_asks"] = settings
            else:
                care.set_desk(database(), dataset.dataset_id, settings, actor=who)
                st.rerun()
    asked = st.session_state.get("desk_asks")
    if isinstance(asked, DeskSettings):
        _ask(dataset, asked, who)


def _ask(dataset: Dataset, settings: DeskSettings, who: str) -> None:
    """Whether it is meant for the others too, before it is."""
    others = care.others_at(database(), dataset.dataset_id, actor=who)
    named = ", ".join(escape_markdown(shortened(name, 40)) for name in others[:_NAMED])
    named += f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
    people = "1 other person" if len(others) == 1 else f"{len(others):,} other people"
    st.warning(f"This changes the desk for {people}: {named}.", icon=":material/group:")
    yes, no = st.columns(2)
    if yes.button("Set it for everybody", type="primary", key="desk_yes", width="stretch"):
        with showing_errors():
            care.set_desk(database(), dataset.dataset_id, settings, actor=who)
            del st.session_state["desk_asks"]
            st.rerun()
    if no.button("Leave it as it was", key="desk_no", width="stretch"):
        del st.session_state["desk_asks"]
        st.rerun()
