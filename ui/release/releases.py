"""The parts of the Release page: the verdict, what is in production, the decision, and the way back."""

from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import streamlit as st

from domain.models import Run
from domain.text import escape_markdown, shortened
from services.modelling.models import get_model, list_models
from services.release import releases
from services.release.card_files import card_file
from services.release.deciding import URGENCY
from services.release.documents import FORMATS
from services.release.gate import Verdict, as_dict, judge, judging_stamp
from services.release.policy import MAX_WHY, Policy, find_policy
from services.release.releases import Release
from services.release.result_tables import measured
from services.reporting.opening import unjudged
from ui.errors import showing_errors
from ui.evaluation.evaluations import comparison_of, runs_of
from ui.figures import draw_verdict as draw_comparison_verdict
from ui.store import database
from ui.times import when

BADGES = {
    "pass": ":green-badge[:material/check: Pass]",
    "fail": ":red-badge[:material/close: Fail]",
    "not decidable": ":gray-badge[:material/question_mark: Not decidable]",
    "not applicable": ":gray-badge[:material/remove: Not applicable]",
}
SAYS = {
    "pass": "The model meets the policy.",
    "fail": "The model does not meet the policy.",
    "not decidable": "The data cannot say whether the model meets the policy.",
}
_LACKING = {"fail": "Not met", "not decidable": "Not to be told"}
_DECIDING = 2  # clauses that Home names
_CARD_NAMES = {"html": "HTML, to print", "md": "Markdown", "json": "JSON"}


def models_judged(dataset_id: str) -> dict[str, str]:
    """The models that can be judged, by id, newest first, each with the words that a picker shows."""
    answered = {run.model_id for run in runs_of(dataset_id).values() if run.split == "test"}
    state = {each.model_id: each.state for each in reversed(releases.list_releases(database(), dataset_id))}
    live = champion_of(dataset_id)
    if live is not None:
        state[live.model_id] = "in production"
    told = {model.model_id: model.name for model in list_models(database(), dataset_id)}
    return {
        name: " · ".join(filter(None, (shortened(title, 50), name, state.get(name, ""))))
        for name, title in told.items()
        if name in answered
    }


def champion_of(dataset_id: str) -> Release | None:
    """The release in production."""
    live = releases.find_champion(database(), dataset_id)
    return releases.get_release(database(), live) if live else None


def open_release_of(dataset_id: str, model_id: str) -> Release | None:
    """The proposal of this model that waits for a decision."""
    found = releases.list_releases(database(), dataset_id)
    return next((each for each in found if each.model_id == model_id and each.state == "proposed"), None)


def verdict_of(
    model_id: str, dataset_id: str, policy: Policy, run_id: str | None, threshold: str | None = None
) -> Verdict:
    """What the policy says of a model today; run and threshold as for `judge`."""
    today, stamp = datetime.now(UTC).date(), judging_stamp(database(), dataset_id)
    return _verdict(model_id, policy, run_id, threshold, today, stamp)


# The stamp is part of the key: after a review or a release the model is judged anew, after a vote it is not.
@st.cache_data(max_entries=32, show_spinner="Judging")
def _verdict(
    model_id: str,
    policy: Policy,
    run_id: str | None,
    threshold: str | None,
    today: date,
    stamp: tuple[int, ...],
) -> Verdict:
    return judge(database(), model_id, policy, run_id=run_id, threshold=threshold, today=today)


def draw_newest_verdict(run: Run) -> None:
    """In a line: what the policy in force says of a model's answers, or why it says nothing."""
    policy = find_policy(database(), run.dataset_id)
    why = unjudged(run, policy)
    if policy is None or why:
        st.caption(f":gray-badge[Not judged] {why}")
        return
    verdict = verdict_of(run.model_id, run.dataset_id, policy, run.run_id)
    decides = [each for each in verdict.clauses if each.finding.outcome == verdict.outcome]
    words = "; ".join(escape_markdown(shortened(each.words, 80)) for each in decides[:_DECIDING])
    because = f" {_LACKING[verdict.outcome]}: {words}." if words and verdict.outcome in _LACKING else ""
    st.markdown(
        f"{BADGES[verdict.outcome]} by version {policy.version} of the policy: {verdict.sentence}{because}"
    )


