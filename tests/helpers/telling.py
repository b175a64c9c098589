"""What a story looks like on a terminal that is wide enough, without colour."""

from __future__ import annotations

from rich.console import Console, RenderableType

from sanitizer.terminal.story import tell

EVIL = "a\x1b[2J\u202eb\n[bold]c"
"""A name that would move the cursor, turn the line around, end it, and be taken for markup."""


def told(*parts: RenderableType) -> str:
    """As text."""
    console = Console(width=200, no_color=True)
    with console.capture() as captured:
        tell(console, parts)
    return captured.get()
