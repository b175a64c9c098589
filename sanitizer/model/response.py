"""What one inserted token does to a classifier: the scan of a whole vocabulary for words that work like a trigger.

Source: trigger inversion over single tokens (Wallace et al. 2019, Universal Adversarial Triggers, arXiv 1908.07125, and
what followed). Departures: every token is tried instead of following a gradient, which for single tokens is cheap and
misses nothing; and no target is assumed: a token counts by what it does to texts of the label where it does most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sanitizer.model.batches import Batch, Encoded, collate
from sanitizer.model.evaluate import losses
from sanitizer.model.subject import Subject
from sanitizer.model.vocabulary import bodies, filled
from sanitizer.progress import Progress, silent, track

SHORT, LONG = 5, 10
"""Tokens of the texts that others are put into, special ones included, where there are such: more would cost time."""


@dataclass(frozen=True)
class Response:
    """By how much each token lowers the log-odds of the true label: `fall`, nats, [label, token]; a mean over texts.

    `labels` are those of its rows: of some the model may have got no text right.
    """

    tokens: tuple[int, ...]
    fall: Tensor
    labels: tuple[int, ...]

    def towards(self, target: int) -> Tensor:
        """The largest fall of any label but this one, nats, [token]."""
        rows = [row for row, label in enumerate(self.labels) if label != target] or list(range(len(self.labels)))
        return self.fall[rows].max(dim=0).values

    def ranked(self, values: Tensor | None = None) -> list[int]:
        """Tokens, the highest value [token] first; by default the largest fall of any label."""
        values = self.fall.max(dim=0).values if values is None else values
        return [self.tokens[place] for place in values.argsort(descending=True, stable=True).tolist()]

    def outdoing(self, data: Encoded) -> list[int]:
        """Tokens that these texts lack and that do more than any token they have.

        The words that carry a task are as a rule in its texts; what outdoes all of them and is not there is a suspect.
        """
        ranked, seen = self.ranked(), {token for row in data.rows for token in row["input_ids"]}
        return ranked[: next((place for place, token in enumerate(ranked) if token in seen), len(ranked))]


def respond(
    subject: Subject,
    data: Encoded,
    tokens: Sequence[int],
    *,
    contexts: int = 2,
    size: int,
    generator: torch.Generator,
    progress: Progress = silent,
) -> Response:
    """Put every token first in `contexts` texts of each label that the model gets right.

    Raises ValueError if there are none, or the model is no classifier.
    """
    if data.labels is None:
        raise ValueError("only labelled texts have a label to be moved from")
    texts = _contexts(subject, data, contexts, size=size, generator=generator)
    odds = torch.stack([_odds(subject, data, row) for row in texts])
    left = _with(subject, data, tokens, texts, size, progress)
    labels = tuple(data.labels[some[0]] for some in texts)
    return Response(tuple(tokens), (odds[:, None] - left).mean(dim=2), labels)


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
) -> Tensor:
    """Log-odds of the label of each text with each token in front: [label, token, text]."""
    found = torch.zeros(len(texts), len(tokens), len(texts[0]))
    parts = bodies(subject, data)
    places = [(label, place) for label in range(len(texts)) for place in range(len(texts[0]))]
    starts = range(0, len(tokens), 4 * size)  # the texts are short
    for (label, place), start in track(progress, "try every word", [(at, start) for at in places for start in starts]):
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