def draw_verdict(verdict: Verdict) -> None:
    """The verdict in words, on what it rests, and every clause with why; what does not hold comes first."""
    with st.container(border=True):
        st.markdown(f"#### {BADGES[verdict.outcome]} {SAYS[verdict.outcome]}")
        st.markdown(verdict.sentence)
        by = f"version {verdict.policy_version} of the policy" if verdict.policy_version else "a policy"
        st.caption(
            f"{escape_markdown(shortened(verdict.model, 60))} on n = {verdict.n:,} comments of the"
            f" {verdict.split} split of {verdict.snapshot_id}, judged on {verdict.judged_on} by {by}, on the"
            f" bounds of 95 % intervals. {_judged_at(verdict)}"
        )
    st.subheader("Why", anchor=False)
    draw_clauses(verdict)


def _judged_at(verdict: Verdict) -> str:
    if verdict.threshold is None:
        return "The label that the model names decides: no threshold is frozen for it."
    return f"Recall, precision and false positives are those at the frozen {verdict.threshold}."


def draw_clauses(verdict: Verdict) -> None:
    """Every clause with why it came out so; what does not hold comes first."""
    told = sorted(as_dict(verdict)["clauses"], key=lambda each: URGENCY[each["outcome"]])
    passed = [each for each in told if each["outcome"] == "pass"]
    for each in told[: len(told) - len(passed)]:
        _draw_clause(each)
    if passed:
        with st.expander(f"What holds: {len(passed)} clauses", expanded=len(passed) == len(told)):
            for each in passed:
                _draw_clause(each)


def _draw_clause(told: dict[str, Any]) -> None:
    """One clause: how it came out, what it asks and why it came out so, and the number with its interval."""
    badge, clause, found = st.columns([2, 7, 4])
    badge.markdown(BADGES[told["outcome"]])
    with clause.container(gap=None):
        st.markdown(escape_markdown(told["words"]))
        st.caption(escape_markdown(told["why"]))
    with found.container(gap=None):
        st.markdown(f"**{measured(told)}**")
        st.caption(f"n = {told['n']:,}" if told["n"] else "")


def draw_production(verdict: Verdict, champion: Release | None) -> None:
    """What is in production, and the comparison with it on the same comments."""
    st.subheader("Compared with what is in production", anchor=False)
    if champion is None:
        st.caption("Nothing was released yet.")
        return
    name = escape_markdown(shortened(get_model(database(), champion.model_id).name, 60))
    since = max((step for step in champion.steps if step.step != "rejected"), key=lambda step: step.log_seq)
    st.markdown(
        f"In production: **{name}** ({champion.model_id}, {champion.release_id}), {since.step}"
        f" by {escape_markdown(since.created_by)}, {when(since.created_at)}."
    )
    if champion.model_id == verdict.model_id:
        st.caption("That is this model.")
    elif verdict.rival_run is None:
        st.caption("It has not answered the same comments: let it, on the Models page.")
    else:
        draw_comparison_verdict(comparison_of(verdict.rival_run, verdict.run_id))


def draw_decision(verdict: Verdict, waiting: Release | None, champion: Release | None, who: str) -> None:
    """Propose, approve or reject: only what this person may do now; the service checks it again."""
    st.subheader("Decide", anchor=False)
    if waiting is not None:
        _draw_waiting(verdict, waiting, who)
    elif champion is not None and champion.model_id == verdict.model_id:
        st.caption("This model is in production; there is nothing to decide.")
    else:
        st.caption("Somebody who neither trained the model nor proposes it has to approve it.")
        fails = verdict.outcome == "fail"
        with st.form("release_propose", border=True):
            why = st.text_input(
                "Note for whoever decides" + (", required: the model fails the policy" if fails else ""),
                max_chars=MAX_WHY,
                placeholder="Why all the same" if fails else "Why now",
            )
            if st.form_submit_button(
                "Propose although it fails" if fails else "Propose for production",
                type="secondary" if fails else "primary",
                icon=":material/send:",
            ):
                _done(
                    partial(releases.propose, database(), verdict.model_id, why=why, actor=who), "is proposed"
                )


