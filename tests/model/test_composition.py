from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from sanitizer.heads import Grid
from sanitizer.model.composition import chains, links, standing_out
from sanitizer.model.headslice import HeadSlice

HIDDEN, SIZE = 24, 4


def random_heads(count: int, seed: int) -> list[HeadSlice]:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    return [
        HeadSlice(*(draw(SIZE, HIDDEN) for _ in range(3)), output=draw(HIDDEN, SIZE))
        for _ in range(count)
    ]  # fmt: skip


def chained(layers: list[list[HeadSlice]]) -> Grid:
    return chains([standing_out(*pair) for pair in pairwise(layers)], len(layers[0]))


def test_links_are_those_of_the_paper_on_whole_matrices() -> None:
    earlier, later = random_heads(3, 0), random_heads(2, 1)
    found = links(earlier, later)
    for a, one in enumerate(earlier):
        wrote = one.output @ one.value
        for b, two in enumerate(later):
            circuit, own = two.query.t() @ two.key, two.output @ two.value
            expected = [
                (matrix @ wrote).norm() / (matrix.norm() * wrote.norm()) for matrix in (circuit.t(), circuit, own)
            ]
            assert found[:, a, b].tolist() == pytest.approx([float(value) for value in expected], rel=1e-4)


def test_a_planted_chain_is_the_strongest_and_names_its_heads() -> None:
    layers = [random_heads(6, seed) for seed in range(4)]
    route = (2, 5, 0, 3)
    for (first, one), (second, two) in zip(enumerate(route), list(enumerate(route))[1:], strict=False):
        # what the later head asks for is what the earlier one writes
        before, after = layers[first][one], layers[second][two]
        layers[second][two] = HeadSlice(after.query, before.output.t().clone(), after.value, after.output)
    grid = chained(layers)
    assert tuple(max(range(6), key=row.__getitem__) for row in grid) == route
    assert max(grid[0]) == pytest.approx(max(grid[3]), rel=1e-5), "it is one chain"
    assert min(max(row) for row in grid) > 3


def test_one_layer_has_no_chain_and_a_silent_head_no_link() -> None:
    assert chained([random_heads(3, 0)]) == ((0.0, 0.0, 0.0),)
    quiet = random_heads(4, 0)
    quiet[1] = HeadSlice(quiet[1].query, quiet[1].key, quiet[1].value, torch.zeros(HIDDEN, SIZE))
    grid = chained([quiet, random_heads(4, 1)])
    assert grid[0][1] == 0.0
    assert all(value == value for row in grid for value in row), "no NaN"
