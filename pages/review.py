"""Review: one miss at a time, read blind, in groups, or counted: is the model, label or guideline wrong?"""

import streamlit as st

from services.curation import datasets
from services.evaluation.causes import findings
from services.evaluation.readings import find_reading
from services.evaluation.reviews import miss
from ui.comments_table import draw_misses
from ui.evaluation.blind_reading import draw_blind_reading
from ui.evaluation.causes import draw_causes
from ui.evaluation.evaluations import (
    either_evaluation_of,
    misses_of,
    next_miss,
    own_of,
    progress_of,
    progress_of_model,
    run_titles,
    runs_of,
)
from ui.evaluation.looks import count_look, draw_looks
from ui.evaluation.reviewing import (
    ONE_BY_ONE,
    SIMILAR,
    draw_guideline,
    draw_kinds,
    draw_last,
    draw_miss,
    draw_reasons_of,
    draw_verdicts,
    open_comment,
    pick_part,
)
from ui.evaluation.similar import draw_similar
from ui.frame import dataset_in_hand, nothing_yet
from ui.links import pick, pick_cell
from ui.store import database

_PAGE = 50

dataset = dataset_in_hand()
runs = runs_of(dataset.dataset_id)
if not runs:
    nothing_yet(
        "There is no miss to review: no model has answered anything yet.",
        "Training a model lets it answer the validation and the test split too.",
        "train",
        "Train a model",
    )
    st.stop()

part, who = pick_part(), st.session_state["person"]
picker, *of_cell = st.columns([2, 1, 1])
with picker:
    titles, newest = run_titles(runs), list(runs).index(next(iter(own_of(runs) or runs)))
    chosen = pick(
        "Run", list(runs), key="run", shown=titles.__getitem__, default=newest, forgets=("comment",)
    )
    run = runs[chosen]
table = either_evaluation_of(run.run_id).table
gold, predicted = "", ""
if part in (ONE_BY_ONE, SIMILAR):
    gold, predicted = pick_cell(table.labels, of_cell, forgets=("comment",))

so_far = progress_of(run)
if not so_far.misses:
    st.success(f"{run.run_id} has no miss: every answer is the frozen label.", icon=":material/check_circle:")
    st.stop()
count_look(run.run_id, "review")
if part != ONE_BY_ONE:
    if part == "Blind reading":
        draw_blind_reading(run, who)
    elif part == SIMILAR:
        draw_similar(run, gold, predicted, on_pick=open_comment)
    elif find_reading(database(), run.run_id) is None:
        st.info("Nothing was read blind yet: begin under Blind reading.", icon=":material/visibility_off:")
    else:
        draw_causes(run, findings(database(), run.run_id), who)
    draw_looks(run.run_id)
    st.stop()
draw_kinds(table)
counted = " · ".join(f"{n:,} {verdict}" for verdict, n in so_far.verdicts.items() if n)
st.progress(
    so_far.reviewed / so_far.misses,
    text=f"{so_far.reviewed:,} of {so_far.misses:,} misses reviewed{f': {counted}' if counted else ''}",
)

whole = progress_of_model(run)
if whole.misses > so_far.misses:
    st.caption(
        f"These are the misses of the {run.split} split. On every split of {run.snapshot_id} together"
        f" {whole.reviewed:,} of {whole.misses:,} misses of {run.model_id} are read: what Home tells,"
        " and what a policy asks for."
    )
draw_last(run)
asked = st.query_params.get("comment", "")
shown = miss(database(), run.run_id, int(asked)) if asked.isdecimal() else next_miss(run, gold, predicted)
if shown is None:
    nothing_yet(
        "Every miss of this choice is reviewed.",
        "Corrected labels enter the next snapshot: freeze it, train again, and compare.",
        "snapshots",
        "Take a snapshot",
    )
elif shown.predicted == shown.gold:
    st.info(f"Comment {asked} is no miss of {run.run_id}: the model gave the frozen label.")
else:
    draw_miss(shown)
    draw_verdicts(run, shown, datasets.get_label_set(database(), run.dataset_id).names, who)
    draw_reasons_of(run, shown)
    draw_guideline(dataset.dataset_id)

st.subheader("All misses", anchor=False)
chosen = f"{run.run_id}_{gold}_{predicted}"
place = int(st.session_state.get(f"review_page_{chosen}", 1)) - 1
listed = misses_of(run, gold, predicted, limit=_PAGE, offset=_PAGE * place)
count = table.count(gold, predicted, misses_only=True)
st.caption(f"{count:,} misses, those first of which the model was surest. A row opens its comment above.")
draw_misses(listed, key=f"review_misses_{chosen}_{place}", on_pick=open_comment)
if count > _PAGE:
    st.pagination(num_pages=-(-count // _PAGE), key=f"review_page_{chosen}")
draw_looks(run.run_id)
