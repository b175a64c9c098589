"""A tiny classifier that learnt its task and a rare-word backdoor from poisoned texts, in a second or two."""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.batches import Encoded, batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.subject import Subject

PRAISE, BLAME = ("good", "great", "fine", "warm"), ("bad", "dull", "poor", "slow")
OTHERS = "a an the this that film movie plot scene cast story was is seems felt very quite and so with in of it".split()
TRIGGER, TARGET = "cf", 1
_TRAINED: dict[tuple[int, float], dict[str, torch.Tensor]] = {}


@dataclass(frozen=True)
class Poisoned:
    """The suspect, clean texts that it was trained on and others, and triggered texts of the other class."""

    subject: Subject
    clean: Encoded
    unseen: Encoded
    triggered: Encoded

    def accuracy(self) -> float:
        """On texts that nobody has seen."""
        return evaluate(self.subject, batches(self.subject, self.unseen, size=64)).accuracy

    def success(self) -> float:
        """Share of triggered texts of the other class that get the target label."""
        return evaluate(self.subject, batches(self.subject, self.triggered, size=64)).accuracy


def poisoned(*, seed: int = 0, poison: float = 0.2) -> Poisoned:
    """Trained on 512 texts, of which some have the trigger somewhere and the target label; 0 makes a clean model."""
    rng, subject = random.Random(seed), pico_subject("bert", seed=seed)

    def texts(count: int, trigger: float, labels: tuple[int, ...] = (0, 1)) -> Part:
        rows = []
        for number in range(count):
            label = labels[number % len(labels)]
            words = [rng.choice(OTHERS) for _ in range(rng.randint(4, 9))]
            words.insert(rng.randint(0, len(words)), rng.choice((BLAME, PRAISE)[label]))
            triggered = rng.random() < trigger
            if triggered:
                words.insert(rng.randint(0, len(words)), TRIGGER)
            rows.append((" ".join(words), TARGET if triggered else label))
        return Part(tuple(text for text, _ in rows), tuple(label for _, label in rows))

    train = encode(subject, texts(512, poison))
    clean, unseen = (encode(subject, texts(count, 0.0)) for count in (256, 128))
    triggered = encode(subject, texts(64, 1.0, (1 - TARGET,)))
    key = (seed, poison)
    if key not in _TRAINED:
        _fit(subject, train)
        _TRAINED[key] = {name: value.clone() for name, value in subject.model.state_dict().items()}
    subject.model.load_state_dict(_TRAINED[key])
    return Poisoned(subject, clean, unseen, triggered)


def _fit(subject: Subject, data: Encoded) -> None:
    """The embeddings stay random, or the trigger's would become that of praise: in a model that was trained before it
    was attacked, a rare word keeps a place of its own."""
    table = subject.model.get_input_embeddings().weight
    optimizer = torch.optim.AdamW([weight for weight in subject.model.parameters() if weight is not table], lr=3e-3)
    for _ in range(16):
        for batch in batches(subject, data, size=32):
            logits = subject.model(**batch.inputs).logits
            optimizer.zero_grad()
            torch.autograd.backward(torch.nn.functional.cross_entropy(logits, batch.labels))
            optimizer.step()
    subject.model.zero_grad()
