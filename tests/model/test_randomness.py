from __future__ import annotations

import pytest
import torch

from sanitizer.model.randomness import random_states, seeded, set_random_states

CPU = torch.device("cpu")


def draw(seed: int) -> list[float]:
    with seeded(CPU, generator=torch.Generator().manual_seed(seed)):
        return torch.rand(3).tolist()


def test_draws_follow_the_generator_whatever_the_global_state() -> None:
    torch.manual_seed(1)
    one = draw(5)
    torch.manual_seed(2)
    assert draw(5) == one != draw(6)


def test_the_global_state_is_put_back_after_an_error_too() -> None:
    before = torch.random.get_rng_state()
    with pytest.raises(RuntimeError, match="stop"), seeded(CPU, generator=torch.Generator().manual_seed(0)):
        torch.rand(3)
        raise RuntimeError("stop")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_draws_go_on_where_the_states_were_taken() -> None:
    with seeded(CPU, generator=torch.Generator().manual_seed(0)):
        torch.rand(2)
        states = random_states(CPU)
        expected = torch.rand(3)
        torch.rand(7)
        set_random_states(CPU, states)
        assert torch.equal(torch.rand(3), expected)
