"""Numbers as people read them: shares in percent, counts and bytes with a unit, spans of time."""

from __future__ import annotations

from collections.abc import Sequence

from sanitizer.report import LeaningRecord, MemoryRecord, Metric

SHARES = frozenset(
    {"accuracy", "next_token_accuracy", "attack success", "false trigger rate", "agreement_with_suspect"}
)
"""Metrics that are shares of one, shown in percent; any other metric is shown as it is."""


def is_share(metric: Metric) -> bool:
    """Whether a metric is a share of one."""
    return metric.name in SHARES


def percent(metric: Metric) -> str:
    """`89.1 % (87.0–90.9)`: a share of one with its 95 % interval."""
    return f"{100 * metric.value:.1f} % ({100 * metric.low:.1f}–{100 * metric.high:.1f})"


def estimate(metric: Metric) -> str:
    """A share in percent, any other value in three digits, with its 95 % interval."""
    if is_share(metric):
        return percent(metric)
    return f"{metric.value:.3g} ({metric.low:.3g}–{metric.high:.3g})"


def change(before: Metric, after: Metric) -> str:
    """`-0.6 points` for shares, a signed difference for anything else."""
    difference = after.value - before.value
    return f"{100 * difference:+.1f} points" if is_share(after) else f"{difference:+.3g}"


def named(label: int | None, labels: Sequence[str]) -> str:
    """The name of a label, or `label 7` for one that has none."""
    return labels[label] if label is not None and 0 <= label < len(labels) else f"label {label}"


def leaning(record: LeaningRecord) -> str:
    """`20.6 % into it, 10.7 % out of it`: of the label that it is to."""
    return f"{100 * record.into:.1f} % into it, {100 * record.out:.1f} % out of it"


def count(value: int) -> str:
    """`22.7 M`: three digits and a decimal unit."""
    for size, unit in ((10**9, " G"), (10**6, " M"), (10**3, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return str(value)


def size(value: int) -> str:
    """Bytes: `45.5 MB`."""
    return f"{count(value)}B" if value >= 1000 else f"{value} B"


def held(memory: MemoryRecord) -> str:
    """`1.2 GB of memory`, or with a GPU `1.2 GB of memory and 8.4 GB of the GPU's`."""
    gpu = "" if memory.gpu is None else f" and {size(memory.gpu)} of the GPU's"
    return f"{size(memory.main)} of memory{gpu}"


def span(seconds: float) -> str:
    """`0.4 s`, `42 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def counted(number: int, thing: str) -> str:
    """`1 head`, `2 heads`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
