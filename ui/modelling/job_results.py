"""What a job at a provider cost and how long its model will live: on the Jobs, Models and Evaluate pages."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import streamlit as st

from domain.jobs import Job
from domain.text import escape_markdown
from services.jobs.files.billing import Bill, bill_of
from services.jobs.managing.launch import folder_of
from services.modelling.hosted.known_prompts import prompt_told
from services.modelling.hosted.lifecycle import expiry_of_settings
from services.modelling.models import get_model
from ui.errors import showing_errors
from ui.store import database


def draw_bill(job: Job) -> None:
    """Estimated, billed and their ratio, and when the model ends; nothing for a job on this machine."""
    bill = bill_of(folder_of(database(), job.job_id), job.state)
    if bill is None:
        return
    if bill.estimated_usd is not None and (bill.estimated_usd or bill.billed_usd):
        st.markdown(f":material/payments: {bill_sentence(bill)}")
    if bill.estimated_tokens is not None:
        st.markdown(f":material/token: {_tokens_sentence(bill.estimated_tokens, bill.billed_tokens)}")
    model_id = job.spec.get("model_id")
    draw_expiry(job.spec["settings"] if model_id is None else get_model(database(), model_id).settings)


def bill_sentence(bill: Bill) -> str:
    """The bill as one sentence of Markdown."""
    parts = [f"Estimated {_dollars(bill.estimated_usd)}"]
    parts.append("not billed yet" if bill.billed_usd is None else f"billed {_dollars(bill.billed_usd)}")
    if bill.ratio is not None:
        parts.append(f"ratio {bill.ratio:.2f}")
    if bill.counted_usd is None and bill.allowed_usd is not None:
        parts.append(f"{_dollars(bill.allowed_usd)} reserved")
    return ", ".join(parts) + "."


def _tokens_sentence(estimated: int, trained: int | None) -> str:
    """The tokens of the training as one sentence."""
    if trained is None:
        return f"Training on about {estimated:,} tokens; how many it was the provider has not told."
    return f"Training on about {estimated:,} tokens, trained {trained:,}, ratio {trained / estimated:.2f}."


def draw_expiry(settings: Mapping[str, Any]) -> None:
    """When the hosted model of these settings is shut; nothing for a local one, and where nobody said so."""
    with showing_errors():
        ends = expiry_of_settings(database().home, dict(settings), date.today())
        if ends is None:
            return
        draw = st.error if ends.days_left <= 0 else st.warning
        draw(escape_markdown(ends.told), icon=":material/event_busy:")


def draw_prompt(settings: Mapping[str, Any]) -> None:
    """What to know of the words in which a tuned model is asked as it is; nothing for all others."""
    told = prompt_told(database(), settings)
    if told is not None:
        st.info(escape_markdown(told), icon=":material/format_quote:")


def _dollars(usd: float | None) -> str:
    """Cents, or as many digits as a small amount needs; the sign is escaped, for two begin a formula."""
    amount = usd or 0.0
    return f"\\${amount:,.2f}" if amount >= 1 or amount == 0 else f"\\${amount:,.4f}"
