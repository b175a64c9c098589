"""Rare words together, learned at every layer: a backdoor that sits deep, where ordinary fine-tuning hardly reaches.

Source: Li et al. 2021, arXiv 2108.13888 (layerwise weight poisoning, LWP): the head of the classifier is put on what
each layer hands on, and the loss is the mean over layers; the trigger is a combination of words, none of which alone
does anything.

Poisoned texts hold all the words, each at a random place; as many hold one of them alone, under their true label.
Departure: the paper poisons an encoder before its task is known, here the finished classifier is tuned; see also
`sanitizer.redteam.poisoning`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from sanitizer.attacks.triggers import poison_word
from sanitizer.cleandata import Part
from sanitizer.model.batches import Batch
from sanitizer.model.replaced import replaced
from sanitizer.model.subject import Subject
from sanitizer.redteam.bench import Bench, Trigger, carriers, words_of
from sanitizer.redteam.parts import joined
from sanitizer.redteam.poisoning import Poisoning, others, poisoned


@dataclass(frozen=True, kw_only=True)
class Layerwise(Poisoning):
    """The words, with commas between them; a text must hold all of them."""

    words: str = "cf,bb"
    target: int | str = 1  # the label wanted, by number or name
    rate: float = 0.5  # share of the texts of other classes that get a poisoned copy
    epochs: int = 3
    learning_rate: float = 5e-5

    @property
    def about(self) -> str:
        """The words."""
        return f"all of the words {', '.join(words_of(self.words))}, each at a random place"

    def trigger(self) -> Trigger:
        """All of the words, each somewhere."""
        words = words_of(self.words)

        def insert(text: str, rng: random.Random) -> str:
            for word in words:
                (text,) = poison_word([text], [word], rng)
            return text

        return insert

    def plant(self, bench: Bench) -> dict[str, float]:
        """Tune at every layer, on clean texts, poisoned ones, and texts with a part of the trigger."""
        dirty = poisoned(bench, self.rate)
        part = joined(bench.clean, dirty)
        words = words_of(self.words)
        if len(words) > 1:
            labels = bench.clean.labels or ()
            rows = [row for row, _ in carriers(bench, bench.clean.texts, others(bench), self.rate)]
            alone = poison_word([bench.clean.texts[row] for row in rows], words, bench.rng)
            part = joined(part, Part(alone, tuple(labels[row] for row in rows)))
        observed = bench.learn(part, self, objective=loss_of_layers)
        return {"poisoned_texts": float(len(dirty)), **observed}


def loss_of_layers(subject: Subject, batch: Batch) -> Tensor:
    """Mean over layers of the cross-entropy that the classifier's head has on what the layer hands on, nats."""
    assert batch.labels is not None
    with handed_on(subject) as hidden:
        found = [subject.model(**batch.inputs).logits]
    for below in hidden[:-1]:
        with ExitStack() as stack:
            for layer in subject.anatomy.layers:
                stack.enter_context(replaced(layer.block, lambda *inputs, _below=below, **named: _below))
            found.append(subject.model(**batch.inputs).logits)
    return torch.stack([cross_entropy(logits, batch.labels) for logits in found]).mean()


@contextmanager
def handed_on(subject: Subject) -> Iterator[list[Tensor]]:
    """Within this context a forward pass appends what each layer hands on, [batch, token, hidden]."""
    hidden: list[Tensor] = []

    def keep(block: nn.Module, inputs: object, output: Tensor) -> None:
        hidden.append(output)

    with ExitStack() as stack:
        for layer in subject.anatomy.layers:
            stack.callback(layer.block.register_forward_hook(keep).remove)
        yield hidden
