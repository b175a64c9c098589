from __future__ import annotations

import pytest
import torch
from torch import nn

from sanitizer.model.replaced import replaced


def test_the_innermost_computes_and_each_end_gives_back_what_was_there() -> None:
    module, one = nn.Linear(2, 2), torch.ones(1, 2)
    own = module(one)
    with replaced(module, lambda inputs: inputs + 1):
        assert module(one).tolist() == [[2.0, 2.0]]
        with replaced(module, lambda inputs: inputs + 2):
            assert module(one).tolist() == [[3.0, 3.0]]
        assert module(one).tolist() == [[2.0, 2.0]]
    assert torch.equal(module(one), own)
    assert "forward" not in vars(module)


def test_an_error_gives_it_back_too_and_hooks_run_as_before() -> None:
    module, seen = nn.Linear(2, 2), []
    module.register_forward_hook(lambda *_: seen.append(1))
    with pytest.raises(RuntimeError), replaced(module, lambda inputs: inputs):
        module(torch.ones(1, 2))
        raise RuntimeError
    assert seen == [1]
    assert "forward" not in vars(module)
