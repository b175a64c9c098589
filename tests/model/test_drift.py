"""Heads against the base: distances by a closed form, and what one reset head changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.bases import based
from helpers.pico import CONFIGS, GROUPED

from sanitizer.model.drift import beside_heads, distances, put_heads


def grid(*heads: tuple[int, int]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float((layer, head) in heads) for head in range(4)) for layer in range(3))


@pytest.mark.parametrize("family", CONFIGS)
def test_a_head_that_was_doubled_moved_by_its_own_length(family: str, tmp_path: Path) -> None:
    subject, base = based(tmp_path / "base", family, seed=0)
    assert distances(subject, base) == ((0.0,) * 4,) * 3
    layer = subject.anatomy.layers[1]
    with torch.no_grad():
        for role in (layer.query(2), layer.key(2 // layer.group), layer.value(2 // layer.group)):
            layer.as_outputs(role.module.weight)[list(role.rows)] *= 2
        layer.as_outputs(layer.output.weight)[:, list(layer.columns(2))] *= 2
    moved = distances(subject, base)
    assert moved[1][2] == pytest.approx(1.0, rel=1e-5)
    assert moved[0] == moved[2] == (0.0,) * 4
    others = [moved[1][head] for head in range(4) if head // layer.group != 2 // layer.group]
    assert others == [0.0] * len(others)


@pytest.mark.parametrize("family", CONFIGS)
def test_putting_one_head_back_changes_that_head_alone(family: str, tmp_path: Path) -> None:
    subject, base = based(tmp_path / "base", family)
    far = distances(subject, base)
    before = {name: weight.detach().clone() for name, weight in subject.model.named_parameters()}
    numbers = put_heads(subject, base, grid((1, 0), (1, 1)))
    near = distances(subject, base)
    # Two heads are one whole group where keys are shared.
    assert near[1][:2] == (0.0, 0.0)
    assert near[1][2:] == far[1][2:]
    assert near[0] == far[0]
    changed = sum(int((before[name] != weight).sum()) for name, weight in subject.model.named_parameters())
    assert changed == numbers


@pytest.mark.parametrize("family", GROUPED)
def test_shared_keys_follow_when_all_that_share_them_do(family: str, tmp_path: Path) -> None:
    subject, base = based(tmp_path / "base", family)
    layer = subject.anatomy.layers[0]
    key = layer.key(0)
    before = key.module.weight[list(key.rows)].detach().clone()
    put_heads(subject, base, grid((0, 0)))
    assert torch.equal(key.module.weight[list(key.rows)], before)
    put_heads(subject, base, grid((0, 0), (0, 1)))
    assert not torch.equal(key.module.weight[list(key.rows)], before)


@pytest.mark.parametrize("family", CONFIGS)
def test_heads_and_what_is_beside_them_are_the_whole_layer(family: str, tmp_path: Path) -> None:
    subject, base = based(tmp_path / "base", family)
    every = tuple((1.0,) * 4 for _ in range(3))
    put_heads(subject, base, every)
    base.put(subject, beside_heads(subject, base))
    found = dict(base.read(base.inner))
    parameters = dict(subject.model.named_parameters())
    assert all(torch.equal(parameters[name], tensor) for name, tensor in found.items())
