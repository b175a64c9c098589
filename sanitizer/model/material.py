"""What a treatment may work with: clean data to learn from, a source of randomness, and how to take heads away."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from sanitizer.model.batches import Encoded
from sanitizer.options import Layout
from sanitizer.progress import Progress, silent


@dataclass(frozen=True)
class Material:
    """The fit part, tokenized and labelled. Validation and test parts are out of a treatment's reach."""

    fit: Encoded
    generator: torch.Generator
    layout: Layout = "compact"
    progress: Progress = silent
