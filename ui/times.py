"""Moments as people read them."""

from datetime import datetime


def when(moment: datetime | None) -> str:
    """Day and minute in UTC; empty for no moment."""
    return moment.strftime("%d %b %Y, %H:%M UTC") if moment else ""
