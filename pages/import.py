"""Import: a file becomes comments; what cannot go in is listed row by row."""

import pandas as pd
import streamlit as st

from domain.text import escape_markdown, visible
from services.curation import datasets, importing
from ui.errors import showing_errors
from ui.importing import (
    LARGEST_PREVIEW,
    choose_columns,
    choose_dataset,
    choose_labels,
    draw_findings,
    held_file,
    run_import,
)
from ui.store import database

uploaded = st.file_uploader("A file of comments", type=["csv", "tsv", "txt", "jsonl", "ndjson", "parquet"], key="import_file")
if uploaded is None:
    st.caption("CSV, TSV, JSONL or Parquet, UTF-8 or UTF-16. Nothing leaves this machine, and nothing is dropped silently.")
else:
    with showing_errors():
        path, look = held_file(uploaded)
        st.markdown(
            f"**{escape_markdown(uploaded.name)}** · {look.file_format.upper()}, {look.encoding}, "
            f"{len(look.columns)} columns, {look.bytes:,} bytes"
        )
        st.dataframe(
            pd.DataFrame([{visible(k): visible(v or "") for k, v in row.items()} for row in look.rows]),
            hide_index=True,
            height=220,
            alt=f"The first {LARGEST_PREVIEW} rows of the file",
        )
        draw_findings(look.findings, "Rows among these that will be refused")
        columns = choose_columns(look)
        target = choose_dataset([d.dataset_id for d in datasets.list_datasets(database())], uploaded.name)
        label_map, labels = choose_labels(look, columns, target)
        if st.button("Import", type="primary", icon=":material/upload_file:", key="import_go", disabled="text" not in columns):
            run_import(path, uploaded.name, target, columns=columns, label_map=label_map, labels=labels)
