"""`sanitize strategies`, on the strategies that ship."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from sanitizer import plugins
from sanitizer.strategies.gradient import Gradient


def test_every_strategy_is_listed_with_its_paper(sanitize: Any) -> None:
    listed = json.loads(sanitize("strategies", "--json").stdout)
    assert tuple(entry["name"] for entry in listed) == plugins.names("sanitizer.strategies")
    for entry in listed:
        assert entry["summary"]
        assert entry["source"]
    told = sanitize("strategies").stdout
    assert all(entry["summary"] in told and entry["source"] in told for entry in listed)


def test_one_is_shown_with_the_parameters_it_really_has(sanitize: Any) -> None:
    shown = json.loads(sanitize("strategies", "gradient", "--json").stdout)
    fields = {field.name: repr(field.default) for field in dataclasses.fields(Gradient)}
    assert {parameter["name"]: parameter["default"] for parameter in shown["parameters"]} == fields
    told = sanitize("strategies", "gradient").stdout
    assert "--set samples=…  int, default 1024" in told
    assert "Cannot see:" in told


def test_an_unknown_one_gets_a_guess(sanitize: Any) -> None:
    done = sanitize("strategies", "gradiant")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "did you mean 'gradient'?" in done.stderr
