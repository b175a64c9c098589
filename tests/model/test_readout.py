from __future__ import annotations

import pytest
import torch
from helpers.pico import CAUSAL
from helpers.subjects import pico_subject
from torch import nn
from transformers import LlamaForSequenceClassification

from sanitizer.cleandata import Part
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.batches import Encoded, batches, encode
from sanitizer.model.families import FAMILIES
from sanitizer.model.observe import IMPLEMENTATION, connect
from sanitizer.model.readout import Readout
from sanitizer.model.subject import Subject

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three", "it was a very fine story")


class Pooler(nn.Module):
    """Reads of each text what it is told to."""

    def __init__(self, read: str) -> None:
        super().__init__()
        self.read = read

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden.mean(dim=1) if self.read == "mean" else hidden[:, :2].sum(dim=1)


def texts_of(subject: Subject) -> Encoded:
    return encode(subject, Part(TEXTS))


@torch.no_grad()
@pytest.mark.parametrize("family", sorted(set(FAMILIES) - set(CAUSAL)))
def test_the_logits_are_those_of_a_whole_pass(family: str) -> None:
    subject = pico_subject(family)
    readout = Readout(subject, texts_of(subject))
    assert readout.token == 0
    for batch in batches(subject, texts_of(subject), size=3):
        expected = subject.model(**batch.inputs).logits
        with readout.alone(batch):
            found = subject.model(**batch.inputs, output_hidden_states=True)
        torch.testing.assert_close(found.logits, expected, atol=1e-5, rtol=1e-4)
        whole = subject.model(**batch.inputs, output_hidden_states=True)
        assert not torch.allclose(found.hidden_states[-1][:, 1], whole.hidden_states[-1][:, 1]), "nothing was left out"
        assert torch.equal(whole.logits, expected)


@torch.no_grad()
def test_a_decoder_reads_the_last_token() -> None:
    causal = pico_subject("llama")
    torch.manual_seed(0)
    model = LlamaForSequenceClassification(causal.model.config).eval()
    model.set_attn_implementation(IMPLEMENTATION)
    subject = Subject(model, causal.tokenizer, Anatomy.of(model), "classification")
    connect(subject.anatomy)
    readout = Readout(subject, texts_of(subject))
    assert readout.token == -1
    (batch,) = batches(subject, texts_of(subject), size=8)
    expected = model(**batch.inputs).logits
    with readout.alone(batch):
        found = model(**batch.inputs).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("read", ["mean", "two"])
def test_nothing_is_left_out_where_more_is_read(read: str) -> None:
    subject = pico_subject("bert")
    subject.model.bert.pooler = Pooler(read)
    assert Readout(subject, texts_of(subject)).token is None


@pytest.mark.parametrize("family", sorted(CAUSAL))
def test_of_a_causal_model_every_token_is_read(family: str) -> None:
    subject = pico_subject(family)
    assert Readout(subject, texts_of(subject)).token is None


def test_texts_of_one_length_do_not_tell_the_first_token_from_another() -> None:
    subject = pico_subject("bert")
    assert Readout(subject, encode(subject, Part(("good film", "bad film")))).token is None
