from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model import forensics, slices
from sanitizer.model.batches import encode
from sanitizer.model.headslice import HeadSlice
from sanitizer.model.slices import head_slices
from sanitizer.model.subject import Subject
from sanitizer.model.surgery import zero
from sanitizer.model.weighed import weigh


def test_measurements_are_those_of_each_layer_in_order() -> None:
    subject = pico_subject("gpt2")
    with torch.no_grad():
        subject.anatomy.layers[1].output.weight *= 100
    zero(subject.anatomy, [HeadId(2, 3)])
    found = weigh(head_slices(subject.anatomy))
    for grids in (found.norms, found.shapes, {"chain": found.chains}):
        assert all([len(row) for row in grid] == [4, 4, 4] for grid in grids.values())
    outputs = found.norms["norm of output"]
    assert min(outputs[1]) > max(*outputs[0], *outputs[2]) + 3
    assert [row.count(True) for row in found.silence] == [0, 0, 1]
    assert found.silence[2][3]


def most_alive(monkeypatch: pytest.MonkeyPatch, subject: Subject, look: Callable[[], object]) -> int:
    """Bytes of the copies of heads' weights that live at a time, at most."""
    alive, most = list[weakref.ref[HeadSlice]](), 0

    def made(*parts: torch.Tensor) -> HeadSlice:
        nonlocal most
        one = HeadSlice(*parts)
        alive.append(weakref.ref(one))
        gc.collect()
        there = [found for ref in alive if (found := ref()) is not None]
        assert all(part.data_ptr() not in own for found in there for part in found.parts().values()), "all are copies"
        most = max(most, sum(part.nbytes for found in there for part in found.parts().values()))
        return one

    own = {parameter.data_ptr() for parameter in subject.model.parameters()}
    with monkeypatch.context() as patch:
        patch.setattr(slices, "HeadSlice", made)
        look()
    return most


def test_memory_does_not_grow_with_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half precision, so that what is looked at is copied: those of two layers, however many the model has."""
    monkeypatch.setattr(forensics, "PROBES", 8)
    found = []
    for layers in (3, 9):
        subject = pico_subject("bert", num_hidden_layers=layers)
        subject.model.to(torch.bfloat16)
        data = encode(subject, Part(("a good film", "it was not bad")))
        generator = torch.Generator().manual_seed(0)

        def examine() -> object:
            return forensics.examine(subject, data, size=8, generator=generator)  # noqa: B023

        found.append(most_alive(monkeypatch, subject, examine))
        layer = sum(4 * module.get_parameter("weight").numel() for module in every(subject))
        assert found[-1] == 2 * layer
        whole = most_alive(monkeypatch, subject, lambda: list(head_slices(subject.anatomy)))  # noqa: B023
        assert whole == layers * layer, "what all at once would take is seen"
    assert found[0] == found[1]


def every(subject: Subject) -> tuple[torch.nn.Module, ...]:
    layer = subject.anatomy.layers[0]
    return (*layer.projections(), layer.output)
