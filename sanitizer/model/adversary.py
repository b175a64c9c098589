"""An adversary that rewrites clean texts without changing what they say, as far as single words can tell.

It inserts words and phrases, and tries several rewritings of each text to find the one the model gets most wrong.
Phrases that did harm are kept, changed and tried again, so that they grow into triggers while the model is tuned
against them (universal adversarial triggers, Wallace et al. 2019, arXiv 1908.07125, found by evolution instead of
gradients). It knows no attack, only words: see `sanitizer.model.words`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from sanitizer.model.batches import Batch, Encoded, batches, collate, token_limit
from sanitizer.model.evaluate import evaluate
from sanitizer.model.randomness import seeded_random
from sanitizer.model.subject import Subject
from sanitizer.model.vocabulary import bodies, filled
from sanitizer.model.words import Words

PHRASES, KEPT, FADE = 12, 60, 0.9
"""Phrases tried on a batch, of each label; how many are remembered; what their harm is worth a batch later."""
ASKED = 64
"""Rewritings in a batch: forward passes without gradients take more than training does."""


@dataclass(frozen=True)
class Phrase:
    """Tokens to put before a text and behind it."""

    before: tuple[int, ...]
    behind: tuple[int, ...] = ()


class Phrases:
    """Phrases against one label, by the harm they did last."""

    def __init__(self, words: Words, rng: random.Random) -> None:
        self._words, self._rng = words, rng
        self._harm: dict[Phrase, float] = {}

    def draw(self) -> Phrase:
        """A new phrase, or the best of three that are known, mostly changed in one place."""
        if not self._harm or self._rng.random() < 0.25:
            return self._new()
        known = self._rng.sample(sorted(self._harm, key=self._order), min(3, len(self._harm)))
        best = max(known, key=lambda phrase: self._harm[phrase])
        return self._changed(best) if self._rng.random() < 0.7 else best

    def learn(self, harm: dict[Phrase, float]) -> None:
        """Remember what harm phrases did, in nats, and forget the mildest."""
        merged = {phrase: FADE * value for phrase, value in self._harm.items()} | harm
        best = sorted(merged, key=lambda phrase: (-merged[phrase], self._order(phrase)))[:KEPT]
        self._harm = {phrase: merged[phrase] for phrase in best}

    @staticmethod
    def _order(phrase: Phrase) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return phrase.before, phrase.behind

    def _new(self) -> Phrase:
        rng = self._rng
        before = [self._words.draw(rng) for _ in range(rng.randint(1, 4))] + self._words.pause(rng, 0.5)
        return Phrase(tuple(before), tuple(self._words.draw(rng) for _ in range(rng.choice((0, 0, 0, 1, 2)))))

    def _changed(self, phrase: Phrase) -> Phrase:
        rng, before, behind = self._rng, list(phrase.before), list(phrase.behind)
        match rng.choices(("other", "more", "fewer", "behind", "pause"), (40, 25, 10, 10, 15))[0]:
            case "other":
                before[rng.randrange(len(before))] = self._words.draw(rng)
            case "more":
                before.insert(rng.randint(0, len(before)), self._words.draw(rng))
            case "fewer" if len(before) > 1:
                before.pop(rng.randrange(len(before)))
            case "behind":
                behind.insert(rng.randint(0, len(behind)), self._words.draw(rng))
            case _:
                before += self._words.pause(rng, 1.0)
        return Phrase(tuple(before[:8]), tuple(behind[:4]))


class Adversary:
    """Rewrites texts of `data`, which are labelled, with the given words.

    Half of the `candidates` for a text are phrases, shared by the texts of its label in a batch; the others are words
    scattered over it, a phrase, or a part of another text of its label put beside it.
    """

    def __init__(
        self, subject: Subject, data: Encoded, words: Words, *, candidates: int, generator: torch.Generator
    ) -> None:
        if data.labels is None:
            raise ValueError("an adversary needs labels")
        self._subject, self._data, self._candidates = subject, data, candidates
        self._rng = seeded_random(generator)
        self._words = words
        self._parts = bodies(subject, data)
        self._labels = data.labels
        self._limit = token_limit(subject)
        self._phrases = {label: Phrases(self._words, self._rng) for label in sorted(set(self._labels))}
        self._others = {
            label: [body for (_, body, _), own in zip(self._parts, self._labels, strict=True) if own == label]
            for label in self._phrases
        }
        self.tried, self.flipped = 0, 0
        """Texts rewritten so far, and how many the model got wrong in the worst rewriting found."""

    def worst(self, index: Sequence[int]) -> Batch:
        """The rewriting of each text with the highest loss, of all that were tried; the model is in eval mode."""
        rng, labels = self._rng, sorted({self._labels[text] for text in index})
        drawn = {label: [self._phrases[label].draw() for _ in range(PHRASES)] for label in labels}
        rewritten: list[list[int]] = []
        used: list[tuple[int, Phrase | None]] = []
        for text in index:
            label = self._labels[text]
            for number in range(self._candidates):
                phrase = rng.choice(drawn[label]) if 2 * number < self._candidates else None
                rewritten.append(self._put(text, phrase) if phrase else self._rewrite(text))
                used.append((label, phrase))
        rows = tuple(
            filled(self._data.rows[index[place // self._candidates]], ids) for place, ids in enumerate(rewritten)
        )
        every = Encoded(rows, tuple(self._labels[text] for text in index for _ in range(self._candidates)))
        outcomes = evaluate(self._subject, batches(self._subject, every, size=ASKED))
        for label in labels:
            harm: dict[Phrase, list[float]] = {}
            for (own, phrase), value in zip(used, outcomes.loss.tolist(), strict=True):
                if own == label and phrase is not None:
                    harm.setdefault(phrase, []).append(value)
            # One more in the divisor: a phrase that few texts had is believed less.
            self._phrases[label].learn({phrase: sum(found) / (len(found) + 1) for phrase, found in harm.items()})
        chosen = outcomes.loss.view(len(index), self._candidates).argmax(dim=1)
        places = [row * self._candidates + int(at) for row, at in enumerate(chosen)]
        self.tried += len(index)
        self.flipped += len(places) - int(outcomes.correct[places].sum())
        return collate(self._subject, every, places)

    def _put(self, text: int, phrase: Phrase) -> list[int]:
        return self._joined(text, [*phrase.before, *self._parts[text][1], *phrase.behind])

    def _rewrite(self, text: int) -> list[int]:
        rng, words, body = self._rng, self._words, list(self._parts[text][1])
        match rng.choices(("phrase", "scattered", "beside"), (1, 1, 2))[0]:
            case "phrase":
                body = [words.draw(rng) for _ in range(rng.randint(1, 4))] + words.pause(rng, 0.5) + body
            case "scattered":
                for _ in range(rng.randint(1, 4)):
                    body.insert(rng.randint(0, len(body)), words.draw(rng))
            case _:
                other = rng.choice(self._others[self._labels[text]])
                length = rng.randint(2, 6)
                start = rng.randint(0, max(0, len(other) - length))
                first = [words.opening(rng)] if rng.random() < 0.7 else []
                part = [*first, *other[start : start + length], *words.pause(rng, 0.7)]
                body = part + body if rng.random() < 0.7 else body + part
        return self._joined(text, body)

    def _joined(self, text: int, body: list[int]) -> list[int]:
        front, _, back = self._parts[text]
        return [*front, *body[: self._limit - len(front) - len(back)], *back]