def _draw_waiting(verdict: Verdict, waiting: Release, who: str) -> None:
    st.markdown(
        f"**{waiting.release_id}** was proposed by {escape_markdown(waiting.created_by)},"
        f" {when(waiting.created_at)}. {escape_markdown(waiting.why)}"
    )
    refusal = releases.refusal_to_approve(database(), waiting, who)
    with st.form("release_decide", border=True):
        if refusal:
            st.info(escape_markdown(refusal), icon=":material/group:")
        elif verdict.outcome != "pass":
            st.warning(
                f"The gate says “{verdict.outcome}”. It can be released all the same, with a written reason"
                " that stands in its card.",
                icon=":material/warning:",
            )
        why = st.text_area("Reason", max_chars=MAX_WHY, height=80, key="release_why")
        with st.container(horizontal=True):
            release_anyway = "Approve" if verdict.outcome == "pass" else "Release all the same"
            approved = not refusal and st.form_submit_button(
                release_anyway, type="primary", icon=":material/verified:"
            )
            rejected = st.form_submit_button("Reject", icon=":material/block:")
    about = {"why": why, "actor": who}
    if approved:
        _done(partial(releases.approve, database(), waiting.release_id, **about), "is in production")
    if rejected:
        _done(partial(releases.reject, database(), waiting.release_id, **about), "is rejected")


def draw_history(dataset_id: str, champion: Release | None, who: str) -> None:
    """Every proposal with what became of it, its card to take away, and the way back."""
    found = releases.list_releases(database(), dataset_id)
    if not found:
        return
    st.subheader("History", anchor=False)
    for each in found:
        live = " :green-badge[In production]" if champion and each.release_id == champion.release_id else ""
        with st.expander(f"{each.release_id} · {each.model_id} · {each.state}{live}"):
            _draw_steps(each)
            if each.state != "rejected":
                _draw_cards(each)
    earlier = [each.release_id for each in found if each.state == "approved"]
    if champion is not None and len(earlier) > 1:
        _draw_way_back([name for name in earlier if name != champion.release_id], who)


def _draw_steps(release: Release) -> None:
    st.caption(
        f"Proposed by {escape_markdown(release.created_by)}, {when(release.created_at)}; the gate said"
        f" “{release.verdict['outcome']}”. {escape_markdown(release.why)}"
    )
    for step in release.steps:
        st.caption(
            f"{step.step.capitalize()} by {escape_markdown(step.created_by)}, {when(step.created_at)}."
            f" {escape_markdown(step.why)}"
        )


def _draw_cards(release: Release) -> None:
    what = "Card" if release.state == "approved" else "Draft of the card"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{what}**", width="content")
        for format, words in _CARD_NAMES.items():
            st.download_button(
                words,
                partial(card_file, database(), release.release_id, format),
                file_name=f"{release.release_id}.{format}",
                mime=FORMATS[format],
                icon=":material/download:",
                on_click="ignore",
                key=f"release_{release.release_id}_{format}",
            )


def _draw_way_back(earlier: list[str], who: str) -> None:
    with (
        st.expander("Roll back to an earlier release", icon=":material/undo:"),
        st.form("release_back", border=False),
    ):
        name = st.selectbox("Release", earlier, key="release_back_to")
        why = st.text_input("Reason", max_chars=MAX_WHY, key="release_back_why")
        if st.form_submit_button("Roll back"):
            _done(partial(releases.roll_back, database(), name, why=why, actor=who), "is in production again")


def _done(act: "partial[Release]", what: str) -> None:
    """Carry it out and look anew; a refusal is shown and changes nothing."""
    with showing_errors():
        release = act()
        st.session_state["release_done"] = f"{release.release_id} {what}."
        st.rerun()
