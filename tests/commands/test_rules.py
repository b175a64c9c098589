"""`sanitize rules`."""

from __future__ import annotations

import json
from typing import Any

from sanitizer.vet.rules import catalogue


def test_every_rule_is_listed(sanitize: Any) -> None:
    done = sanitize("rules")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(catalogue())
    assert [page["id"] for page in json.loads(sanitize("rules", "--json").stdout)] == list(catalogue())


def test_a_page_says_what_why_and_what_to_do(sanitize: Any) -> None:
    page = sanitize("rules", "config.implementation").stdout
    rule = catalogue()["config.implementation"]
    words = " ".join(page.split())
    for part in (rule.id, rule.severity, rule.text, rule.why, rule.hint, *rule.sources):
        assert part in words
    assert json.loads(sanitize("rules", rule.id, "--json").stdout)["why"] == rule.why


def test_an_unknown_rule_is_a_usage_error_with_a_guess(sanitize: Any) -> None:
    done = sanitize("rules", "config.automap")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'config.auto-map'" in done.stderr
