"""What one inserted token does to a classifier: the scan of a whole vocabulary for words that work like a trigger.

Source: trigger inversion over single tokens (Wallace et al. 2019, Universal Adversarial Triggers, arXiv 1908.07125, and
what followed). Departures: every token is tried instead of following a gradient, which for single tokens is cheap and
misses nothing; and no target is assumed: a token counts by what it does to texts of the label where it does most.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sanitizer.model.batches import Batch, Encoded, collate
from sanitizer.model.evaluate import losses
from sanitizer.model.subject import Subject
from sanitizer.model.vocabulary import bodies, filled
from sanitizer.progress import Progress, silent, track

SHORT, LONG = 5, 12
"""Tokens of the texts that others are put into, special ones included, where there are such: more would cost time."""


@dataclass(frozen=True)
class Response:
    """Tokens, those that do most first: the fall of the true label's log-odds in nats, and the share of texts flipped.

    Both are means over texts of the one label where they are largest.
    """

    tokens: tuple[int, ...]
    fall: tuple[float, ...]
    flipped: tuple[float, ...]

    def unexplained(self, data: Encoded) -> tuple[int, ...]:
        """Tokens that these texts lack and that do more than any token they have.

        The words that carry a task are as a rule in its texts; what outdoes all of them and is not there is a suspect.
        """
        seen = {token for row in data.rows for token in row["input_ids"]}
        first = next((place for place, token in enumerate(self.tokens) if token in seen), len(self.tokens))
        return self.tokens[:first]


def respond(
    subject: Subject,
    data: Encoded,
    tokens: Sequence[int],
    *,
    most: int,
    groups: Sequence[Collection[int]] = (),
    contexts: int = 4,
    size: int,
    generator: torch.Generator,
    progress: Progress = silent,
) -> Response:
    """The tokens that move the model furthest from the true label when they come first in a text: `most` of all, and as
    many of each group.

    All are tried on one text of each label, the best twice as many again on `contexts` of each. Only texts that the
    model gets right are used. Raises ValueError if there are none, or the model is no classifier.
    """
    if data.labels is None:
        raise ValueError("only labelled texts have a label to be moved from")
    texts = _contexts(subject, data, contexts, size=size, generator=generator)
    odds = torch.stack([_odds(subject, data, row) for row in texts])
    one = [row[:1] for row in texts]
    first = odds[:, None, :1] - _with(subject, data, tokens, one, size, progress, "try every token")
    tried = _best(tokens, first.mean(dim=2).max(dim=0).values, 2 * most, groups)
    left = _with(subject, data, tried, texts, size, progress, "try tokens again")
    value, label = (odds[:, None] - left).mean(dim=2).max(dim=0)
    flipped = (left < 0).double().mean(dim=2)
    order = [tried.index(token) for token in _best(tried, value, most, groups)]
    return Response(
        tuple(tried[place] for place in order),
        tuple(float(value[place]) for place in order),
        tuple(float(flipped[label[place], place]) for place in order),
    )


def _best(tokens: Sequence[int], values: Tensor, most: int, groups: Sequence[Collection[int]]) -> list[int]:
    """The tokens of the highest values, in order: so many of all, and so many of each group."""
    ranked = [tokens[place] for place in values.argsort(descending=True, stable=True).tolist()]
    chosen = set(ranked[:most]).union(*([token for token in ranked if token in group][:most] for group in groups))
    return [token for token in ranked if token in chosen]


def log_odds(logits: Tensor, labels: Tensor) -> Tensor:
    """Of the given labels against all others, in nats, from logits [text, label]: [text]."""
    chosen = logits.gather(1, labels[:, None]).squeeze(1)
    return chosen - logits.scatter(1, labels[:, None], -torch.inf).logsumexp(dim=1)


def _contexts(subject: Subject, data: Encoded, count: int, *, size: int, generator: torch.Generator) -> list[list[int]]:
    """Texts of each label, equally many, drawn at random from those that are right and neither short nor long."""
    order = torch.randperm(len(data), generator=generator).tolist()
    near = [index for index in order if SHORT <= data.length(index) <= LONG] or order
    labels = data.labels or ()
    texts: dict[int, list[int]] = {label: [] for label in sorted({labels[index] for index in near})}
    for start in range(0, len(near), size):
        if all(len(found) >= count for found in texts.values()):
            break
        batch = collate(subject, data, near[start : start + size])
        with torch.no_grad():
            _, correct, _, _ = losses(subject, batch)
        for index, right in zip(batch.index, correct.tolist(), strict=True):
            if right:
                texts[labels[index]].append(index)
    right = [found[:count] for found in texts.values() if found]
    if not right:
        raise ValueError("the model gets no text right")
    fewest = min(map(len, right))
    return [found[:fewest] for found in right]


def _odds(subject: Subject, data: Encoded, texts: Sequence[int]) -> Tensor:
    return torch.cat([_of(subject, collate(subject, data, [index])) for index in texts])


def _with(
    subject: Subject,
    data: Encoded,
    tokens: Sequence[int],
    texts: Sequence[Sequence[int]],
    size: int,
    progress: Progress,
    step: str,
) -> Tensor:
    """Log-odds of the label of each text with each token in front: [label, token, text]."""
    found = torch.zeros(len(texts), len(tokens), len(texts[0]))
    parts = bodies(subject, data)
    places = [(label, place) for label in range(len(texts)) for place in range(len(texts[0]))]
    starts = range(0, len(tokens), 4 * size)  # the texts are short
    for (label, place), start in track(progress, step, [(at, start) for at in places for start in starts]):
        index, some = texts[label][place], tokens[start : start + 4 * size]
        front, body, back = parts[index]
        rows = tuple(filled(data.rows[index], [*front, token, *body, *back]) for token in some)
        same = Encoded(rows, ((data.labels or ())[index],) * len(rows))
        found[label, start : start + len(some), place] = _of(subject, collate(subject, same, range(len(rows))))
    return found


@torch.no_grad()
def _of(subject: Subject, batch: Batch) -> Tensor:
    """Log-odds of each text's label: [text]."""
    if batch.labels is None:
        raise ValueError("only labelled texts have a label to be moved from")
    return log_odds(subject.model(**batch.inputs).logits.float(), batch.labels).cpu()
