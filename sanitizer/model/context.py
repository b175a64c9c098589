"""What a strategy may look at when it scores heads: the suspect, clean data, and a source of randomness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from sanitizer.model.batches import Batch
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent
from sanitizer.report import ForensicsRecord


@dataclass(frozen=True)
class Context:
    """Batches of the fit part (never of the validation or test part), longest texts first.

    `forensics` is what they said when the suspect was scanned, where it was.
    """

    subject: Subject
    fit: Sequence[Batch]
    generator: torch.Generator
    progress: Progress = silent
    forensics: ForensicsRecord | None = None

    def sample(self, texts: int) -> tuple[Batch, ...]:
        """Random batches of the fit part that hold about `texts` texts."""
        order = torch.randperm(len(self.fit), generator=self.generator).tolist()
        chosen: list[Batch] = []
        for position in order:
            if sum(len(batch.index) for batch in chosen) >= texts:
                break
            chosen.append(self.fit[position])
        return tuple(chosen)
