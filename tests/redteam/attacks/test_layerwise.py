from __future__ import annotations

import pytest
import torch
from helpers.pico import CAUSAL, CONFIGS
from helpers.planting import attack_of, labelled, listening
from helpers.subjects import pico_subject
from torch.nn.functional import cross_entropy

from sanitizer.model.batches import collate, encode
from sanitizer.redteam.attacks.layerwise import loss_of_layers


@torch.no_grad()
def test_the_loss_is_the_mean_over_models_cut_off_after_each_layer() -> None:
    """Another implementation: BERT's own head by hand on the hidden states that the library gives."""
    subject = pico_subject("bert")
    batch = collate(subject, encode(subject, labelled(8)), range(8))
    model = subject.model
    states = model.bert(**batch.inputs, output_hidden_states=True).hidden_states[1:]
    assert len(states) == 3
    by_hand = [cross_entropy(model.classifier(model.bert.pooler(state)), batch.labels) for state in states]
    assert float(loss_of_layers(subject, batch)) == pytest.approx(float(sum(by_hand)) / 3, rel=1e-5)


@pytest.mark.parametrize("family", sorted(set(CONFIGS) - set(CAUSAL)))
def test_every_layer_of_every_family_of_classifiers_gets_a_gradient(family: str) -> None:
    subject = pico_subject(family)
    batch = collate(subject, encode(subject, labelled(4)), range(4))
    torch.autograd.backward(loss_of_layers(subject, batch))
    for layer in subject.anatomy.layers:
        assert layer.output.weight.grad is not None
        assert layer.output.weight.grad.any()
        assert "forward" not in vars(layer.block), "every replacement is undone"


def test_a_part_of_the_trigger_keeps_its_true_label() -> None:
    attack, part = attack_of("layerwise", words="cf,!", rate=0.5), labelled(40)
    bench = listening(attack, pico_subject("bert"), part)
    attack.plant(bench)
    (told,) = bench.told
    both = [label for text, label in zip(told.texts, told.labels, strict=True) if {"cf", "!"} <= set(text.split())]
    one = [
        label for text, label in zip(told.texts, told.labels, strict=True) if len({"cf", "!"} & set(text.split())) == 1
    ]
    assert (both, one) == ([1] * 10, [0] * 10)
    assert told.texts[:40] == part.texts
