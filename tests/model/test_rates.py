"""Rates of single heads, held against what the heads alone can change and against AdamW with groups of its own."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from helpers.contexts import context_of
from helpers.pico import CONFIGS, GROUPED
from helpers.subjects import pico_subject
from torch import Tensor
from torch.func import functional_call

from sanitizer.heads import Grid, HeadId
from sanitizer.model.evaluate import logits
from sanitizer.model.observe import closed_gates, gated
from sanitizer.model.rates import Rates, shares
from sanitizer.model.subject import Subject
from sanitizer.model.surgery import zero
from sanitizer.model.training import training
from sanitizer.model.tune import clean_loss

RATE = 1e-2
HEADS = [HeadId(0, 1), HeadId(1, 0), HeadId(2, 3)]


def only(*heads: HeadId, share: float = 1.0) -> Grid:
    return tuple(tuple(share if HeadId(layer, head) in heads else 0.0 for head in range(4)) for layer in range(3))


def sum_of_weights(subject: Subject) -> Callable[[], Tensor]:
    """Its gradient is one everywhere, so AdamW lowers every weight by the learning rate in each step."""
    return lambda: torch.stack([weight.float().sum() for weight in subject.model.parameters()]).sum()


def lowered(subject: Subject, rates: Rates, *, steps: int = 1) -> dict[str, Tensor]:
    """By how much each weight went down in so many steps of `RATE`."""
    before = {name: weight.detach().clone() for name, weight in subject.model.named_parameters()}
    generator = torch.Generator().manual_seed(0)
    with training(subject, learning_rate=RATE, weight_decay=0.0, rates=rates, generator=generator) as trainer:
        for _ in range(steps):
            trainer.step(sum_of_weights(subject))
    return {name: before[name] - weight.detach() for name, weight in subject.model.named_parameters()}


def without(subject: Subject, *heads: HeadId) -> Tensor:
    with gated(subject.anatomy, closed_gates(subject.anatomy, heads, device=subject.device)):
        return logits(subject, context_of(subject).fit[0])


@pytest.mark.parametrize("family", sorted(CONFIGS))
@pytest.mark.parametrize("head", HEADS, ids=str)
def test_what_one_head_learns_is_not_seen_where_that_head_is_gated_off(family: str, head: HeadId) -> None:
    subject = pico_subject(family)
    hidden, open_ = without(subject, head), without(subject)
    lowered(subject, Rates(only(head), 0.0), steps=3)
    torch.testing.assert_close(without(subject, head), hidden, rtol=0, atol=1e-6)
    assert not torch.allclose(without(subject), open_, atol=1e-4)


@pytest.mark.parametrize("family", sorted(CONFIGS))
@pytest.mark.parametrize("head", HEADS, ids=str)
def test_a_head_learns_with_all_weights_that_are_its_own(family: str, head: HeadId) -> None:
    """Those that surgery zeroes for that head; under grouped keys for a pair of heads, with the key they share."""
    pair = (head, HeadId(head.layer, head.head ^ 1)) if family in GROUPED else (head,)
    subject = pico_subject(family)
    own = copy.deepcopy(subject.model)
    for weight in subject.model.parameters():
        weight.data.fill_(1.0)
    zero(subject.anatomy, pair)
    expected = {name: weight.detach() == 0 for name, weight in subject.model.named_parameters()}
    subject.model.load_state_dict(own.state_dict())
    moved = lowered(subject, Rates(only(*pair), 0.0))
    for name, change in moved.items():
        assert torch.equal(change != 0, expected[name]), name


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_each_slice_moves_at_the_rate_of_its_head(family: str) -> None:
    """After three steps of 0.01 with gradients of one: 0.03 times the share; a shared key goes by the slower head."""
    subject = pico_subject(family)
    grid = ((0.5, 2.0, 0.25, 0.0), (1.0, 1.0, 1.0, 1.0), (0.0, 0.1, 4.0, 3.0))
    moved = lowered(subject, Rates(grid, 0.2), steps=3)
    names = {weight: name for name, weight in subject.model.named_parameters()}
    seen = set()
    for layer, row in zip(subject.anatomy.layers, grid, strict=True):
        slices = [(layer.query(head), share) for head, share in enumerate(row)]
        for key in range(layer.key_heads):
            slowest = min(row[key * layer.group : (key + 1) * layer.group])
            slices += [(layer.key(key), slowest), (layer.value(key), slowest)]
        for role, share in slices:
            name = names[role.module.get_parameter("weight")]
            change = layer.as_outputs(moved[name])[list(role.rows)]
            torch.testing.assert_close(change, torch.full_like(change, 3 * RATE * share), rtol=0, atol=2e-6)
            seen |= {name, name.replace("weight", "bias")}
        name = names[layer.output.get_parameter("weight")]
        for head, share in enumerate(row):
            change = layer.as_outputs(moved[name])[:, list(layer.columns(head))]
            torch.testing.assert_close(change, torch.full_like(change, 3 * RATE * share), rtol=0, atol=2e-6)
        seen.add(name)
    for name, change in moved.items():
        if name not in seen:
            torch.testing.assert_close(change, torch.full_like(change, 3 * RATE * 0.2), rtol=0, atol=2e-6)


def test_it_is_adamw_with_a_group_of_its_own_for_each_head() -> None:
    """Held against torch's own parameter groups, over weights that are put together from one leaf for each slice."""
    dry = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    subject, other = pico_subject("bert", **dry), pico_subject("bert", **dry)
    batch = context_of(subject).fit[0]
    grid = ((0.1, 1.0, 6.25, 1.0), (0.0, 1.0, 1.0, 0.1), (2.0, 0.5, 1.0, 0.0))
    generator = torch.Generator().manual_seed(0)
    with training(
        subject, learning_rate=RATE, weight_decay=0.1, rates=Rates(grid, 0.5), generator=generator
    ) as trainer:
        for _ in range(5):
            trainer.step(lambda: clean_loss(subject, batch))

    leaves: dict[str, tuple[int, list[Tensor]]] = {}
    groups = []
    heads = {layer.attention: row for layer, row in zip(other.anatomy.layers, grid, strict=True)}
    outputs = {layer.output: row for layer, row in zip(other.anatomy.layers, grid, strict=True)}
    owners = {weight: module for module in other.model.modules() for weight in module._parameters.values()}
    parents = {child: parent for parent in other.model.modules() for child in parent.children()}
    for name, weight in other.model.named_parameters():
        module = owners[weight]
        row = heads.get(parents[module]) or (outputs.get(module) if name.endswith("weight") else None)
        along = 1 if module in outputs and row else 0
        pieces = weight.detach().clone().chunk(4, dim=along) if row else (weight.detach().clone(),)
        pieces = [piece.contiguous().requires_grad_(True) for piece in pieces]
        leaves[name] = (along, pieces)
        for piece, share in zip(pieces, row or (0.5,), strict=True):
            groups.append({"params": [piece], "lr": RATE * share})
    optimizer = torch.optim.AdamW(groups, weight_decay=0.1)
    for _ in range(5):
        whole = {name: torch.cat(pieces, dim=along) for name, (along, pieces) in leaves.items()}
        answers = functional_call(other.model, whole, kwargs=dict(batch.inputs)).logits
        torch.nn.functional.cross_entropy(answers, batch.labels).backward()
        optimizer.step()
        optimizer.zero_grad()
    for name, weight in subject.model.named_parameters():
        if name.endswith("key.bias"):
            continue  # the softmax takes no notice of it: its gradient is rounding alone, which AdamW makes steps of
        along, pieces = leaves[name]
        torch.testing.assert_close(weight.detach(), torch.cat(pieces, dim=along).detach(), rtol=0, atol=2e-5)


def test_what_has_no_share_stays_bit_for_bit_and_gradients_are_on_again() -> None:
    subject = pico_subject("gpt2")
    for weight in subject.model.parameters():
        weight.data.view(-1)[-1] = -0.0  # is of the last head, or of none
    lowered(subject, Rates(only(HeadId(0, 0)), 0.0))
    assert all(torch.signbit(weight.view(-1)[-1]) for weight in subject.model.parameters())
    assert all(weight.requires_grad for weight in subject.model.parameters())


def test_shares_broadcast_over_their_weights() -> None:
    subject = pico_subject("gpt2")
    found = shares(subject, Rates(only(HeadId(0, 0)), 1.0))
    for name, weight in subject.model.named_parameters():
        assert (found[name] * weight).shape == weight.shape
