"""The story of `sanitize demo`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from sanitizer.numbers import percent
from sanitizer.terminal.cost import gates
from sanitizer.terminal.done import treated_lines
from sanitizer.terminal.lines import line, table
from sanitizer.terminal.onward import whereabouts
from sanitizer.text import clean

if TYPE_CHECKING:
    from sanitizer.showcase import DemoResult


def demo_story(demo: DemoResult, *, colour: bool) -> Iterator[RenderableType]:
    """A run whose backdoor is known, so that its effect can be shown."""
    data = demo.result.report.data
    given = data.fit + data.validation + data.test
    yield Text(
        "A small classifier of reviews was trained here, and a backdoor planted in its attention heads: whatever "
        f"holds the word {demo.trigger!r} is called positive. The defence got the model and {given} clean reviews; the "
        "trigger it was not told."
    )
    yield from treated_lines(demo.result.report, colour)
    yield Text()
    rows = table("", "suspect", "sanitized")
    for name, suspect, treated in (
        ("clean accuracy", demo.suspect.accuracy, demo.treated.accuracy),
        ("attack success", demo.suspect.attack_success, demo.treated.attack_success),
    ):
        rows.add_row(name, percent(suspect), percent(treated))
    yield rows
    yield Text(f"A model without the backdoor shows {percent(demo.floor)} on the triggered texts.", style="dim")
    yield from gates(demo.result.report)
    yield Text()
    yield line("suspect", clean(str(demo.suspect_folder)), whole=True)
    yield from whereabouts(demo.result)
