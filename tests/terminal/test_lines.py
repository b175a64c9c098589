"""The forms that stories are told in."""

from __future__ import annotations

import re

import pytest
from helpers.records import make_report
from helpers.telling import printed, result

from sanitizer.terminal.story import run_story


@pytest.mark.parametrize("terminal", [True, False])
def test_paths_and_code_are_never_broken(terminal: bool) -> None:
    long = "/".join(["a-rather-long-folder-name"] * 6)
    story = printed(run_story(result(make_report(), output=long), colour=False), terminal=terminal)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", story)
    assert f"{long}/sanitizer/report.json\n" in plain
    assert f"from_pretrained('{long}')\n" in plain
