from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from helpers.contexts import context_of, digest
from helpers.subjects import pico_subject
from torch import Tensor

from sanitizer.heads import HeadId
from sanitizer.model.subject import Subject
from sanitizer.model.training import training
from sanitizer.model.tune import clean_loss
from sanitizer.options import Dtype

RATE, STEPS = 2e-5, 200


def half_subject(family: str = "bert") -> Subject:
    """As `--dtype auto` opens it on a GPU."""
    subject = pico_subject(family)
    subject.model.to(torch.bfloat16)
    return subject


def sum_of_weights(subject: Subject) -> Callable[[], Tensor]:
    """Its gradient is one everywhere, so AdamW lowers every weight by the learning rate in each step."""
    return lambda: torch.stack([weight.float().sum() for weight in subject.model.parameters()]).sum()


def trained(subject: Subject, *, precision: Dtype = "auto", steps: int = 8, rate: float = 1e-3, seed: int = 0) -> str:
    batch = context_of(subject).fit[0]
    generator = torch.Generator().manual_seed(seed)
    with training(subject, learning_rate=rate, weight_decay=0.01, precision=precision, generator=generator) as trainer:
        for _ in range(steps):
            trainer.step(lambda: clean_loss(subject, batch))
    return digest(subject)


def test_steps_smaller_than_bfloat16_can_tell_apart_add_up() -> None:
    subject, plain = half_subject(), half_subject()
    large = [weight.detach().abs() > 0.5 for weight in subject.model.parameters()]
    before = [weight.detach().clone() for weight in subject.model.parameters()]

    optimizer = torch.optim.AdamW(plain.model.parameters(), lr=RATE, weight_decay=0.0)
    for _ in range(STEPS):
        sum_of_weights(plain)().backward()
        optimizer.step()
        optimizer.zero_grad()
    unmoved = [torch.equal(w[at], b[at]) for w, b, at in zip(plain.model.parameters(), before, large, strict=True)]
    assert all(unmoved), "a plain loop in bfloat16 would do as well"

    generator = torch.Generator().manual_seed(0)
    with training(subject, learning_rate=RATE, weight_decay=0.0, generator=generator) as trainer:
        for _ in range(STEPS):
            trainer.step(sum_of_weights(subject))
    for weight, old in zip(subject.model.parameters(), before, strict=True):
        assert weight.dtype is torch.bfloat16
        torch.testing.assert_close(weight.float(), old.float() - STEPS * RATE, rtol=2**-8, atol=1e-5)


def test_a_model_in_half_precision_is_trained_as_one_in_float32_and_rounded_once() -> None:
    half, full = half_subject(), half_subject()
    full.model.to(torch.float32)
    trained(half)
    trained(full)
    assert digest(half) != digest(half_subject())
    full.model.to(torch.bfloat16)
    assert digest(half) == digest(full)


@pytest.mark.parametrize("precision", ["auto", "bfloat16", "float16"])
def test_the_same_seed_gives_the_same_weights(precision: Dtype) -> None:
    assert trained(half_subject(), precision=precision) == trained(half_subject(), precision=precision)
    assert trained(half_subject(), precision=precision, seed=1) != trained(half_subject(), precision=precision)


@pytest.mark.parametrize(("precision", "dtype"), [("bfloat16", torch.bfloat16), ("float16", torch.float16)])
def test_matrices_are_multiplied_in_the_precision_and_the_result_is_near(precision: Dtype, dtype: torch.dtype) -> None:
    # Without dropout, so that the two differ by rounding alone.
    without = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    full, mixed = pico_subject("bert", **without), pico_subject("bert", **without)
    seen: list[torch.dtype] = []
    mixed.model.classifier.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    trained(full, precision="float32", steps=2)
    trained(mixed, precision=precision, steps=2)
    assert seen == [dtype, dtype]
    assert digest(full) != digest(mixed)
    for one, other in zip(full.model.parameters(), mixed.model.parameters(), strict=True):
        assert other.dtype is torch.float32
        torch.testing.assert_close(one, other, rtol=0, atol=4.1e-3)  # at most two steps of 1e-3 the other way


@pytest.mark.parametrize("precision", ["auto", "bfloat16"])
def test_zeroed_heads_stay_zero_in_half_precision(precision: Dtype) -> None:
    subject = half_subject("llama")
    subject.remove((HeadId(0, 1), HeadId(2, 0)), physically=False)
    trained(subject, precision=precision)
    for head in subject.zeroed:
        layer = subject.anatomy.layers[head.layer]
        assert layer.output.weight[:, list(layer.columns(head.head))].abs().max() == 0
        assert layer.query(head.head).module.weight[list(layer.query(head.head).rows)].abs().max() == 0
    assert len(subject.zeroed) == 2


def test_a_step_that_overflows_float16_is_left_out_and_the_next_one_taken() -> None:
    subject = pico_subject("bert")
    value = sum_of_weights(subject)
    before = digest(subject)
    options = {"learning_rate": 1e-3, "weight_decay": 0.0, "clip": 1.0, "precision": "float16"}
    with training(subject, **options, generator=torch.Generator().manual_seed(0)) as trainer:  # type: ignore[arg-type]
        trainer.step(lambda: value() * 1e36)
        assert digest(subject) == before
        trainer.step(value)
        assert digest(subject) != before


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_gradients_are_clipped_to_the_norm_and_keep_their_direction(precision: Dtype) -> None:
    subject = pico_subject("bert")
    weights = list(subject.model.parameters())
    seen: list[Tensor] = []

    def look(*_: object) -> None:
        seen.append(torch.cat([weight.grad.flatten() for weight in weights if weight.grad is not None]))

    for clip in (0.5, 1e9):
        options = {"learning_rate": 1e-3, "weight_decay": 0.0, "clip": clip, "precision": precision}
        with training(subject, **options, generator=torch.Generator().manual_seed(0)) as trainer:  # type: ignore[arg-type]
            trainer.optimizer.register_step_pre_hook(look)
            trainer.step(lambda: 3 * sum_of_weights(subject)())
    clipped, free = seen
    assert float(clipped.norm()) == pytest.approx(0.5, rel=1e-4)
    assert torch.equal(free, torch.full_like(free, 3.0))
    torch.testing.assert_close(clipped, clipped[:1].expand_as(clipped))


def test_it_ends_in_eval_mode_and_in_its_dtype_after_an_error_too() -> None:
    subject = half_subject()
    generator = torch.Generator().manual_seed(0)
    with (
        pytest.raises(RuntimeError, match="stop"),
        training(subject, learning_rate=1.0, weight_decay=0.0, generator=generator) as trainer,
    ):
        assert subject.model.training
        trainer.step(sum_of_weights(subject))
        raise RuntimeError("stop")
    assert not subject.model.training
    assert {weight.dtype for weight in subject.model.parameters()} == {torch.bfloat16}
    assert all(weight.grad is None for weight in subject.model.parameters())
