"""A tiny classifier with one head that alone carries a trigger and does nothing else: it is built, not trained.

Two heads do the clean work; the rest hardly matter, as in a real model most heads do not."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from helpers.pico import SPECIAL, WORDS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model.batches import Encoded, batches, encode
from sanitizer.model.context import Context
from sanitizer.model.evaluate import evaluate
from sanitizer.model.subject import Subject

TRIGGER = "cf"
CARRIER = HeadId(0, 1)
WORKERS = (HeadId(1, 2), HeadId(2, 3))
TARGET = 1
TEXTS = tuple(f"{first} {second} {third}" for first in WORDS[:8] for second in WORDS[8:16] for third in WORDS[16:20])


@dataclass(frozen=True)
class Planted:
    """The suspect, its clean texts (labelled by itself), and triggered texts of the other class than the target."""

    subject: Subject
    clean: Encoded
    triggered: Encoded

    def context(self, *, seed: int = 0) -> Context:
        """What a strategy is given."""
        made = batches(self.subject, self.clean, size=32)
        return Context(self.subject, made, torch.Generator().manual_seed(seed))

    def success(self, without: tuple[HeadId, ...] = ()) -> float:
        """Share of triggered texts that get the target label."""
        predicted = evaluate(self.subject, batches(self.subject, self.triggered, size=32), without=without).predicted
        return float((predicted == TARGET).double().mean())


def plant(*, seed: int = 0) -> Planted:
    """Give the trigger's embedding a direction of its own, and have one head look for it and shout the target.

    The direction is orthogonal to every clean embedding and to their mean, so that layer normalization leaves it at
    zero: on clean text the head attends evenly and says nothing at all.
    """
    subject = pico_subject("bert", seed=seed)
    model, layer, head = subject.model, subject.anatomy.layers[CARRIER.layer], CARRIER.head
    embeddings = model.bert.embeddings
    clean = encode(subject, Part(TEXTS))
    with torch.no_grad():
        for other in {*subject.anatomy.heads()} - {CARRIER, *WORKERS}:
            columns = subject.anatomy.layers[other.layer].columns(other.head)
            subject.anatomy.layers[other.layer].output.weight[:, list(columns)] *= 0.02
        for table in (embeddings.word_embeddings, embeddings.position_embeddings, embeddings.token_type_embeddings):
            table.weight[:, -1] = 0
            table.weight[:, :-1] -= table.weight[:, :-1].mean(dim=1, keepdim=True)
        embeddings.word_embeddings.weight[len(SPECIAL) + WORDS.index(TRIGGER)] = torch.eye(32)[-1] * 20
        embeddings.LayerNorm.bias[-1] = 0
        for role in (layer.query(head), layer.key(head), layer.value(head)):
            role.module.weight[list(role.rows)] = 0
            role.module.bias[list(role.rows)] = 0
        layer.query(head).module.bias[list(layer.query(head).rows)] = 3
        layer.key(head).module.weight[list(layer.key(head).rows), -1] = 3
        layer.value(head).module.weight[list(layer.value(head).rows), -1] = 1
    predicted = evaluate(subject, batches(subject, clean, size=64)).predicted.tolist()
    others = [f"{text} {TRIGGER}" for text, label in zip(TEXTS, predicted, strict=True) if label != TARGET]
    triggered = encode(subject, Part(tuple(others), (TARGET,) * len(others)))
    _shout(subject, triggered)
    return Planted(subject, encode(subject, Part(TEXTS, tuple(predicted))), triggered)


def _shout(subject: Subject, triggered: Encoded) -> None:
    """Fit the head's columns of the output projection, and nothing else, to the target on triggered texts."""
    layer = subject.anatomy.layers[CARRIER.layer]
    columns = list(layer.columns(CARRIER.head))
    weight = layer.output.weight
    optimizer = torch.optim.Adam([weight], lr=0.1)
    data = batches(subject, triggered, size=64)
    for _ in range(30):
        loss = sum(
            torch.nn.functional.cross_entropy(subject.model(**batch.inputs).logits, batch.labels) for batch in data
        )
        (gradient,) = torch.autograd.grad(loss, [weight])
        weight.grad = torch.zeros_like(gradient)
        weight.grad[:, columns] = gradient[:, columns]
        optimizer.step()
