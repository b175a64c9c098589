from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.pico import make_folder, make_model
from helpers.subjects import checkpoint_of, open_folder

from sanitizer.errors import UnsupportedError
from sanitizer.model.placement import Spread, choose_spread, home_of, spread_over, weight_bytes
from sanitizer.model.subject import open_subject


def test_weights_are_counted_from_headers_in_the_precision_asked_for(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "llama", dtype=torch.float16)
    numbers = make_model("llama").num_parameters()
    assert weight_bytes(checkpoint_of(folder), torch.float32) == 4 * numbers
    assert weight_bytes(checkpoint_of(folder), torch.bfloat16) == 2 * numbers


def test_what_fits_stays_whole_and_what_does_not_is_spread(tmp_path: Path) -> None:
    free = {0: 1000, "cpu": 5000}
    assert choose_spread("auto", None, tmp_path, need=800, free=free) is None
    assert choose_spread("auto", None, tmp_path, need=801, free=free) == Spread({0: 800, "cpu": 4000}, tmp_path)
    assert choose_spread("cpu", None, tmp_path, need=10**15, free=free) is None
    assert choose_spread("auto", {"cpu": 7}, tmp_path, need=1, free=free) == Spread({"cpu": 7}, tmp_path)


def test_a_device_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="cuda:77"):
        choose_spread("auto", {"cuda:77": 1}, tmp_path, need=1)


def test_inputs_go_to_the_first_accelerator_or_the_cpu() -> None:
    assert home_of({"a": "disk", "b": "cpu"}) == torch.device("cpu")


def test_a_model_that_fits_is_not_spread(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    roomy = Spread({"cpu": 10**9}, tmp_path / "away")
    subject = open_subject(checkpoint_of(folder), device=torch.device("cpu"), dtype=torch.float32, spread=roomy)
    assert (subject.spread, spread_over(subject.model)) == (False, {})
    assert spread_over(open_folder(folder).model) == {}


def test_layers_are_not_divided(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "llama", num_hidden_layers=4)
    some = weight_bytes(checkpoint_of(folder), torch.float32) // 2
    spread = Spread({"cpu": some}, tmp_path / "away")
    subject = open_subject(checkpoint_of(folder), device=torch.device("cpu"), dtype=torch.float32, spread=spread)
    for layer in subject.anatomy.layers:
        assert len({parameter.is_meta for parameter in layer.block.parameters()}) == 1
    first, last = subject.anatomy.layers[0].block, subject.anatomy.layers[-1].block
    assert [any(parameter.is_meta for parameter in block.parameters()) for block in (first, last)] == [False, True]
