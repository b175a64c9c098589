from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.subjects import pico_subject
from helpers.together import TEXTS, together

from sanitizer.cleandata import Part
from sanitizer.model.batches import collate, encode
from sanitizer.model.spread import own, spread, total, whole

INDEX = (4, 0, 21, 7, 9)


def shared(index: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...], float, float]:
    """Texts here and in all, and of (sum of lengths)^2 the value and the gradient with respect to what is here."""
    subject = pico_subject("bert")
    data = encode(subject, Part(TEXTS, tuple(range(len(TEXTS)))))
    batch = spread(subject, data, index)
    other = own(batch, collate(subject, data, index))
    assert other.index == batch.index
    assert other.labels is not None and batch.labels is not None and torch.equal(other.labels, batch.labels)
    mine = batch.inputs["attention_mask"].sum().float().requires_grad_()
    value = total(batch, mine).square()
    value.backward()
    assert mine.grad is not None
    return batch.index, whole(batch), float(value.detach()), float(mine.grad)


def test_processes_share_a_batch_and_agree_on_its_sums(tmp_path: Path) -> None:
    (alone,) = [shared(INDEX)]
    one, two = together(shared, INDEX, folder=tmp_path)
    assert (one[0], two[0]) == (INDEX[::2], INDEX[1::2])
    assert one[1] == two[1] == alone[1] == INDEX
    assert one[2] == two[2] == pytest.approx(alone[2])
    assert (one[3] + two[3]) / 2 == pytest.approx(2 * alone[3]), "the gradients of both parts, averaged over both"


def test_of_fewer_texts_than_processes_each_has_all(tmp_path: Path) -> None:
    assert together(shared, (3,), folder=tmp_path) == [shared((3,))] * 2
