"""The parts of the Behaviour page: the verdict, the groups worst first, and the texts that failed."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from domain.behaviour import Behaviour, Group
from domain.errors import NotFound
from domain.jobs import Job
from domain.text import escape_markdown, shortened, visible
from services.evaluation.behaving import Measured, list_behaviours
from services.evaluation.behaviour import sentence_of
from services.evaluation.intervals import SMALL_N
from services.jobs.managing.launch import list_jobs
from services.release.deciding import URGENCY
from services.release.gate import as_dict
from services.release.policy import find_policy
from services.release.result_tables import measured
from ui.charts import label_title
from ui.evaluation.behaviour_start import KINDS
from ui.lists import pick_row
from ui.release.releases import BADGES, verdict_of
from ui.store import database
from ui.times import when

_GROUP = {"functional": "functionality", "invariance": "change", "injection": "trick"}
_HELD = {"functional": "right", "invariance": "held", "injection": "withstood"}
# The clauses of a policy that each kind of test can answer.
_CLAUSES = {
    "functional": ("functionality", "must_pass"),
    "invariance": ("invariance",),
    "injection": ("injection",),
}


def tests_of(model_id: str) -> dict[str, Measured]:
    """What was tested of the model, newest first, by the id of its job."""
    return {each.job_id: each for each in list_behaviours(database(), model_id=model_id)}


def jobs_of(model_id: str) -> list[Job]:
    """The tests of the model that have not been taken in, or did not succeed, newest first."""
    jobs = [each for each in list_jobs(database()) if each.kind == "behave"]
    ours = [each for each in jobs if each.spec["model_id"] == model_id]
    return [each for each in ours if each.absorbed_at is None or each.state.name != "succeeded"]


def draw_jobs(jobs: Sequence[Job], newest: Measured | None) -> None:
    """Progress of what is at work; of what did not succeed, the newest, unless something was tested since."""
    for job in jobs:
        if not job.state.is_over:
            kind = KINDS[job.spec["settings"]["kind"]]
            st.progress(min(job.state.share, 1.0), escape_markdown(f"{kind}: {job.state.message}"))
    over = [job for job in jobs if job.state.is_over and job.state.name != "succeeded"]
    if over and (newest is None or over[0].created_at > newest.created_at):
        told = f"{over[0].job_id} {over[0].state.name}: {over[0].state.message} {over[0].state.hint}"
        st.error(escape_markdown(told.strip()), icon=":material/error:")


def test_title(each: Measured) -> str:
    """How a picker shows a test."""
    suite = f" · {shortened(each.found.suite, 40)}" if each.found.kind == "functional" else ""
    return f"{KINDS[each.found.kind]}{suite} · {when(each.created_at)} · {each.job_id}"


def draw_test(test: Measured) -> None:
    """One test on one screen: what the policy says, why, the groups, and the failing texts of one of them."""
    found = test.found
    _draw_headline(test)
    left, right = st.columns(2, gap="medium")
    with left:
        group = _draw_groups(found)
    with right:
        _draw_failing(found, group)


def _draw_headline(test: Measured) -> None:
    found, clauses = test.found, _clauses(test)
    with st.container(border=True):
        worst = min((each["outcome"] for each in clauses), key=URGENCY.__getitem__, default=None)
        badge = f"{BADGES[worst]} " if worst else ""
        st.markdown(f"#### {badge}{escape_markdown(sentence_of(found))}")
        for each in clauses:
            st.markdown(
                f"{BADGES[each['outcome']]} {escape_markdown(each['words'])}: **{measured(each)}**."
                f" {escape_markdown(each['why'])}"
            )
        if not clauses:
            names = " or ".join(f"“{name}”" for name in _CLAUSES[found.kind])
            st.caption(f"The release policy does not ask for this yet: add the clause {names} on Release.")
        st.caption(_basis(test))


def _basis(test: Measured) -> str:
    """On what it rests, as Markdown."""
    found = test.found
    if found.kind == "functional":
        meant = ", ".join(f"“{one}” is {two}" for one, two in found.mapping.items())
        told = f"{shortened(found.suite, 60)}, sha256 {found.suite_sha256[:12]}. {meant}"
    else:
        lost = f"; {found.lost:,} more were not answered as before" * bool(found.lost)
        told = f"{found.originals:,} true positives of the test split of {test.snapshot_id}{lost}"
    out = f" Not in policy: {', '.join(found.left_out)}." * bool(found.left_out)
    return (
        f"{escape_markdown(f'{told}.{out}')} Started by {escape_markdown(test.created_by)}. 95 % intervals."
    )


def _clauses(test: Measured) -> list[dict[str, str]]:
    """What the policy in force says of this kind of behaviour, what does not hold first."""
    policy = find_policy(database(), test.dataset_id)
    if policy is None:
        return []
    try:
        told = as_dict(verdict_of(test.model_id, test.dataset_id, policy, None))["clauses"]
    except NotFound:  # the model has not answered a test split
        return []
    ours = [each for each in told if each["clause"] and each["clause"]["clause"] in _CLAUSES[test.found.kind]]
    return sorted(ours, key=lambda each: URGENCY[each["outcome"]])


def _draw_groups(found: Behaviour) -> Group:
    """The groups, worst first; returns the one that is open."""
    groups = found.worst_first
    held = _HELD[found.kind]
    table = pd.DataFrame(
        {
            _GROUP[found.kind]: [shortened(each.name, 60) for each in groups],
            held: [100 * (1 - each.share_failed) for each in groups],
            "95 % interval": [f"{1 - each.high:.0%} to {1 - each.low:.0%}" for each in groups],
            "n": [each.n for each in groups],
        }
    )
    if any(each.must_pass for each in groups):
        table["must-pass wrong"] = [each.must_pass_failed if each.must_pass else None for each in groups]
    if any(not each.in_policy for each in groups) or any(each.n < SMALL_N for each in groups):
        notes = [
            ("" if each.in_policy else "not in policy", "few" if each.n < SMALL_N else "") for each in groups
        ]
        table["note"] = [", ".join(filter(None, note)) for note in notes]
    st.markdown(f"**Worst first**: share {held}, of each {_GROUP[found.kind]}")
    names = [each.name for each in groups]
    shown = pick_row(
        table, names, param="group", alt="Groups, worst first", most_px=430,
        columns={held: st.column_config.ProgressColumn(held, format="%.0f %%", min_value=0, max_value=100)},
    )  # fmt: skip
    return groups[names.index(shown)]


def _draw_failing(found: Behaviour, group: Group) -> None:
    """The texts of one group that failed, inert."""
    st.markdown(f"**{escape_markdown(shortened(group.name, 60))}**: {group.failed:,} of {group.n:,} failed")
    if not group.failing:
        st.caption("Nothing failed here.")
        return
    table = pd.DataFrame({"text": [visible(each.text) for each in group.failing]})
    if found.kind == "functional":
        table["should be"] = [label_title(each.expected) for each in group.failing]
    table["said"] = [label_title(each.said) for each in group.failing]
    if group.must_pass:
        table["must pass"] = [each.must_pass for each in group.failing]
    if found.kind == "invariance":
        table["as it was"] = [visible(each.before or "") for each in group.failing]
    st.dataframe(
        table,
        hide_index=True,
        height=min(38 + 35 * len(table), 430),
        column_config={
            "text": st.column_config.TextColumn(width=290),
            "should be": st.column_config.TextColumn(width=80),
            "said": st.column_config.TextColumn(width=80),
        },
        alt="Texts that failed",
    )
    if group.failed > len(group.failing):
        st.caption(f"{len(group.failing):,} of {group.failed:,} are kept, must-pass cases first.")
