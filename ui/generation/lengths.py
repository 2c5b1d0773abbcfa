"""How long pairs are in a base model's tokens, on the Generate page before anything is started."""

from typing import Any

import streamlit as st

from domain.errors import NotFound
from domain.pairs import PairSet
from domain.text import escape_markdown, with_hint
from services.generation.lengths import pair_lengths
from services.generation.settings import BASE_SOURCE, BASE_TARGET
from services.modelling.tokens.length_counts import PairLengths, bins_of, lengths_told
from ui.errors import showing_errors
from ui.store import database
from ui.tokens.token_figures import draw_histogram


def draw_lengths(kept: PairSet, chosen: dict[str, Any]) -> None:
    """The distribution of both sides with their limits, and how many would be cut; counted on demand."""
    with (
        st.expander(
            "How long the texts are in tokens", icon=":material/straighten:", on_change="rerun",
            key=f"generation_lengths_{kept.pair_set_id}",
        ) as part,
        showing_errors(),
    ):  # fmt: skip
        if part.open:
            limits = {
                "max_source": int(chosen["max_source"] or BASE_SOURCE),
                "max_target": int(chosen["max_target"] or BASE_TARGET),
            }
            asked = (chosen["base_model"], chosen["base_revision"], chosen["prompt"], bool(chosen["clean"]))
            try:
                found = _counted(kept.pair_set_id, *asked)
            except NotFound as error:  # most models are not here before their first training
                st.caption(escape_markdown(with_hint(str(error), error.hint)))
                return
            st.caption(lengths_told(found, **limits))
            sides = (("sources", found.sources, "max_source"), ("targets", found.targets, "max_target"))
            for (name, lengths, limit), place in zip(sides, st.columns(2), strict=True):
                with place:
                    draw_histogram(
                        bins_of(lengths), limit=limits[limit], limit_name="cut at",
                        title=f"Tokens of {name}",
                    )  # fmt: skip


@st.cache_data(max_entries=16, show_spinner="Counts tokens")
def _counted(
    pair_set_id: str, base: str, revision: str | None, prompt: str | None, clean: bool
) -> PairLengths:
    return pair_lengths(database(), pair_set_id, base=base, revision=revision, prompt=prompt, clean=clean)
