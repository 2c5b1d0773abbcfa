"""The free mode of the playground: the same words to several chat models, each answer as it came."""

from collections.abc import Sequence

import streamlit as st

from domain.comments import Dataset
from domain.errors import NotFound
from domain.text import escape_markdown, shortened, visible
from services.modelling import models
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.hosted.providers import list_providers
from services.modelling.playground.free_chat import (
    MOST_TEMPERATURE,
    MOST_TOKENS,
    FreeAnswer,
    FreeQuestion,
    Target,
    ask_freely,
    list_chat_models,
    targets_of,
)
from services.modelling.playground.labelling import MOST_MODELS
from ui.errors import showing_errors
from ui.store import database

_ANSWERS = "try_free_answers"


def is_free_text(model_id: str) -> bool:
    """Whether it is a model that writes free text and gives no labels."""
    try:
        return not models.get_model(database(), model_id).labels
    except NotFound:
        return False


def draw_free_text(dataset: Dataset, asked_for: str) -> None:
    """Ask, and below it the answers beside each other; `asked_for` is the model that a link named."""
    if dataset.may_hold_child_data:
        st.warning(
            f"The comments of {dataset.dataset_id} may hold data of children: nothing is sent to a provider "
            "while it is in hand.",
            icon=":material/child_care:",
        )
        return
    ours = list_chat_models(database(), dataset.dataset_id)
    with st.container(border=True):
        targets, prompt = _pick_models(dataset, ours, asked_for)
        question = _draw_question(prompt, key=f"{dataset.dataset_id}_{targets[0].model if targets else ''}")
    if question is not None:
        _ask(dataset, question, targets)
    for answers in st.session_state.get(_ANSWERS, {}).get(dataset.dataset_id, []):
        _draw_answers(answers)


def _pick_models(dataset: Dataset, ours: dict[str, str], asked_for: str) -> tuple[list[Target], str]:
    """Which models are asked, and the system text that the one begun with was trained with."""
    begin, where, which = st.columns([3, 2, 5])
    options = ["", *ours]
    first = asked_for if asked_for in ours else (options[1] if ours else "")
    chosen = begin.selectbox(
        "Begin with",
        options,
        index=options.index(first),
        format_func=lambda name: f"{shortened(ours[name], 40)} · {name}" if name else "any model",
        key=f"try_begin_{dataset.dataset_id}_{asked_for}",
    )
    known, prompt = targets_of(database(), chosen) if chosen else ([], "")
    providers = list(list_providers(database().home))
    index = providers.index(known[0].provider) if known and known[0].provider in providers else 0
    provider = where.selectbox("Provider", providers, index=index, key=f"try_provider_{chosen}")
    names = [target.model for target in known]
    table = [one.name for one in hosted_models(database().home).models]
    picked = which.multiselect(
        "Models",
        list(dict.fromkeys([*names, *table])),
        default=names,
        max_selections=MOST_MODELS,
        wrap=True,
        accept_new_options=True,
        placeholder="Pick, or type a name as the provider knows it",
        key=f"try_chat_models_{chosen}",
    )
    return [Target(provider, name, dataset.dataset_id if name in names else None) for name in picked], prompt


def _draw_question(prompt: str, *, key: str) -> FreeQuestion | None:
    """The form; the question when it was sent."""
    with st.form("try_free", border=False):
        system, user = st.columns(2)
        told = system.text_area(
            "System text", prompt, height=160, placeholder="What the model is told first; may be empty.",
            key=f"try_system_{key}",
        )  # fmt: skip
        asked = user.text_area(
            "User text", height=160, placeholder="What it is to answer, then Ctrl+Enter", key="try_user"
        )
        heat, most, go = st.columns([4, 4, 2], vertical_alignment="bottom")
        temperature = heat.slider("Temperature", 0.0, MOST_TEMPERATURE, 0.0, 0.1, key="try_temperature")
        tokens = most.number_input("Tokens at most", 1, MOST_TOKENS, 256, 16, key="try_tokens")
        sent = go.form_submit_button("Ask", type="primary", icon=":material/play_arrow:", width="stretch")
    if sent:
        with showing_errors():
            return FreeQuestion(asked or "", told or "", float(temperature), int(tokens))
    return None


def _ask(dataset: Dataset, question: FreeQuestion, targets: Sequence[Target]) -> None:
    bar, stop = st.empty(), st.empty()
    stop.button("Stop", icon=":material/stop:", key="try_free_stop")

    def went_on(target: Target, what: str) -> None:
        bar.progress(0.0, f"{escape_markdown(target.model)}: {escape_markdown(what or 'writes.')}")

    with showing_errors():
        answers = ask_freely(
            database(), question, targets, actor=st.session_state["person"], dataset_id=dataset.dataset_id,
            progress=went_on,
        )  # fmt: skip
        st.session_state[_ANSWERS] = {dataset.dataset_id: [answers]}
    bar.empty()
    stop.empty()


def _draw_answers(answers: Sequence[FreeAnswer]) -> None:
    for column, one in zip(st.columns(len(answers)), answers, strict=True):
        with column.container(border=True, height="stretch"):
            st.caption(f"{escape_markdown(one.target.model)} · {escape_markdown(one.target.provider)}")
            if one.error:
                st.markdown(f"**No answer.** {escape_markdown(one.error)}")
                st.caption(escape_markdown(one.hint))
                continue
            if one.refusal:
                st.markdown(":orange-badge[Refused]")
            st.text(visible(one.refusal or one.text or "") or "(empty)")
            st.caption(_facts(one))


def _facts(one: FreeAnswer) -> str:
    facts = [
        "" if one.tokens_in is None else f"{one.tokens_in:,} + {one.tokens_out or 0:,} tokens",
        "" if one.latency_ms is None else f"{one.latency_ms:,.0f} ms",
        "" if one.cost_usd is None else rf"\${one.cost_usd:.6f}",
        "cut off: it had no more tokens" if one.finish_reason == "length" else "",
        escape_markdown(one.note),
    ]
    return " · ".join(filter(None, facts))
