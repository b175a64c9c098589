"""The forms that every story is told in. Whatever a stranger named goes through `sanitizer.text.clean` before."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from sanitizer.text import clean


def tell(console: Console, parts: Iterable[RenderableType]) -> None:
    """Print a story. Paths and code stay whole everywhere, and every line does where there is no terminal."""
    for part in parts:
        whole = isinstance(part, Text) and (part.no_wrap or not console.is_terminal)
        console.print(part, soft_wrap=whole)


def heading(text: str) -> Text:
    """The title of what follows."""
    return Text(text, style="bold")


def line(label: str, text: str, *, whole: bool = False) -> Text:
    """`label` and what there is to say of it; `whole` is never wrapped, so that it can be copied."""
    return Text.assemble((f"  {label:<12}", "dim"), text, no_wrap=whole)


def code(text: str) -> Text:
    """To be copied: indented, and never wrapped."""
    return Text("\n".join(f"    {line}" for line in text.splitlines()), style="cyan", no_wrap=True)


def table(*headers: str) -> Table:
    """No lines; words to the left, numbers to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for index, header in enumerate(headers):
        table.add_column(header, justify="left" if index == 0 else "right", no_wrap=index > 0)
    return table


def note(text: str) -> Text:
    """What a reader should know, and need not act on."""
    return Text.assemble("  ", ("note", "yellow"), f"    {text}")


def typed(model: str, revision: str | None) -> str:
    """MODEL and its revision as the user wrote them, to be written again in a shell."""
    words = [model] if revision is None else [model, "--revision", revision]
    return shlex.join(map(clean, words))
