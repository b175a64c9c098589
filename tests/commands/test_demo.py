"""`sanitize demo`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from helpers.records import make_report

from sanitizer.report import Gate
from sanitizer.schema import validate


def test_the_seed_and_the_folder_arrive(sanitize: Any, pipeline: Any) -> None:
    assert sanitize("demo").exit_code == 0
    assert sanitize("demo", "--output", "here", "--seed", "4").exit_code == 0
    assert pipeline.asked == [("demo", (None, 0)), ("demo", (Path("here"), 4))]


def test_it_shows_the_attack_before_and_after(sanitize: Any, pipeline: Any) -> None:
    told = sanitize("demo").stdout
    (line,) = (line for line in told.splitlines() if line.startswith("attack success"))
    assert line.split()[2:] == ["98.5", "%", "(96.5–100.0)", "12.5", "%", "(10.5–14.5)"]
    assert "10.5 %" in told  # the floor


def test_json_is_one_document_with_a_valid_report(sanitize: Any, pipeline: Any) -> None:
    done = sanitize("demo", "--json")
    document = json.loads(done.stdout)
    validate(document["report"], "report")
    assert document["suspect"]["attack_success"]["value"] == 0.985
    assert document["treated"]["attack_success"]["value"] == 0.125
    assert document["floor"]["value"] == 0.105
    assert done.stderr == ""


def test_a_failed_gate_is_4(sanitize: Any, pipeline: Any) -> None:
    pipeline.report = make_report(gates=(Gate("load-back", False, "logits differ"),))
    assert sanitize("demo").exit_code == 4
