from __future__ import annotations

import torch
from helpers.subjects import pico_subject

from sanitizer.model.slices import head_slices


def test_rows_and_columns_of_a_bert_as_its_own_forward_pass_cuts_them() -> None:
    subject = pico_subject("bert")
    attention = subject.model.base_model.encoder.layer[2].attention
    found = tuple(head_slices(subject.anatomy))[2][3]
    assert torch.equal(found.query, attention.self.query.weight[24:32])
    assert torch.equal(found.key, attention.self.key.weight[24:32])
    assert torch.equal(found.value, attention.self.value.weight[24:32])
    assert torch.equal(found.output, attention.output.dense.weight[:, 24:32])


def test_fused_and_transposed_weights_of_a_gpt2() -> None:
    subject = pico_subject("gpt2")
    attention = subject.model.base_model.h[1].attn
    found = tuple(head_slices(subject.anatomy))[1][2]
    query, key, value = attention.c_attn.weight.split(32, dim=1)
    for ours, theirs in zip((found.query, found.key, found.value), (query, key, value), strict=True):
        assert torch.equal(ours, theirs[:, 16:24].t())
    assert torch.equal(found.output, attention.c_proj.weight[16:24].t())


def test_heads_of_a_group_share_key_and_value() -> None:
    subject = pico_subject("llama")
    first, second, third, _ = next(head_slices(subject.anatomy))
    assert torch.equal(first.key, second.key) and torch.equal(first.value, second.value)
    assert not torch.equal(second.key, third.key)
    assert not torch.equal(first.query, second.query)


def test_half_precision_is_read_in_float32() -> None:
    subject = pico_subject("bert")
    subject.model.half()
    assert {part.dtype for part in next(head_slices(subject.anatomy))[0].parts().values()} == {torch.float32}
