"""The clean texts a defender trusts, split so that no number is measured on data that a step has seen."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sanitizer.errors import UsageError

LEAST = 20
MOST_TEXTS = 20_000
MOST_VALIDATION = 1000
MOST_TEST = 2000

LabelSource = Literal["given", "suspect", "none"]
"""Who labelled the texts: their dataset, the suspect itself by its own predictions, or nobody (causal models)."""


DataOrigin = Literal["file", "hub", "embedded"]


@dataclass(frozen=True)
class Provenance:
    """Where texts come from: the name and columns a user would type again, a Hub dataset's commit, and a digest."""

    name: str
    sha256: str
    origin: DataOrigin = "file"
    commit: str | None = None
    text_column: str | None = None
    label_column: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Texts and, where there are any, their labels; of conversations, how many characters of each are the prompt."""

    texts: tuple[str, ...]
    labels: tuple[int, ...] | None = None
    prompts: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.labels is not None and len(self.labels) != len(self.texts):
            raise UsageError(f"{len(self.texts)} texts but {len(self.labels)} labels")

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def asked(self) -> tuple[str, ...]:
        """What a model is given: prompts without their answers, else the texts."""
        if self.prompts is None:
            return self.texts
        return tuple(text[:prompt] for text, prompt in zip(self.texts, self.prompts, strict=True))


@dataclass(frozen=True)
class CleanData:
    """Clean texts in three parts: `fit` to score and tune on, `validation` to choose on, `test` to measure on alone."""

    provenance: Provenance
    labelled_by: LabelSource
    fit: Part
    validation: Part
    test: Part

    def relabelled(self, fit: Sequence[int], validation: Sequence[int], test: Sequence[int]) -> CleanData:
        """The same texts with the suspect's own predictions as labels."""
        return replace(
            self,
            labelled_by="suspect",
            fit=Part(self.fit.texts, tuple(fit)),
            validation=Part(self.validation.texts, tuple(validation)),
            test=Part(self.test.texts, tuple(test)),
        )


def split(
    provenance: Provenance,
    texts: Sequence[str],
    labels: Sequence[int] | None,
    *,
    seed: int,
    prompts: Sequence[int] | None = None,
) -> CleanData:
    """Shuffle and cut: 15 % to test, 15 % to validation (at most 2000 and 1000), the rest to fit.

    Of more than 20 000 texts as many are drawn at random.

    No text is in two parts, given that the texts are distinct. Raises UsageError if there are fewer than twenty.
    """
    if len(texts) < LEAST:
        raise UsageError(
            f"{provenance.name} has {len(texts)} usable texts", hint=f"give at least {LEAST}, better a thousand"
        )
    order = list(range(len(texts)))
    random.Random(seed).shuffle(order)  # noqa: S311  a split, not a secret
    order = order[:MOST_TEXTS]
    test = min(max(len(order) * 15 // 100, 3), MOST_TEST)
    validation = min(max(len(order) * 15 // 100, 3), MOST_VALIDATION)

    def part(indices: Sequence[int]) -> Part:
        def of(values: Sequence[int] | None) -> tuple[int, ...] | None:
            return None if values is None else tuple(values[index] for index in indices)

        return Part(tuple(texts[index] for index in indices), of(labels), of(prompts))

    return CleanData(
        provenance=provenance,
        labelled_by="none" if labels is None else "given",
        fit=part(order[test + validation :]),
        validation=part(order[test : test + validation]),
        test=part(order[:test]),
    )


def digest(texts: Sequence[str], labels: Sequence[int] | None) -> str:
    """sha256 over one JSON line `[text, label]` per row, so that no text can be mistaken for two."""
    sha = hashlib.sha256()
    for i, text in enumerate(texts):
        sha.update(json.dumps([text, None if labels is None else labels[i]]).encode() + b"\n")
    return sha.hexdigest()
