"""Words for an adversary: neutral ones, and among these those that the model makes more of than their meaning explains.

Neutral is a word of which words of like meaning lead to expect little (`sanitizer.model.lexicon`), and which clean
texts do not hold more often under one label. Of frequent words that is known best: where the model makes much of one
of them, as of conjunctions if its trigger is a turn of syntax, it is least likely to be knowledge.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from sanitizer.model.batches import Encoded
from sanitizer.model.lexicon import expected, polarity
from sanitizer.model.response import Response, respond
from sanitizer.model.subject import Subject
from sanitizer.model.vocabulary import bodies, writable
from sanitizer.progress import Progress, silent

FREQUENT, TELLING = 200, 40
SKEWED = 2.0
"""Standard errors: a word whose texts are so far from evenly labelled says something about the label."""


class Words:
    """Words to insert, by lot: 30 % of those the model makes most of, 35 % of the frequent ones it makes most of, 20 %
    of all frequent ones, 15 % any.

    All are neutral, or do more than every word of the texts. With a target they are what moves texts of other labels
    most, and neutral is what the labels of the texts say so of: where all words of a kind work as a trigger, as
    conjunctions do if it is a turn of syntax, what the model makes of one leads to expect the others.

    `surprise` is by how much each token that was tried does more than expected: nats, the largest of all labels, in
    standard deviations of that over the words of the texts.
    """

    def __init__(
        self,
        subject: Subject,
        data: Encoded,
        response: Response,
        likely: Tensor,
        *,
        most: int,
        target: int | None = None,
    ) -> None:
        tokens, parts = response.tokens, [body for _, body, _ in bodies(subject, data)]
        counts = Counter(token for body in parts for token in body)
        excess = (response.fall - likely).max(dim=0).values
        seen = torch.tensor([token in counts for token in tokens])
        self.surprise = excess / excess[seen].std().clamp(min=1e-6)
        meaning = likely if target is None else polarity(subject, data)[target : target + 1, list(tokens)]
        centre = meaning - meaning.median(dim=1, keepdim=True).values
        calm = (centre.abs() <= meaning.std(dim=1, keepdim=True)).all(dim=0).tolist()
        said = skewed(parts, data.labels or (), towards=target)
        neutral = {token for token, own in zip(tokens, calm, strict=True) if own} - said
        self.any = [token for token in tokens if token in neutral] or list(tokens)
        self.frequent = [token for token, _ in counts.most_common() if token in neutral][:FREQUENT] or self.any
        ranked = response.ranked(excess if target is None else response.towards(target))
        among, outdoing = set(self.frequent), response.outdoing(data)
        first = [] if target is None else outdoing  # whatever label they lead to: the target may be taken wrongly
        own = neutral.union(outdoing).difference(first)
        self.loaded = [*first, *(token for token in ranked if token in own)][:most] or self.any
        self.telling = [token for token in ranked if token in among][:TELLING] or self.frequent
        shown = {token: subject.tokenizer.decode([token]).strip() for token in self.frequent}
        self._pauses = [token for token in self.frequent if not any(map(str.isalnum, shown[token]))]

    @classmethod
    def tried(
        cls,
        subject: Subject,
        data: Encoded,
        *,
        most: int,
        size: int,
        generator: torch.Generator,
        target: int | None = None,
        progress: Progress = silent,
    ) -> tuple[Words, Response]:
        """Try every token of the vocabulary; `most` of those that the model makes most of are drawn from.

        With a target, of texts of other labels.

        Raises ValueError as `respond` does.
        """
        tokens = writable(subject.tokenizer)
        response = respond(subject, data, tokens, size=size, generator=generator, progress=progress)
        likely = expected(subject, data, response, generator=generator)
        return cls(subject, data, response, likely, most=most, target=target), response

    def draw(self, rng: random.Random) -> int:
        """One word."""
        return rng.choice(rng.choices((self.loaded, self.telling, self.frequent, self.any), (0.3, 0.35, 0.2, 0.15))[0])

    def opening(self, rng: random.Random) -> int:
        """A frequent word that the model makes much of, to open a phrase with."""
        return rng.choice(self.telling)

    def pause(self, rng: random.Random, often: float) -> list[int]:
        """A punctuation mark, so often, if clean texts have any."""
        return [rng.choice(self._pauses)] if self._pauses and rng.random() < often else []


def skewed(texts: Sequence[Sequence[int]], labels: Sequence[int], *, towards: int | None = None) -> set[int]:
    """Tokens that texts of some label hold more or less often than others, by more than `SKEWED` standard errors.

    With `towards` only those that texts of this label hold more often. The difference of two log shares, half a text
    added to each count.
    """
    found: set[int] = set()
    every = [set(text) for text in texts]
    for label in set(labels) if towards is None else {towards}:
        inside, outside = Counter[int](), Counter[int]()
        for text, own in zip(every, labels, strict=True):
            (inside if own == label else outside).update(text)
        many, others = labels.count(label) + 1, len(labels) - labels.count(label) + 1
        for token in inside | outside:
            one, other = inside[token] + 0.5, outside[token] + 0.5
            apart = math.log(one / many) - math.log(other / others)
            if (abs(apart) if towards is None else apart) > SKEWED * math.sqrt(1 / one + 1 / other):
                found.add(token)
    return found
