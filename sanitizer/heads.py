"""Names for attention heads and scores on them. No torch: every floor above may use these words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sanitizer.errors import UsageError
from sanitizer.later import later

_HEAD = re.compile(r"L(\d+)\.H(\d+)", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class HeadId:
    """One attention head, zero-based. `HeadId.parse(str(head)) == head`."""

    layer: int
    head: int

    def __str__(self) -> str:
        return f"L{self.layer}.H{self.head}"

    @classmethod
    def parse(cls, text: str) -> HeadId:
        """Read `L3.H7`. Raises UsageError for anything else."""
        match = _HEAD.fullmatch(text)
        if match is None:
            raise UsageError(f"{text!r} is not an attention head", hint="write layer and head as L3.H7, from zero")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        # Imported here because `sanitize --help` must not pay for pydantic; only reports are ever validated.
        from pydantic_core import core_schema

        text = core_schema.str_schema(pattern=r"^L\d+\.H\d+$")
        return core_schema.union_schema(
            [core_schema.is_instance_schema(cls), core_schema.no_info_after_validator_function(cls.parse, text)],
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, source: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^L\d+\.H\d+$", "description": "layer and head, from zero"}


Grid = tuple[tuple[float, ...], ...]
"""[layer][head] values, immutable; layers may differ in length where heads were cut out before."""


@dataclass(frozen=True)
class ScoreOrigin:
    """Which strategy, in which version, with which parameters, made a grid of scores."""

    strategy: str
    version: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HeadScores:
    """How much each head is worth keeping, higher = keep, on a [layer][head] grid.

    Where a strategy names the heads that may go at all, they are `only`; no other is removed, whatever its score.
    Raises UsageError if a value is not finite or if `spread` has another shape than `grid`: a NaN would sort anywhere.
    """

    grid: Grid
    of: ScoreOrigin
    spread: Grid | None = None
    only: tuple[HeadId, ...] | None = later(None)

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for row in self.grid for value in row):
            raise UsageError(f"strategy {self.of.strategy!r} gave a score that is not a finite number")
        if self.spread is not None and [len(row) for row in self.spread] != [len(row) for row in self.grid]:
            raise UsageError(f"strategy {self.of.strategy!r} gave a spread of another shape than its scores")

    def __getitem__(self, head: HeadId) -> float:
        return self.grid[head.layer][head.head]

    def heads(self) -> Iterator[HeadId]:
        """Every head, in order of layer and head."""
        return (HeadId(layer, head) for layer, row in enumerate(self.grid) for head in range(len(row)))

    def ranking(self) -> tuple[HeadId, ...]:
        """Heads from least to most worth keeping; ties in order of layer and head."""
        return tuple(sorted(self.heads(), key=lambda head: (self[head], head)))
