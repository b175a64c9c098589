"""The benchmarks that this repository publishes."""

from __future__ import annotations

from pathlib import Path

CARDS = Path(__file__).parents[2] / "cards"


def published(folder: Path = CARDS) -> list[Path]:
    """The folders with a benchmark's results; other reports lie beside them."""
    return sorted(path.parent for path in folder.glob("*/results.json") if '"kind": "benchmark"' in path.read_text())
