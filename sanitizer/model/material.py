"""What a treatment may work with: clean data to learn from, and a source of randomness."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from sanitizer.model.batches import Encoded
from sanitizer.progress import Progress, silent


@dataclass(frozen=True)
class Material:
    """The fit part, tokenized and labelled. Validation and test parts are out of a treatment's reach."""

    fit: Encoded
    generator: torch.Generator
    progress: Progress = silent
