"""The story of `--dry-run`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from sanitizer.numbers import size
from sanitizer.options import BY_CARD
from sanitizer.report import Preview
from sanitizer.terminal.forecast_story import forecast_story
from sanitizer.terminal.found import findings_story
from sanitizer.terminal.lines import heading, line
from sanitizer.text import clean


def preview_story(preview: Preview) -> Iterator[RenderableType]:
    """What would be read, done and written, and what it would take."""
    yield heading(f"A run on {clean(preview.source)} would")
    if preview.commit:
        yield line("take", f"commit {clean(preview.commit)}")
    yield line("download", size(preview.download))
    fates = Counter(file.fate for file in preview.files)
    yield line("files", ", ".join(f"{number} {fate}" for fate, number in fates.items()) or "none")
    yield line("need", f"{size(preview.disk)} of free disk")
    yield line("data", clean(preview.data))
    if preview.base is not None:
        base = "the one that its card names" if preview.base == BY_CARD else clean(preview.base)
        yield line("base", f"{base}, which would be vetted too")
    yield line("do", clean(preview.recipe))
    yield line("write", clean(preview.output), whole=True)
    if preview.forecast is not None:
        yield from forecast_story(preview.forecast)
    yield from findings_story(preview.findings)
    yield Text("Nothing was changed. Leave out --dry-run to do it.")
