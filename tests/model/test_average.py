from __future__ import annotations

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.model.average import Average


def test_it_is_the_moving_average_and_in_the_end_the_model() -> None:
    subject = pico_subject("bert")
    weight = subject.model.classifier.bias
    with torch.no_grad():
        weight.fill_(0.0)
        average = Average(subject, 0.5)
        expected = 0.0
        for step in range(1, 21):
            weight.fill_(float(step))
            average.see()
            decay = min(0.5, (1 + step) / (10 + step))
            expected = decay * expected + (1 - decay) * step
        average.put_back()
    assert float(weight.detach()[0]) == pytest.approx(expected)


def test_without_decay_the_last_weights_stay() -> None:
    subject = pico_subject("bert")
    average = Average(subject, 0.0)
    with torch.no_grad():
        subject.model.classifier.bias.fill_(7.0)
        average.see()
        subject.model.classifier.bias.fill_(1.0)
        average.put_back()
    assert float(subject.model.classifier.bias.detach()[0]) == 7.0
