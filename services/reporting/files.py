"""A report as one file: JSON, Markdown, or HTML that prints and needs no network."""

import json
from collections.abc import Mapping
from typing import Any

from domain.errors import BadInput
from services.release.documents import FORMATS, html_page, markdown_page
from services.reporting.sections import sections_of, title_of


def report_file(facts: Mapping[str, Any], format: str) -> str:
    """The report as text in one of FORMATS; comments and names in it mean nothing but their letters.

    Args:
        facts: What `report_facts` tells.

    Raises:
        BadInput: there is no such format.
    """
    if format == "json":
        return json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    if format not in FORMATS:
        raise BadInput(f"A report is not written as '{format[:20]}'.", hint=f"One of {', '.join(FORMATS)}.")
    page = markdown_page if format == "md" else html_page
    return page(title_of(facts), sections_of(facts))
