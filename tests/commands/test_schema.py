"""`sanitize schema`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator


@pytest.mark.parametrize(
    "name",
    [
        "report",
        "scan",
        "preview",
        "forensics",
        "apply",
        "vet",
        "vets",
        "benchmark",
        "cell",
        "verification",
        "comparison",
    ],
)
def test_it_prints_a_json_schema(sanitize: Any, name: str) -> None:
    done = sanitize("schema", name)
    assert (done.exit_code, done.stderr) == (0, "")
    Draft202012Validator.check_schema(json.loads(done.stdout))


def test_what_json_prints_is_what_schema_promises(sanitize: Any, pipeline: Any) -> None:
    for name, words in (("report", ()), ("preview", ("--dry-run",))):
        promised = json.loads(sanitize("schema", name).stdout)
        Draft202012Validator(promised).validate(json.loads(sanitize("org/model", *words, "--json").stdout))


def test_an_unknown_one_is_a_usage_error(sanitize: Any) -> None:
    done = sanitize("schema", "card")
    assert (done.exit_code, done.stdout) == (2, "")
    assert (
        "'report', 'scan', 'preview', 'forensics', 'apply', 'vet', 'vets', 'benchmark', 'cell', 'verification', 'compar"
        in done.stderr
    )
