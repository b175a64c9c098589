"""Options: the defaults that help texts promise, and a token that nothing prints."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict, fields

import pytest

from sanitizer.errors import UsageError
from sanitizer.options import DataOptions, RunOptions, ScanOptions

TOKEN = "hf_" + "x" * 34


@pytest.mark.parametrize("kind", [ScanOptions, RunOptions])
def test_a_token_is_not_in_what_is_printed(kind: type[ScanOptions]) -> None:
    options = kind("org/model", token=TOKEN)
    assert options.token == TOKEN
    for shown in (repr(options), str(options), f"{options!r}", str([options])):
        assert TOKEN not in shown
        assert "token" not in shown
        assert "org/model" in shown


def test_the_defaults_are_the_documented_ones() -> None:
    assert asdict(RunOptions("org/model")) == {
        "model": "org/model",
        "data": {"data": None, "text_column": None, "label_column": None},
        "revision": None,
        "device": "auto",
        "dtype": "auto",
        "seed": 0,
        "batch_size": None,
        "token": None,
        "gate": {"fail_on": None, "drop_chat_template": False, "policy": None, "require_sandbox": False},
        "ablate": False,
        "max_memory": None,
        "strategy": "gradient",
        "settings": {},
        "recipe": None,
        "base": None,
        "output": None,
        "force": False,
        "layout": "compact",
        "max_accuracy_drop": None,
        "min_accuracy": None,
        "max_heads": None,
        "per_layer": None,
        "push_to": None,
        "private": True,
        "create_pr": False,
        "resume": True,
    }


def test_a_run_takes_every_option_of_a_scan() -> None:
    scan = {field.name: field.default for field in fields(ScanOptions)}
    run = {field.name: field.default for field in fields(RunOptions)}
    assert scan.items() <= run.items()


def test_two_rules_for_accuracy_are_one_too_many() -> None:
    assert RunOptions("a/b", max_accuracy_drop=0.0).min_accuracy is None
    assert RunOptions("a/b", min_accuracy=0.0).max_accuracy_drop is None
    with pytest.raises(UsageError, match="two rules"):
        RunOptions("a/b", max_accuracy_drop=0.0, min_accuracy=0.0)


def test_options_are_frozen_and_do_not_share_settings() -> None:
    one, other = RunOptions("a/b"), RunOptions("a/b")
    assert one == other
    assert one.settings is not other.settings
    for options in (one, ScanOptions("a/b"), DataOptions()):
        with pytest.raises(FrozenInstanceError):
            setattr(options, fields(options)[0].name, "other")
