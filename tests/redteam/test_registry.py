"""Attacks by the names that users type."""

from __future__ import annotations

import pytest

from sanitizer.errors import UsageError
from sanitizer.redteam import registry


def test_a_name_is_a_file_with_dashes() -> None:
    assert {"clean-label", "word-substitution"} <= set(registry.names())
    assert not any("_" in name for name in registry.names())
    for wrong in ("clean_label", "hmpi"):
        with pytest.raises(UsageError, match="there is no attack"):
            registry.build(wrong, {})


def test_it_is_described_and_built_by_that_name() -> None:
    assert registry.describe("word-substitution").name == "word-substitution"
    assert [entry.name for entry in registry.entries()] == list(registry.names())
    assert registry.build("badnets", {"words": "xx"}).about == "one of the words xx at a random place"
