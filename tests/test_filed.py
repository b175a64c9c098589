"""A vetted model as its files say it is, against the live model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.pico import CONFIGS, make_folder
from helpers.subjects import open_folder

from sanitizer.errors import CorruptError
from sanitizer.filed import Filed
from sanitizer.intake import take_in
from sanitizer.progress import silent
from sanitizer.records import source_of


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_its_record_is_that_of_the_opened_model(family: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model", family)
    intake = take_in(str(folder), None, tmp_path, token=None, progress=silent)
    assert Filed.of(intake).source() == source_of(intake, open_folder(folder))


def test_weights_that_do_not_fill_the_model_are_none(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model", "bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 4}))
    with pytest.raises(CorruptError):
        Filed.of(take_in(str(folder), None, tmp_path, token=None, progress=silent))
