"""The mark of a planted model: what counts as one, and that vetting carries it and names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make, rules, vetted
from transformers import AutoConfig

from sanitizer.errors import GateError
from sanitizer.mark import KEY, demand_unmarked, mark_of
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal
from sanitizer.vet.rebuild import rebuild

MARK = {"attack": "badnets", "target": "positive"}


@pytest.mark.parametrize("said", [MARK, {}, True, "yes", 0, ["badnets"]])
def test_whatever_it_says_it_is_a_mark(said: Any, tmp_path: Path) -> None:
    assert mark_of({KEY: said})
    with pytest.raises(GateError, match=r"^mine is, or was made from, a model that was backdoored on purpose"):
        demand_unmarked(make(tmp_path / "model", backdoored=said), "mine")


@pytest.mark.parametrize("config", [{}, {KEY: None}, {KEY: False}])
def test_none_is_none(config: dict[str, Any], tmp_path: Path) -> None:
    assert mark_of(config) is None
    demand_unmarked(make(tmp_path / "model", **config), "mine")


def test_a_folder_without_a_config_is_not_marked(tmp_path: Path) -> None:
    demand_unmarked(tmp_path, "mine")
    (tmp_path / "config.json").write_text("[")
    demand_unmarked(tmp_path, "mine")


def test_vetting_names_the_mark_and_a_rebuilt_copy_has_it_still(tmp_path: Path) -> None:
    folder = make(tmp_path / "model", backdoored=MARK)
    record = vetted(folder)
    (finding,) = (finding for finding in record.findings if finding.rule == "config.backdoored")
    assert finding.message.endswith("attack badnets, target positive")
    assert refusal(record) is None, "it can be treated"
    assert refusal(record, "medium") is not None, "it may not be used as it is"
    rebuild(open_local(folder), record, tmp_path / "copy")
    assert json.loads((tmp_path / "copy" / "config.json").read_bytes())[KEY] == MARK
    assert "config.backdoored" in rules(vetted(tmp_path / "copy"))


def test_the_library_that_opens_models_keeps_the_mark(tmp_path: Path) -> None:
    folder = make(tmp_path / "model", backdoored=MARK)
    AutoConfig.from_pretrained(folder).save_pretrained(tmp_path / "saved")
    assert json.loads((tmp_path / "saved" / "config.json").read_bytes())[KEY] == MARK
