from __future__ import annotations

import pytest
from helpers.pico import make_inputs
from helpers.subjects import pico_subject

from sanitizer.model.held import embeddings_held


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
