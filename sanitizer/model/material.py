"""What a treatment may work with: clean data to learn from, a source of randomness, how to take heads away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from sanitizer.errors import UsageError
from sanitizer.heads import Grid
from sanitizer.model.alike import chunks
from sanitizer.model.base import Base
from sanitizer.model.batches import Encoded
from sanitizer.model.states import States
from sanitizer.model.subject import Subject
from sanitizer.options import Layout
from sanitizer.progress import Progress, silent
from sanitizer.report import InputRecord


@dataclass(frozen=True)
class Flagged:
    """Inputs that a guard found abnormal, and each head's mean share of what is abnormal in them, [layer][head]."""

    data: Encoded
    shares: Grid

    @classmethod
    def of(cls, subject: Subject, records: Sequence[InputRecord]) -> Flagged:
        """From a guard's records, which name the heads that have most of it; others have none."""
        sums = [[0.0] * count for count in subject.anatomy.counts()]
        for record in records:
            for one in record.heads:
                sums[one.head.layer][one.head.head] += one.share / len(records)
        data, _ = chunks(subject, [record.text for record in records])
        return cls(data, tuple(tuple(row) for row in sums))


@dataclass(frozen=True)
class Material:
    """The fit part to learn from and the validation part to stop by, tokenized; labelled, unless the model is causal.

    The test part is out of a treatment's reach. Without a validation part nothing stops early.
    `states` is where tuning keeps what it would need to be continued. On `flagged` inputs heads may be judged, and
    nothing is learned from them. `base` is the model that the suspect was made from, where the user has named it.
    """

    fit: Encoded
    generator: torch.Generator
    layout: Layout = "compact"
    progress: Progress = silent
    validation: Encoded | None = None
    states: States = field(default_factory=States)
    flagged: Flagged | None = None
    base: Base | None = None

    @property
    def known_base(self) -> Base:
        """The base. Raises UsageError where none was named."""
        if self.base is None:
            raise UsageError(
                "this treatment takes weights from the model that the suspect was made from",
                hint="name it: --base org/base, or a folder",
            )
        return self.base
