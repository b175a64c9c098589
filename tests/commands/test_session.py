"""Around the work: progress that goes to stderr, and silence from libraries unless asked."""

from __future__ import annotations

import os
import warnings
from typing import Any

import pytest

from sanitizer.commands.session import QUIET_BARS, QUIET_LOGS


def slow(progress: Any) -> None:
    progress("score heads", 0, 10)
    progress("score heads", 5, 10)


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanitizer.terminal.progress.MOMENT", -1.0)


def test_progress_goes_to_stderr_and_q_silences_it(sanitize: Any, pipeline: Any) -> None:
    pipeline.progress = slow
    done = sanitize("org/model", "--json")
    assert "score heads: 0/10" in done.stderr
    assert done.stdout.startswith("{")
    assert sanitize("org/model", "-q").stderr == ""


def test_a_librarys_warning_is_for_v(sanitize: Any, pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.warnoptions", [])
    shown: list[str] = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *rest: shown.append(str(message)))

    def warn(progress: Any) -> None:
        warnings.warn("use the new name", FutureWarning, stacklevel=1)

    pipeline.progress = warn
    with warnings.catch_warnings():
        warnings.resetwarnings()  # of pytest, which would make it an error
        assert sanitize("org/model").exit_code == 0
        assert shown == []
        assert sanitize("org/model", "-v").exit_code == 0
        assert shown == ["use the new name"]


def test_bars_and_logs_of_libraries_are_off(sanitize: Any, pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str | None] = {}
    pipeline.progress = lambda progress: seen.update({name: os.environ.get(name) for name in QUIET_BARS + QUIET_LOGS})
    for name in QUIET_BARS + QUIET_LOGS:
        monkeypatch.delenv(name)
    sanitize("org/model", "-v")
    assert [seen[name] for name in QUIET_BARS] == ["1", "1"]
    assert [seen[name] for name in QUIET_LOGS] == [None, None, None]
    sanitize("org/model")
    assert [seen[name] for name in QUIET_LOGS] == ["error", "error", "error"]
