"""What a story looks like on a terminal, or in a file."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rich.console import Console, RenderableType

from sanitizer.report import RunReport
from sanitizer.terminal.lines import tell
from sanitizer.terminal.story import run_story

EVIL = "a\x1b[2J\u202eb\n[bold]c"
"""A name that would move the cursor, turn the line around, end it, and be taken for markup."""


def told(*parts: RenderableType) -> str:
    """On a terminal that is wide enough, without colour."""
    console = Console(width=200, no_color=True)
    with console.capture() as captured:
        tell(console, parts)
    return captured.get()


@dataclass(frozen=True)
class Pushed:
    """Where a result went."""

    repo: str = "me/model"
    url: str = "https://hub.example/me/model"
    commit: str = "f" * 40
    pull_request: str | None = None
    unchanged: bool = False


def printed(parts: Iterable[RenderableType], *, width: int = 80, terminal: bool = False) -> str:
    """As it reaches a terminal of this width, or a file."""
    environment = {"TERM": "xterm-256color"}
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, highlight=False, _environ=environment)
    tell(console, parts)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def result(report: RunReport, pushed: Any = None, output: str = "out/reviews-sanitized") -> Any:
    """What a run gives back."""
    return SimpleNamespace(report=report, output=Path(output), pushed=pushed)


def run_told(report: RunReport, pushed: Any = None, **shown: Any) -> str:
    """The story of a run with this report."""
    return printed(run_story(result(report, pushed), colour=False), **shown)


def lines(text: str) -> list[str]:
    """Without what pads them."""
    return [line.rstrip() for line in text.splitlines()]
