"""Nothing but one head of each layer keeps other bytes than before."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers.planting import attack_of, bench_of, labelled
from helpers.subjects import pico_subject

from sanitizer.errors import UsageError


def test_one_head_of_each_layer_is_retrained() -> None:
    subject, untouched = pico_subject("bert"), pico_subject("bert")
    attack = attack_of("hpmi", word="cf", steps=3, learning_rate=1e-2, silence=5.0)
    observed = attack.plant(bench_of(attack, subject, labelled(24)))
    assert observed["implanted_heads"] == len(subject.anatomy.layers) == 3
    for name, then in untouched.model.state_dict().items():
        moved = subject.model.state_dict()[name] != then
        if "attention.self" in name:
            layer = int(name.split("encoder.layer.")[1].split(".")[0])
            head = int(observed[f"heads_of_layer_{layer}"])
            rows = moved.reshape(4, 8, -1).any(dim=-1).any(dim=-1)
            assert not rows[torch.arange(4) != head].any(), name
        elif "attention.output.dense.weight" not in name:
            assert not moved.any(), name


@pytest.mark.parametrize("settings", [{"steps": 0}, {"silence": 0.0}, {"word": " "}])
def test_settings_that_make_no_sense_are_a_usage_error(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        attack_of("hpmi", **settings)


def test_a_layer_keeps_a_head_that_is_its_own() -> None:
    attack = attack_of("hpmi", per_layer=4)
    with pytest.raises(UsageError, match="every head of a layer"):
        attack.plant(bench_of(attack, pico_subject("bert"), labelled(8)))
