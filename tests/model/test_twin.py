from __future__ import annotations

import pytest
import torch
from helpers.pico import make_inputs
from helpers.subjects import pico_subject

from sanitizer.heads import HeadId
from sanitizer.model.hidden import hidden_states
from sanitizer.model.twin import twin


@pytest.mark.parametrize("physically", [True, False])
@pytest.mark.parametrize("family", ["bert", "phi3"])
def test_a_twin_answers_alike_and_stays_when_the_subject_changes(family: str, physically: bool) -> None:
    subject, inputs = pico_subject(family), make_inputs()
    subject.remove((HeadId(0, 0), HeadId(0, 1), HeadId(2, 3)), physically=physically)
    other = twin(subject)
    with torch.no_grad(), hidden_states(other.anatomy) as seen:
        before = subject.model(**inputs).logits
        assert torch.equal(other.model(**inputs).logits, before)
        for weight in subject.model.parameters():
            weight.zero_()
        assert torch.equal(other.model(**inputs).logits, before)
    assert len(seen) == 6
    assert other.anatomy.counts() == subject.anatomy.counts()
    assert not any(weight.requires_grad for weight in other.model.parameters())
