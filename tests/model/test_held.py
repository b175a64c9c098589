from __future__ import annotations

import pytest
from helpers.pico import make_inputs
from helpers.subjects import pico_subject

from sanitizer.model.held import embeddings_held, upper_held


def test_input_embeddings_get_no_gradient_until_they_are_let_go() -> None:
    subject = pico_subject()
    table = subject.model.get_input_embeddings().weight
    with embeddings_held(subject):
        subject.model(**make_inputs()).logits.sum().backward()
        assert table.grad is None
        assert subject.model.classifier.weight.grad is not None
    assert table.requires_grad
    with pytest.raises(KeyError), embeddings_held(subject):
        raise KeyError
    assert table.requires_grad


@pytest.mark.parametrize(("share", "free"), [(0.5, 2), (0.01, 1), (0.99, 3)])
def test_only_the_lowest_layers_are_tuned(share: float, free: int) -> None:
    subject = pico_subject()
    table = subject.model.get_input_embeddings().weight
    table.requires_grad_(False)  # as it was is how it will be
    with upper_held(subject, share):
        subject.model(**make_inputs()).logits.sum().backward()
        tuned = {name for name, weight in subject.model.named_parameters() if weight.grad is not None}
    wanted = {id(weight) for layer in subject.anatomy.layers[:free] for weight in layer.block.parameters()}
    assert tuned == {name for name, weight in subject.model.named_parameters() if id(weight) in wanted}
    assert not table.requires_grad
    assert all(weight.requires_grad for weight in subject.model.parameters() if weight is not table)


def test_of_the_share_one_nothing_is_held() -> None:
    subject = pico_subject()
    with upper_held(subject, 1.0):
        assert all(weight.requires_grad for weight in subject.model.parameters())
