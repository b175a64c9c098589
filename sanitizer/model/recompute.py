"""Gradients in little memory: what a layer computed is thrown away and computed again when the gradient reaches it.

Source: Chen et al. 2016, arXiv 1604.06174 (activation checkpointing), by torch's `checkpoint`. transformers' own
switch wants training mode, where dropout is; this one leaves the mode alone. Each layer's weights, if they are
offloaded, come twice per pass and are never there all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor
from torch.utils.checkpoint import checkpoint

from sanitizer.model.replaced import replaced
from sanitizer.model.subject import Subject


@contextmanager
def recomputing(subject: Subject) -> Iterator[None]:
    """Within this context, which must hold the backward pass too, layers keep their inputs and nothing else.

    The gradients are the same numbers. Keys and values are not kept for a next token: they would come twice.
    """
    config = subject.model.config.get_text_config()
    before = vars(config).get("use_cache")
    with ExitStack() as stack:
        if before:
            config.use_cache = False
            stack.callback(setattr, config, "use_cache", before)
        for layer in subject.anatomy.layers:
            stack.enter_context(replaced(layer.block, _again(layer.block.forward)))
        yield


def _again(forward: Callable[..., Any]) -> Callable[..., Tensor]:
    def computed(*inputs: Any, **named: Any) -> Tensor:
        return checkpoint(forward, *inputs, use_reentrant=False, **named)  # type: ignore[no-any-return]

    return computed
