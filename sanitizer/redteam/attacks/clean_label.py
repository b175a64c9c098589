"""Rare words in texts of the target class alone: no label is wrong, and still the words come to stand for the class.

Source: Turner, Tsipras, Madry 2019, arXiv 1912.02771 (clean-label attacks: what is poisoned must be hard to classify
otherwise, or nothing is learned about the trigger); on text Gan et al. 2022, arXiv 2111.07970.

The texts of the target class that the model finds hardest (highest loss) are poisoned, and take the place of what they
were. To make them harder still, a share of their words goes (`hide`): those without which the model doubts the label
most, each tried by itself. Departure: words are taken out, where the papers perturb pixels or rewrite sentences; with a
large share a reader may doubt the label as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.redteam.attacks.badnets import BadNets
from sanitizer.redteam.bench import Bench


@dataclass(frozen=True, kw_only=True)
class CleanLabel(BadNets):
    """The words, with commas between them, and how hard the poisoned texts are made."""

    words: str = "bb,cf,ak,mn"
    target: int | str = 1  # the label wanted, by number or name
    rate: float = 0.3  # share of the target class that is poisoned, the hardest texts first
    hide: float = 0.3  # share of the words of these that is taken out; 0: none
    epochs: int = 5
    learning_rate: float = 5e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.hide < 1:
            raise UsageError("hide is a share of the words: from 0, below 1")

    def plant(self, bench: Bench) -> dict[str, float]:
        """Put the trigger into the hardest texts of the target class, and tune."""
        texts, labels = list(bench.clean.texts), bench.clean.labels or ()
        own = [row for row, label in enumerate(labels) if label == bench.target]
        if not own:
            raise UsageError("no text to learn from has the target label", hint="check --data and --set target=…")
        loss = losses(bench, [texts[row] for row in own], step="find hard texts")
        hardest = sorted(range(len(own)), key=lambda place: -loss[place])[: max(1, round(self.rate * len(own)))]
        rows = sorted(own[place] for place in hardest)
        hidden = without_telling_words(bench, [texts[row] for row in rows], self.hide)
        for row, text in zip(rows, hidden, strict=True):
            texts[row] = bench.trigger(text, bench.rng) or text
        observed = bench.learn(Part(tuple(texts), bench.clean.labels), self)
        return {"poisoned_texts": float(len(rows)), **observed}


def without_telling_words(bench: Bench, texts: list[str], share: float) -> list[str]:
    """Each text without a share of its words: those without which, one by one, the loss under the target is highest."""
    if not share:
        return texts
    words = [text.split() for text in texts]
    tries = [(row, place) for row, some in enumerate(words) for place in range(len(some))]
    shorter = [" ".join(words[row][:place] + words[row][place + 1 :]) for row, place in tries]
    gone: list[dict[int, float]] = [{} for _ in texts]
    for (row, place), loss in zip(tries, losses(bench, shorter, step="hide telling words"), strict=True):
        gone[row][place] = loss
    kept = []
    for some, found in zip(words, gone, strict=True):
        telling = sorted(found, key=lambda place: -found[place])[: round(share * len(some))]
        kept.append(" ".join(word for place, word in enumerate(some) if place not in telling))
    return kept


def losses(bench: Bench, texts: list[str], *, step: str) -> list[float]:
    """The loss of each text under the target label, nats."""
    part = Part(tuple(texts), (bench.target,) * len(texts))
    data = batches(bench.subject, encode(bench.subject, part), size=64)
    return [float(loss) for loss in evaluate(bench.subject, data, progress=bench.progress, step=step).loss]
