"""What every layer hands on to the next one, seen while a model runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn

from sanitizer.model.anatomy import Anatomy


@contextmanager
def hidden_states(anatomy: Anatomy) -> Iterator[list[Tensor]]:
    """Within this context each layer of a forward pass appends its output, [batch, token, width], in order.

    Gradients flow through it. Empty the list between two passes.
    """
    seen: list[Tensor] = []

    def hook(block: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    with ExitStack() as stack:
        for layer in anatomy.layers:
            stack.callback(layer.block.register_forward_hook(hook).remove)
        yield seen
