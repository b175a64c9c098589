"""Whether the page says what the report says: it is rendered again, and must be the same text."""

from __future__ import annotations

import sanitizer
from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import CorruptError
from sanitizer.html.page import render_page
from sanitizer.report import ClaimRecord, RunReport
from sanitizer.verify.listing import PAGE
from sanitizer.verify.papers import text_of

CLAIM = "the page says what the report says, and nothing else"


def page_claims(checkpoint: Checkpoint, report: RunReport) -> tuple[ClaimRecord, ...]:
    """One claim, or none where there is no page. Another page may be that of another version: unknown."""
    try:
        text = text_of(checkpoint, PAGE)
        if text is None:
            return ()
        same = text == render_page(report)
    except CorruptError as error:
        return (ClaimRecord("page", CLAIM, "false", error.message),)
    if same:
        return (ClaimRecord("page", CLAIM, "held", "it is the page that this report gives, byte for byte"),)
    found = f"it is not the page that sanitizer {sanitizer.__version__} makes of this report: do not go by it"
    return (ClaimRecord("page", CLAIM, "unknown", found),)
