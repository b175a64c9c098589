from __future__ import annotations

from io import StringIO

from helpers.records import make_forecast
from rich.console import Console

from sanitizer.report import Forecast
from sanitizer.terminal.forecast_story import UNKNOWN, forecast_story
from sanitizer.terminal.lines import tell


def told(forecast: Forecast) -> str:
    out = StringIO()
    tell(Console(file=out, width=200), forecast_story(forecast))
    return out.getvalue()


def test_each_stage_has_its_memory_and_time_and_the_whole_its_most() -> None:
    forecast = make_forecast()
    lines = told(forecast).splitlines()
    for stage in forecast.stages:
        assert any(line.startswith(stage.name) for line in lines)
    whole = next(line for line in lines if line.startswith("at most"))
    assert "16 GB" in whole
    assert "1 min 42 s" in whole
    assert UNKNOWN in next(line for line in lines if line.startswith("score"))


def test_what_does_not_fit_is_said_with_what_helps() -> None:
    assert "will not fit  scan needs 16 GB: --batch-size 4 makes it fit" in told(make_forecast())
