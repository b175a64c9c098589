"""What a guard did, in a few lines beside its output."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from sanitizer.numbers import counted, span
from sanitizer.text import clean

if TYPE_CHECKING:
    from sanitizer.guarding import Guarded


def guard_story(guarded: Guarded) -> Iterator[RenderableType]:
    """How many were flagged, how fast, and what stays unknown."""
    done, before = guarded.done, guarded.done.inputs - guarded.looked
    for note in guarded.notes:
        yield Text(f"  {clean(note)}", style="dim")
    pace = f", {guarded.looked / guarded.seconds:.3g} a second" if guarded.looked and guarded.seconds > 0 else ""
    went_on = f", going on after {before}" if before else ""
    yield Text(f"{counted(guarded.looked, 'input')} in {span(guarded.seconds)}{pace}{went_on}")
    looked = max(done.inputs - done.empty, 1)
    yield Text(
        f"{done.flagged} of {counted(done.inputs, 'input')} flagged ({100 * done.flagged / looked:.2g} %); "
        f"of clean inputs {100 * guarded.header.fpr:g} % are"
    )
    if done.long:
        yield Text(
            f"  {counted(done.long, 'input')} longer than what is looked at at once: each chunk was a chance to flag"
        )
    if done.empty:
        yield Text(f"  {counted(done.empty, 'row')} without text", style="yellow")


def untreated(folder: Path) -> Iterator[RenderableType]:
    """That there was nothing to judge heads on."""
    yield Text(f"no input was flagged, so nothing was treated: {clean(str(folder))} was not made", style="yellow")
