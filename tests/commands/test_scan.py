"""`sanitize scan`."""

from __future__ import annotations

from typing import Any

from helpers.records import make_scan

from sanitizer.options import DataOptions, ScanOptions
from sanitizer.schema import to_json


def test_options_arrive_and_the_story_is_told(sanitize: Any, pipeline: Any) -> None:
    done = sanitize("scan", "org/model", "--data", "a.tsv", "--seed", "3", "--revision", "v2")
    assert done.exit_code == 0
    expected = ScanOptions("org/model", DataOptions("a.tsv"), revision="v2", seed=3)
    assert pipeline.asked == [("scan", expected)]
    assert "Importance of each head" in done.stdout


def test_heads_are_ablated_where_it_is_asked_for(sanitize: Any, pipeline: Any) -> None:
    for verb in ("scan", "run"):
        sanitize(verb, "org/model", "--ablate")
    assert [options.ablate for _, options in pipeline.asked] == [True, True]


def test_json_is_the_report_and_nothing_else(sanitize: Any, pipeline: Any) -> None:
    done = sanitize("scan", "org/model", "--json")
    assert (done.stdout, done.stderr) == (to_json(make_scan()), "")


def test_a_scan_has_no_option_that_would_change_something(sanitize: Any, pipeline: Any) -> None:
    assert sanitize("scan", "org/model", "--output", "out").exit_code == 2
    assert pipeline.asked == []


def test_inputs_arrive_and_are_answered(sanitize: Any, pipeline: Any) -> None:
    done = sanitize("scan", "org/model", "--data", "a.tsv", "--inputs", "odd.jsonl", "--inputs-column", "body")
    assert done.exit_code == 0
    expected = (ScanOptions("org/model", DataOptions("a.tsv")), DataOptions("odd.jsonl", "body"))
    assert pipeline.asked == [("scan", expected)]
    assert "odd.jsonl: abnormal (" in done.stdout


def test_a_column_of_no_inputs_is_a_mistake(sanitize: Any, pipeline: Any) -> None:
    done = sanitize("scan", "org/model", "--inputs-column", "body")
    assert (done.exit_code, pipeline.asked) == (2, [])
    assert "--inputs-column is for --inputs" in done.stderr
