from __future__ import annotations

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import losses
from sanitizer.model.importance import gate_importance, key_importance
from sanitizer.model.observe import gated, open_gates
from sanitizer.model.subject import Subject

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three")
LABELS = (1, 0, 1, 0)


def slow_gate_importance(subject: Subject, layer: int, head: int) -> float:
    """Central finite differences, one text at a time."""
    total = 0.0
    for text, label in zip(TEXTS, LABELS, strict=True):
        (batch,) = batches(subject, encode(subject, Part((text,), (label,))), size=1)
        values = []
        for step in (1e-2, -1e-2):
            gates = open_gates(subject.anatomy, device=subject.device)
            gates[layer][head] += step
            with torch.no_grad(), gated(subject.anatomy, gates):
                loss, _, asked, _ = losses(subject, batch)
            values.append(float(loss / asked))
        total += abs(values[0] - values[1]) / 2e-2
    return total / len(TEXTS)


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_gate_importance_equals_finite_differences(family: str) -> None:
    subject = pico_subject(family)
    grid = gate_importance(subject, batches(subject, encode(subject, Part(TEXTS, LABELS)), size=3))
    for layer, head in ((0, 1), (1, 3), (2, 0)):
        assert grid[layer][head] == pytest.approx(slow_gate_importance(subject, layer, head), rel=0.02, abs=2e-4)


def test_importance_does_not_depend_on_batching_and_leaves_the_model_alone() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(TEXTS, LABELS))
    before = {name: value.clone() for name, value in subject.model.state_dict().items()}
    one = gate_importance(subject, batches(subject, data, size=1))
    many = gate_importance(subject, batches(subject, data, size=4))
    torch.testing.assert_close(torch.tensor(one), torch.tensor(many), rtol=1e-3, atol=1e-6)
    assert all(torch.equal(value, before[name]) for name, value in subject.model.state_dict().items())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in subject.model.parameters())


@pytest.mark.parametrize("family", ["bert", "gpt2", "gpt_neox", "llama"])
def test_key_importance_is_the_norm_of_the_heads_own_rows(family: str) -> None:
    subject = pico_subject(family)
    (batch,) = batches(subject, encode(subject, Part(TEXTS, LABELS)), size=8)
    grid = key_importance(subject, [batch])
    loss, _, asked, _ = losses(subject, batch)
    (loss.sum() / asked.sum()).backward()
    for layer in subject.anatomy.layers:
        for head in range(layer.heads):
            role = layer.key(head // layer.group)
            rows = layer.as_outputs(role.module.weight.grad)[list(role.rows)]
            assert grid[layer.index][head] == pytest.approx(float(rows.norm()), rel=1e-4)
    if family != "llama":
        assert len({round(value, 9) for value in grid[0]}) == 4, "heads of a layer must not tie"
