"""Whether page and figure say what the report says: each is rendered again, and must be the same text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sanitizer
from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import CorruptError
from sanitizer.html.figure import render_figure
from sanitizer.html.page import render_page
from sanitizer.report import ClaimRecord, RunReport
from sanitizer.verify.listing import FIGURE, PAGE
from sanitizer.verify.papers import text_of


def page_claims(checkpoint: Checkpoint, report: RunReport) -> tuple[ClaimRecord, ...]:
    """One claim for each of them that is there. Another text may be that of another version: unknown."""
    return (
        *_claims(checkpoint, PAGE, "page", lambda: render_page(report)),
        *_claims(checkpoint, FIGURE, "figure", lambda: render_figure(report)),
    )


def _claims(checkpoint: Checkpoint, name: str, what: str, render: Callable[[], str]) -> Iterator[ClaimRecord]:
    claim = f"the {what} says what the report says, and nothing else"
    try:
        text = text_of(checkpoint, name)
        if text is None:
            return
        same = text == render()
    except CorruptError as error:
        yield ClaimRecord("page", claim, "false", error.message)
        return
    if same:
        yield ClaimRecord("page", claim, "held", f"it is the {what} that this report gives, byte for byte")
        return
    found = f"it is not the {what} that sanitizer {sanitizer.__version__} makes of this report: do not go by it"
    yield ClaimRecord("page", claim, "unknown", found)
