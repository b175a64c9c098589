"""Two streams, and when colours are seen."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from sanitizer.terminal.consoles import aside, coloured, result


def test_results_and_the_rest_part_ways(capsys: pytest.CaptureFixture[str]) -> None:
    result().print("[result]", markup=False)
    aside().print("note")
    assert capsys.readouterr() == ("[result]\n", "note\n")


@pytest.mark.parametrize(
    ("terminal", "environment", "expected"),
    [
        (True, {"TERM": "xterm-256color"}, True),
        (True, {"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm-256color"}, False),
    ],
)
def test_colour_needs_a_terminal_that_has_it_and_no_wish_against(
    terminal: bool, environment: dict[str, str], expected: bool
) -> None:
    assert coloured(Console(file=io.StringIO(), force_terminal=terminal, _environ=environment)) is expected
