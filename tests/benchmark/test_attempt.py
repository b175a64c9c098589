"""An attempt leaves nothing but, where it failed, the reason and what was said."""

from __future__ import annotations

from pathlib import Path

import pytest

from sanitizer.benchmark.attempt import Failed, attempt
from sanitizer.errors import UsageError


def test_one_that_succeeds_leaves_nothing_and_takes_an_older_log_away(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("older")
    with attempt(log) as (work, said):
        assert (work.is_dir(), said.read_text()) == (True, "")
    assert not work.exists()
    assert not log.exists()


@pytest.mark.parametrize(
    ("error", "why"),
    [(UsageError("no {}"), "no model"), (OSError(28, "no space"), "no space"), (OSError(), "OSError")],
    ids=["ours", "the system's", "nameless"],
)
def test_one_that_fails_says_why_without_its_folder_and_keeps_what_was_said(
    tmp_path: Path, error: Exception, why: str
) -> None:
    log = tmp_path / "logs" / "a.log"
    with pytest.raises(Failed) as raised, attempt(log) as (work, said):
        said.write_text("what it said")
        if isinstance(error, UsageError):
            raise UsageError(error.message.format(f"{work}/model"))
        raise error
    assert str(raised.value) == why
    assert log.read_text() == "what it said"


def test_a_fault_of_the_program_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), attempt(tmp_path / "a.log"):
        raise ZeroDivisionError
