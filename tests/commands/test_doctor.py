"""`sanitize doctor`."""

from __future__ import annotations

import json
import platform
from typing import Any


def test_it_says_the_versions_and_ends_well(sanitize: Any) -> None:
    done = sanitize("doctor")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if len(line.split()) == 2)
    assert lines["python"] == platform.python_version()
    assert {"torch", "transformers", "huggingface_hub", "safetensors", "datasets", "token"} <= lines.keys()


def test_json_says_the_same(sanitize: Any) -> None:
    document = json.loads(sanitize("doctor", "--json").stdout)
    assert document["python"] == platform.python_version()
    assert document["machine"]["memory"] > 0


def test_a_token_is_present_or_absent_and_never_shown(sanitize: Any) -> None:
    for flags in ((), ("--json",)):
        shown = sanitize("doctor", *flags, env={"HF_TOKEN": "hf_abcdefghijk"}).stdout
        assert "hf_abc" not in shown
    assert json.loads(shown)["hub"]["token"] is True
