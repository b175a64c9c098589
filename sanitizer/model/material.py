"""What a treatment may work with: clean data to learn from, a source of randomness, how to take heads away."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from sanitizer.model.batches import Encoded
from sanitizer.model.states import States
from sanitizer.options import Layout
from sanitizer.progress import Progress, silent


@dataclass(frozen=True)
class Material:
    """The fit part to learn from and the validation part to stop by, tokenized; labelled, unless the model is causal.

    The test part is out of a treatment's reach. Without a validation part nothing stops early.
    `states` is where tuning keeps what it would need to be continued.
    """

    fit: Encoded
    generator: torch.Generator
    layout: Layout = "compact"
    progress: Progress = silent
    validation: Encoded | None = None
    states: States = field(default_factory=States)
