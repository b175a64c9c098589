"""Where in each weight the numbers of zeroed heads are, so that they can be zeroed in any part of it."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from sanitizer.model.geometry import emptied
from sanitizer.model.rates import along
from sanitizer.model.subject import Subject


def dead(subject: Subject) -> dict[str, Tensor]:
    """For each weight that has some, by name, True where it belongs to zeroed heads alone, in a shape that broadcasts.

    What `sanitizer.model.surgery.zero` zeroes; keys and values only where their whole group is gone.
    """
    names = {weight: name for name, weight in subject.model.named_parameters()}
    found: dict[str, Tensor] = {}
    for layer in subject.anatomy.layers:
        mine = {head.head for head in subject.zeroed if head.layer == layer.index}
        if not mine:
            continue
        parts = emptied(layer, mine)
        for module, rows in zip(layer.projections(), parts.rows, strict=True):
            weight, bias = module.get_parameter("weight"), module._parameters.get("bias")
            gone = _marked(layer.as_outputs(weight).shape[0], rows)
            found[names[weight]] = along(module, gone, inputs=False)
            if bias is not None:
                found[names[bias]] = gone
        columns = _marked(layer.heads * layer.head_dim, parts.columns)
        found[names[layer.output.get_parameter("weight")]] = along(layer.output, columns, inputs=True)
    return {name: gone.to(subject.device) for name, gone in found.items()}


def _marked(length: int, ranges: Iterable[range]) -> Tensor:
    marks = torch.zeros(length, dtype=torch.bool)
    for one in ranges:
        marks[one.start : one.stop] = True
    return marks
