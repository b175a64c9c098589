from __future__ import annotations

import pytest
import torch
from helpers.pico import CONFIGS, make_inputs
from helpers.subjects import pico_subject

from sanitizer.model.hidden import hidden_states


@pytest.mark.parametrize("family", CONFIGS)
def test_every_layer_hands_on_what_transformers_says(family: str) -> None:
    """But for the last one, which some families still put through a norm before they say it."""
    subject, inputs = pico_subject(family), make_inputs()
    with torch.no_grad(), hidden_states(subject.anatomy) as seen:
        said = subject.model(**inputs, output_hidden_states=True).hidden_states[1:]
    assert len(seen) == len(said) == 3
    for ours, theirs in list(zip(seen, said, strict=True))[:-1]:
        assert torch.equal(ours, theirs)


def test_gradients_flow_and_nothing_is_seen_afterwards() -> None:
    subject = pico_subject()
    with hidden_states(subject.anatomy) as seen:
        subject.model(**make_inputs())
    torch.autograd.backward(seen[-1].sum())
    assert subject.model.get_input_embeddings().weight.grad is not None
    subject.model(**make_inputs())
    assert len(seen) == 3
