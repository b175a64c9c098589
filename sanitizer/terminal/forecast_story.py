"""What a run would take, as lines: each stage with its memory and time, and what will not fit."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sanitizer.numbers import size, span
from sanitizer.report import Forecast
from sanitizer.text import clean

UNKNOWN = "not estimated"


def forecast_story(forecast: Forecast) -> Iterator[RenderableType]:
    """A table of stages, what it rests on, and a line of advice for whatever does not fit."""
    yield Text()
    table = Table("estimated", "memory", "time", box=None, pad_edge=False, header_style="dim")
    for column in table.columns[1:]:
        column.justify = "right"
    for stage in forecast.stages:
        table.add_row(
            clean(stage.name),
            UNKNOWN if stage.memory is None else size(stage.memory),
            UNKNOWN if stage.seconds is None else span(stage.seconds),
        )
    table.add_row("at most, in all", size(forecast.memory), span(forecast.seconds))
    yield table
    yield Text(
        f"{clean(forecast.device)} has {size(forecast.memory_free)} free; weights in {forecast.dtype} are "
        f"{size(forecast.weights)}. Rests on {clean('; '.join(forecast.basis))}: right within a few times, no more.",
        style="dim",
    )
    for advice in forecast.advice:
        yield Text(f"  will not fit  {clean(advice)}", style="yellow")
