"""SARIF of a fleet: held against the schema, each finding at the line that names the model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.records import make_checkpoint, make_fleet_report
from jsonschema import Draft202012Validator

from sanitizer.fleet.kept import sarif_of

SCHEMA = json.loads((Path(__file__).parents[1] / "formats" / "sarif-2.1.0.json").read_text())


@pytest.mark.parametrize("inside", [True, False])
def test_a_run_for_each_checkpoint(inside: bool) -> None:
    document = json.loads(sarif_of(make_fleet_report(list="deploy/models.txt"), inside=inside))
    assert list(Draft202012Validator(SCHEMA).iter_errors(document)) == []
    done, refused, broken = document["runs"]
    assert (done["results"], broken["results"]) == ([], [])
    assert [run["invocations"][0]["executionSuccessful"] for run in document["runs"]] == [True, True, False]
    (said,) = broken["invocations"][0]["toolExecutionNotifications"]
    assert said["message"]["text"] == "it is cut short"
    assert {result["ruleId"] for result in refused["results"]} == {"files.unneeded", "weights.pickle-unread"}
    place = refused["results"][1]["locations"][0]["physicalLocation"]
    if inside:
        assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("deploy/models.txt", 2)
    else:
        assert place["artifactLocation"]["uri"] == "pytorch_model.bin"


def test_two_models_have_two_categories() -> None:
    report = make_fleet_report(checkpoints=(make_checkpoint(), make_checkpoint(name="org/other", line=9)))
    runs = json.loads(sarif_of(report, inside=True))["runs"]
    assert len({run["automationDetails"]["id"] for run in runs}) == 2
