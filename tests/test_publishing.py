"""What may be published, and what is said where it could not be."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.hub import TOKEN, LoopbackHub
from helpers.records import make_report
from helpers.results import make_result

from sanitizer.errors import HubError, UsageError
from sanitizer.options import RunOptions
from sanitizer.publishing import publish, publish_as_asked
from sanitizer.report import Gate


def test_only_a_finished_folder_can_be_published(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not the result of a run"):
        publish(tmp_path, "tester/out")


def test_nobody_asked_or_a_gate_failed_and_nothing_goes_out(hub: LoopbackHub, tmp_path: Path) -> None:
    asked, failed = RunOptions("m", push_to="tester/out", token=TOKEN), Gate("accuracy", False, "0.80 is below 0.87")
    assert publish_as_asked(RunOptions("m"), make_report(), tmp_path) is None
    assert publish_as_asked(asked, make_report(gates=(failed,)), tmp_path) is None
    assert hub.requests == []


def test_a_hub_that_fails_leaves_the_result_and_says_how_to_go_on(hub: LoopbackHub, tmp_path: Path) -> None:
    output = make_result(tmp_path)
    hub.fail("POST", "/api/repos/create", 403)
    with pytest.raises(HubError) as caught:
        publish_as_asked(RunOptions("m", push_to="tester/out", token=TOKEN), make_report(), output)
    assert caught.value.hint.endswith(f"`sanitize push {output} --to tester/out` publishes it")
    assert (output / "model.safetensors").is_file()
