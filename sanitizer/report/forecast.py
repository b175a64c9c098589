"""What a run would take of the machine, as far as that can be told beforehand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StageForecast:
    """One stage of a run: memory in bytes, of the device that computes, and seconds. None: it cannot be told."""

    name: str
    memory: int | None
    seconds: float | None


@dataclass(frozen=True)
class Forecast:
    """Estimates, and what they rest on. `advice` is a line for each thing that will not fit: what, and what would help.

    `memory_free` and `disk_free` are bytes that are free now, on the device that computes and where the output goes.
    `weights` are bytes of all weights in the precision that the run would compute in.
    """

    device: str
    dtype: str
    weights: int
    memory_free: int
    disk: int
    disk_free: int
    stages: tuple[StageForecast, ...]
    basis: tuple[str, ...]
    advice: tuple[str, ...]

    @property
    def memory(self) -> int:
        """Bytes of the stage that takes most."""
        return max((stage.memory for stage in self.stages if stage.memory is not None), default=0)

    @property
    def seconds(self) -> float:
        """Of all stages that can be told."""
        return sum(stage.seconds for stage in self.stages if stage.seconds is not None)
