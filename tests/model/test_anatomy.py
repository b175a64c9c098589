from __future__ import annotations

import pytest
import torch
from helpers.pico import CONFIGS, make_model
from helpers.subjects import pico_subject

from sanitizer.errors import UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_rows_of_all_roles_tile_the_projections(family: str) -> None:
    """Every output feature belongs to exactly one role of one head."""
    for layer in Anatomy.of(make_model(family)).layers:
        roles = [layer.query(head) for head in range(layer.heads)]
        roles += [role(key) for role in (layer.key, layer.value) for key in range(layer.key_heads)]
        for module in layer.projections():
            rows = sorted(row for role in roles if role.module is module for row in role.rows)
            assert rows == list(range(len(layer.as_outputs(module.weight))))


def test_heads_are_listed_layer_by_layer() -> None:
    anatomy = Anatomy.of(make_model("bert"))
    assert anatomy.counts() == (4, 4, 4)
    assert anatomy.heads()[:5] == tuple(HeadId.parse(name) for name in ("L0.H0", "L0.H1", "L0.H2", "L0.H3", "L1.H0"))


def test_query_rows_drive_only_their_head() -> None:
    """Truth outside the table: perturb a head's query rows and see whose attention weights move."""
    from sanitizer.model.observe import watched

    subject = pico_subject("phi3")
    inputs = {"input_ids": torch.tensor([[4, 9, 7, 5, 12, 8]]), "attention_mask": torch.ones(1, 6, dtype=torch.long)}

    def first_layer() -> torch.Tensor:
        seen = {}
        with torch.no_grad(), watched(subject.anatomy, lambda layer, weights: seen.setdefault(layer, weights.clone())):
            subject.model(**inputs)
        return seen[0][0]

    before = first_layer()
    role = subject.anatomy.layers[0].query(2)
    role.module.weight.data[list(role.rows)] += 1
    moved = (first_layer() - before).abs().amax(dim=(1, 2))
    assert moved[2] > 1e-3
    assert moved[[0, 1, 3]].max() < 1e-6


def test_model_of_another_build_is_named() -> None:
    model = make_model("bert")
    model.config.model_type = "gpt2"
    with pytest.raises(UnsupportedError, match="built differently"):
        Anatomy.of(model)
