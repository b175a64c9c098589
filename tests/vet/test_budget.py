"""What a config asks for: lower bounds that no real model breaks, and that giants do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make, rules, vetted
from helpers.pico import CONFIGS, make_folder, make_model

from sanitizer.vet.budget import asked


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_no_part_is_larger_than_the_real_model(family: str, tmp_path: Path) -> None:
    """The truth is the model that transformers builds."""
    model = make_model(family)
    config = json.loads(model.config.to_json_string(use_diff=False))
    parts = asked(config)
    assert 0 < sum(parts.values()) <= sum(parameter.numel() for parameter in model.parameters())
    assert rules(vetted(make_folder(tmp_path / "m", family))) == set()


@pytest.mark.parametrize(
    "config",
    [
        {"vocab_size": 1 << 27},
        {"hidden_size": 1 << 14, "intermediate_size": 1 << 16},
        {"num_hidden_layers": 4000, "hidden_size": 4096},
        {"max_position_embeddings": 1 << 27},
        {"type_vocab_size": 1 << 27},
        {"num_labels": 1 << 20, "hidden_size": 1 << 12},
    ],
)
def test_giants_are_refused_before_anything_is_built(config: dict[str, Any], tmp_path: Path) -> None:
    assert rules(vetted(make(tmp_path / "m", **config))) == {"config.weights-size"}


def test_rotary_positions_take_no_weights(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", model_type="llama", max_position_embeddings=1 << 27)
    assert "config.weights-size" not in rules(vetted(folder))
