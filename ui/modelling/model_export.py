"""The export of a model as a folder, from the Models page."""

import streamlit as st

from domain.models import Model
from services.release.model_folder import ExportedModel, export_model
from ui.errors import showing_errors
from ui.store import database

_KINDS = ("huggingface", "tfidf")  # whose files are here


def draw_export(model: Model) -> None:
    """What to write, and after the click where it is and how the ONNX copies compare."""
    if model.backend not in _KINDS:
        return
    with st.expander("Export as a folder", icon=":material/folder_zip:"):
        st.caption(
            "Weights that other programs load, a model card with data, settings, numbers and limits, the "
            "sha256 of every file, and how to make it again. Never a pickle."
        )
        onnx, int8 = _choose(model)
        if st.button("Export", icon=":material/download:", key=f"models_export_{model.model_id}"):
            with showing_errors(), st.spinner("Writes the folder. An ONNX copy takes a minute or more."):
                _draw_written(_write(model, onnx=onnx, int8=int8))


def _choose(model: Model) -> tuple[bool, bool]:
    if model.backend != "huggingface":
        return False, False
    onnx = st.checkbox("ONNX, for onnxruntime", key="models_onnx")
    int8 = st.checkbox(
        "8-bit ONNX too",
        key="models_int8",
        help="About a third smaller and faster. Some comments get another label: how many is measured.",
    )
    return onnx, int8


def _write(model: Model, *, onnx: bool, int8: bool) -> ExportedModel:
    """Each export into a new folder, for an older one may be in use."""
    exports = database().home / "exports"
    taken = {path.name for path in exports.glob(f"{model.model_id}*")}
    number = next(n for n in range(1, len(taken) + 2) if f"{model.model_id}.{n}" not in taken)
    folder = exports / f"{model.model_id}.{number}"
    return export_model(
        database(), model.model_id, folder, onnx=onnx, int8=int8, progress=lambda _what, _share: None
    )


def _draw_written(written: ExportedModel) -> None:
    size = sum(written.files.values()) / 1e6
    st.success(f"{len(written.files):,} files, {size:,.1f} MB, on the machine of the dashboard:")
    st.code(str(written.folder), language=None)
    if written.onnx is not None:
        st.caption(written.onnx["told"])
