from __future__ import annotations

import pytest
import torch

from sanitizer.errors import ResourceError
from sanitizer.model.halving import Halving


def allocate(size: int, most: int) -> torch.Tensor:
    """What no machine has, where the size is above `most`: the error is the allocator's own."""
    return torch.empty(10**15 if size > most else size)


def test_the_size_is_halved_until_it_fits_and_stays_so() -> None:
    sizes = Halving(32)
    assert len(sizes.work("scan", lambda size: allocate(size, 10))) == 8
    assert sizes.size == 8
    assert [words for words in sizes.remarks if "scan" in words] == sizes.remarks
    assert (len(sizes.remarks), "32" in sizes.remarks[0], "16 since" in sizes.remarks[0]) == (2, True, True)
    assert len(sizes.work("score", lambda size: allocate(size, 10))) == 8
    assert len(sizes.remarks) == 2


def test_random_numbers_are_those_of_a_first_try() -> None:
    def draw(generator: torch.Generator, size: int, most: int) -> list[float]:
        drawn = torch.rand(3, generator=generator).tolist()
        allocate(size, most)
        return drawn

    once, again = torch.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    sizes = Halving(4)
    assert draw(once, 1, 1) == sizes.work("score", lambda size: draw(again, size, 1), generator=again)
    assert sizes.size == 1
    assert torch.equal(once.get_state(), again.get_state())


def test_one_text_that_does_not_fit_ends_it_with_advice() -> None:
    with pytest.raises(ResourceError, match="measure before") as ended:
        Halving(3).work("measure before", lambda size: allocate(size, 0))
    assert ended.value.exit_code == 3
    assert "--max-memory" in ended.value.hint


def test_other_errors_are_not_swallowed() -> None:
    sizes = Halving(8)
    with pytest.raises(RuntimeError, match="size"):
        sizes.work("scan", lambda size: torch.ones(2) @ torch.ones(3))
    assert (sizes.size, sizes.remarks) == (8, [])
