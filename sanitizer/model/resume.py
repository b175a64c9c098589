"""Forward passes that start in the middle: layers below the lowest one that a mask touches compute what they did.

One pass keeps, for each text, what some layers handed on; later passes over the same texts begin there. Families need
no help: layers below are replaced, while such a pass runs, by one line that hands on what was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from sanitizer.model.batches import Batch, Encoded
from sanitizer.model.replaced import replaced
from sanitizer.model.subject import Subject

BYTES = 1 << 28
"""Memory that kept activations may take: 256 MB. Fewer layers are kept where all would not fit, or none."""


class Resume:
    """What chosen layers of an untouched model hand on, by text. Bounded by `most_bytes`, on the model's device."""

    def __init__(self, subject: Subject, data: Encoded, *, most_bytes: int = BYTES) -> None:
        self._blocks = [layer.block for layer in subject.anatomy.layers]
        config = subject.model.config.get_text_config()
        tokens = sum(data.length(index) for index in range(len(data)))
        one = tokens * config.hidden_size * torch.finfo(subject.model.dtype).bits // 8
        inner = range(len(self._blocks) - 1)
        many = min(len(inner), most_bytes // max(one, 1))
        # Evenly spaced: masks of any depth gain about as much.
        self._kept: dict[int, dict[int, Tensor]] = {
            inner[(place + 1) * len(inner) // (many + 1)] if many < len(inner) else inner[place]: {}
            for place in range(many)
        }

    @property
    def bytes(self) -> int:
        """Memory taken by what is kept."""
        return sum(hidden.nbytes for kept in self._kept.values() for hidden in kept.values())

    @contextmanager
    def keeping(self, batch: Batch) -> Iterator[None]:
        """Within this context a forward pass of the batch leaves behind what the kept layers hand on."""
        lengths = batch.inputs["attention_mask"].sum(dim=1).tolist()

        def keep(kept: dict[int, Tensor]) -> Callable[[nn.Module, tuple[Any, ...], Tensor], None]:
            def hook(block: nn.Module, inputs: tuple[Any, ...], hidden: Tensor) -> None:
                for row, (index, length) in enumerate(zip(batch.index, lengths, strict=True)):
                    kept[index] = hidden[row, :length].clone()

            return hook

        with ExitStack() as stack:
            for layer, kept in self._kept.items():
                stack.callback(self._blocks[layer].register_forward_hook(keep(kept)).remove)
            yield

    @contextmanager
    def below(self, lowest: int, batch: Batch) -> Iterator[None]:
        """Within this context a forward pass of the batch begins at the highest kept layer below `lowest`, if any."""
        start = max((layer for layer in self._kept if layer < lowest and self._has(layer, batch.index)), default=None)
        if start is None:
            yield
            return
        hidden = pad_sequence([self._kept[start][index] for index in batch.index], batch_first=True)
        with ExitStack() as stack:
            for block in self._blocks[: start + 1]:
                stack.enter_context(replaced(block, lambda *inputs, **named: hidden))
            yield

    def _has(self, layer: int, index: Sequence[int]) -> bool:
        return all(text in self._kept[layer] for text in index)
