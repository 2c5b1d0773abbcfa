"""Links to what a job worked on and a model learned from: a snapshot, kept examples, or a job elsewhere."""

import streamlit as st

from domain.text import escape_markdown


def draw_origin(source_id: str, dataset_id: str, *, label: str) -> None:
    """A link to it; words alone where it was made elsewhere.

    Args:
        source_id: What a job or a model names as its snapshot.
        dataset_id: Whose it is.
        label: What comes before the name, such as "Learned from".
    """
    kind = source_id.partition("-")[0]
    if kind == "snapshot":
        page, icon, asked = "snapshots", "photo_camera", {"snapshot": source_id}
    elif kind == "examples":
        page, icon, asked = "tokens", "forum", {"tokens_of": "A file", "examples": source_id}
    elif kind == "pairs":
        page, icon, asked = "generation", "edit_note", {"pairs": source_id}
    elif kind == "asked":
        st.caption(f":material/chat: {label} comments outside of a snapshot")
        return
    elif kind == "suite":
        st.caption(f":material/rule: {label} {escape_markdown(source_id)}, a suite of test cases")
        return
    else:
        st.caption(f":material/cloud: {label} {escape_markdown(source_id)}, a job found at a provider")
        return
    st.page_link(
        f"pages/{page}.py",
        label=f"{label} {source_id}",
        icon=f":material/{icon}:",
        query_params={"dataset": dataset_id, **asked},
    )
