"""The parts of the Train page: recipe, settings, and the command that repeats them."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import Field, asdict, fields
from typing import Any, get_args

import streamlit as st

from domain.text import escape_markdown
from services.curation.snapshots import Snapshot
from services.modelling.recipes import CLASS_WEIGHTS, RECIPES, SETTINGS, Recipe, settings_of, unused_settings
from services.modelling.settings import PERSONAL_DATA, PRECISIONS, STRUCTURED

_CHOICES: dict[str, tuple[str | None, ...]] = {
    "class_weight": CLASS_WEIGHTS,
    "precision": PRECISIONS,
    "personal_data": PERSONAL_DATA,
    "structured": STRUCTURED,
}
_LABELS = {"cost_cap_usd": "Cost cap, USD", "poll_s": "Seconds between looks"}
_MEANING = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)
_SETTINGS_IN_A_ROW = 3


def describe_rows(snapshot: Snapshot) -> str:
    """What a model learns from and answers, as a sentence in Markdown."""
    counts = snapshot.manifest["counts"]
    of_train = snapshot.label_counts["train"]
    train = " · ".join(f"{escape_markdown(label)} {n:,}" for label, n in of_train.items())
    learned, validation, test = (sum(counts[split].values()) for split in ("train", "validation", "test"))
    return (
        f"Learns from {learned:,} comments ({train or 'none'}), then answers {validation:,} of validation "
        f"and {test:,} of test."
    )


def choose_recipe() -> Recipe:
    """The recipe, each with what it does."""
    name = st.radio(
        "Recipe",
        list(RECIPES),
        format_func=lambda name: f"**{RECIPES[name].title}**",
        captions=[recipe.what for recipe in RECIPES.values()],
        key="train_recipe",
    )
    return RECIPES[name]


def choose_settings(recipe: Recipe, elsewhere: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were changed; everything else stays as the recipe has it.

    What the recipe does not use is not offered; the command line takes it.

    Args:
        elsewhere: Settings that were chosen before, and are not offered again.
    """
    defaults, said = asdict(settings_of(recipe)), meanings(SETTINGS[recipe.kind])
    chosen = dict(elsewhere)
    not_offered = unused_settings(recipe).union(elsewhere)
    given = [one for one in fields(SETTINGS[recipe.kind]) if one.name not in not_offered]
    for first in range(0, len(given), _SETTINGS_IN_A_ROW):
        row = given[first : first + _SETTINGS_IN_A_ROW]
        for setting, place in zip(row, st.columns(_SETTINGS_IN_A_ROW, gap="medium"), strict=False):
            with place:
                key = f"train_{recipe.name}_{setting.name}"
                chosen[setting.name] = _choose(setting, defaults[setting.name], key)
                st.caption(escape_markdown(said.get(setting.name, "")))
    return {name: value for name, value in chosen.items() if value != defaults[name]}


def fill_in(recipe: str, settings: Mapping[str, Any]) -> None:
    """Put these settings into the widgets of the Train page, which has to be opened next."""
    st.session_state["train_recipe"] = recipe
    for one in fields(SETTINGS[RECIPES[recipe].kind]):
        if one.name in settings:
            given, kinds = settings[one.name], get_args(one.type) or (one.type,)
            if one.name in _CHOICES:
                given = str(given)
            elif str in kinds:
                given = given or ""
            elif float in kinds and given is not None:
                given = float(given)
            st.session_state[f"train_{recipe}_{one.name}"] = given


def meanings(settings: type) -> dict[str, str]:
    """What each setting does, from the docstrings of its class and of those that it builds on."""
    found: dict[str, str] = {}
    for part in reversed(settings.__mro__[:-1]):
        told = inspect.cleandoc(part.__doc__ or "").partition("Attributes:")[2].partition("\n\n")[0]
        found |= {name: " ".join(meaning.split()) for name, meaning in _MEANING.findall(told)}
    return found


def _choose(setting: "Field[Any]", default: Any, key: str) -> object:
    """One setting as the widget that its type asks for; its limits are the service's to check."""
    label = _LABELS.get(setting.name) or setting.name.replace("_", " ").capitalize()
    kinds = get_args(setting.type) or (setting.type,)
    if setting.name in _CHOICES:
        # As text: a select box takes the option None for "nothing chosen".
        choices = {str(choice): choice for choice in _CHOICES[setting.name]}
        return choices[st.selectbox(label, list(choices), list(choices).index(str(default)), key=key)]
    if bool in kinds:
        return st.toggle(label, default, key=key)
    if int in kinds:
        return st.number_input(label, value=default, step=1, placeholder="automatic", key=key)
    if float in kinds:
        return st.number_input(label, value=float(default), step=default / 2 or 0.1, format="%g", key=key)
    return st.text_input(label, default or "", placeholder="none", key=key) or None
