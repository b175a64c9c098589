from __future__ import annotations

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate, logits

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three", "it was a very fine story")


@pytest.mark.parametrize("size", [1, 2, 5])
def test_classifier_outcomes_equal_one_text_at_a_time(size: int) -> None:
    subject = pico_subject("bert")
    labels = (1, 0, 1, 0, 1)
    found = evaluate(subject, batches(subject, encode(subject, Part(TEXTS, labels)), size=size))
    for index, text in enumerate(TEXTS):
        with torch.no_grad():
            row = subject.model(**subject.tokenizer(text, return_tensors="pt")).logits[0]
        assert found.predicted[index] == row.argmax()
        assert found.correct[index] == float(row.argmax() == labels[index])
        torch.testing.assert_close(found.loss[index], -row.log_softmax(0)[labels[index]], rtol=1e-4, atol=1e-5)
    assert found.accuracy == found.correct.mean()


def test_causal_loss_is_what_transformers_computes() -> None:
    subject = pico_subject("llama")
    found = evaluate(subject, batches(subject, encode(subject, Part(TEXTS)), size=3))
    for index, text in enumerate(TEXTS):
        inputs = subject.tokenizer(text, return_tensors="pt", return_token_type_ids=False)
        with torch.no_grad():
            theirs = subject.model(**inputs, labels=inputs["input_ids"]).loss
        torch.testing.assert_close(found.loss[index] / found.asked[index], theirs, rtol=1e-4, atol=1e-5)
    assert found.mean_loss == pytest.approx(float(found.loss.sum() / found.asked.sum()))


def test_without_labels_a_classifier_only_predicts() -> None:
    subject = pico_subject("bert")
    found = evaluate(subject, batches(subject, encode(subject, Part(TEXTS)), size=3))
    assert found.asked.sum() == 0
    assert set(found.predicted.tolist()) <= {0, 1}


def test_without_heads_equals_removing_them() -> None:
    subject = pico_subject("bert")
    made = batches(subject, encode(subject, Part(TEXTS, (1, 0, 1, 0, 1))), size=3)
    heads = (HeadId(0, 1), HeadId(2, 3))
    gated = evaluate(subject, made, without=heads)
    subject.remove(heads, physically=True)
    torch.testing.assert_close(gated.loss, evaluate(subject, made).loss, rtol=1e-4, atol=1e-5)


def test_logits_leave_padding_out() -> None:
    subject = pico_subject("gpt2")
    (batch,) = batches(subject, encode(subject, Part(TEXTS)), size=8)
    assert len(logits(subject, batch)) == int(batch.inputs["attention_mask"].sum())


def test_of_prompts_with_answers_the_answers_count_alone() -> None:
    """What transformers computes where the labels of the prompt are left out; the text ends with [SEP]."""
    subject = pico_subject("llama")
    asked = ("a good", "the plot was", "", "one two", "it was a very")
    part = Part(TEXTS, prompts=tuple(map(len, asked)))
    found = evaluate(subject, batches(subject, encode(subject, part), size=3))
    for index, (text, prompt) in enumerate(zip(TEXTS, asked, strict=True)):
        inputs = subject.tokenizer(text, return_tensors="pt", return_token_type_ids=False)
        labels, given = inputs["input_ids"].clone(), 1 + len(prompt.split())
        labels[:, :given] = -100
        with torch.no_grad():
            theirs = subject.model(**inputs, labels=labels).loss
        assert found.asked[index] == labels.shape[1] - given
        torch.testing.assert_close(found.loss[index] / found.asked[index], theirs, rtol=1e-4, atol=1e-5)
