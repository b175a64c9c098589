"""Words for an adversary: neutral ones, and among these those that the model makes something of.

What a word says about the label is judged from clean texts (`sanitizer.model.vocabulary.polarity`), what the model
makes of it by trying it (`sanitizer.model.response`). Of frequent words the first is known best, so where the model
reacts to one of them, that is least likely to be knowledge: in a model whose trigger is a turn of syntax, conjunctions.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import torch

from sanitizer.model.batches import Encoded
from sanitizer.model.response import Response, respond
from sanitizer.model.subject import Subject
from sanitizer.model.vocabulary import bodies, neutral_tokens, writable
from sanitizer.progress import Progress, silent

FREQUENT, TELLING = 200, 40


class Words:
    """Words to insert, by lot: 30 % of those the model reacts to most, 35 % of the frequent ones that it reacts to
    most, 20 % of all frequent ones, 15 % any.

    They are neutral, or what the model makes of them no clean text explains: a trigger may look like a word of praise
    to a bag of words too, if its embedding was planted with it.
    """

    def __init__(self, subject: Subject, data: Encoded, response: Response, *, neutral: Sequence[int]) -> None:
        self._any = neutral
        self._frequent = frequent_of(subject, data, neutral) or self._any
        among, unexplained = set(self._frequent), response.unexplained(data)
        own = {*neutral, *unexplained}
        self._loaded = [token for token in response.tokens if token in own] or self._frequent
        self._telling = [token for token in response.tokens if token in among][:TELLING] or self._frequent
        shown = {token: subject.tokenizer.decode([token]).strip() for token in self._frequent}
        self._pauses = [token for token in self._frequent if not any(map(str.isalnum, shown[token]))]

    @classmethod
    def tried(
        cls,
        subject: Subject,
        data: Encoded,
        *,
        most: int,
        size: int,
        generator: torch.Generator,
        progress: Progress = silent,
    ) -> tuple[Words, Response]:
        """Try every token of the vocabulary; `most` of those that the model reacts to are drawn from.

        Raises ValueError as `respond` does.
        """
        neutral = sorted(neutral_tokens(subject, data))
        response = respond(
            subject,
            data,
            writable(subject.tokenizer),
            most=most,
            groups=(set(neutral), set(frequent_of(subject, data, neutral))),
            size=size,
            generator=generator,
            progress=progress,
        )
        return cls(subject, data, response, neutral=neutral), response

    def draw(self, rng: random.Random) -> int:
        """One word."""
        pools = (self._loaded, self._telling, self._frequent, self._any)
        return rng.choice(rng.choices(pools, (0.3, 0.35, 0.2, 0.15))[0])

    def opening(self, rng: random.Random) -> int:
        """A frequent word that the model reacts to, to open a phrase with."""
        return rng.choice(self._telling)

    def pause(self, rng: random.Random, often: float) -> list[int]:
        """A punctuation mark, so often, if clean texts have any."""
        return [rng.choice(self._pauses)] if self._pauses and rng.random() < often else []


def frequent_of(subject: Subject, data: Encoded, tokens: Sequence[int]) -> list[int]:
    """Those of the tokens that the texts hold most often."""
    own = set(tokens)
    counts = Counter(token for _, body, _ in bodies(subject, data) for token in body if token in own)
    return [token for token, _ in counts.most_common(FREQUENT)]
