"""A suite of a benchmark around tiny random models: two victims, a control, and texts for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from helpers.runs import make_suspect, make_texts

from sanitizer.benchmark.tables import Table

QUICK: dict[str, Any] = {"name": "quick", "strategy": "random", "treatments": ["remove"]}


def make_suite(folder: Path, **changes: Any) -> Path:
    """Write models, texts and suite.yaml; `changes` replace keys of it, None takes a key away."""
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(("victim", "other", "control")):
        make_suspect(folder / name, seed=number)
    texts = make_texts(160)
    for start, name in ((0, "train"), (80, "test"), (120, "triggered")):
        chosen = texts[start : start + (80 if name == "train" else 40)]
        Table(chosen, tuple(row % 2 for row in range(len(chosen)))).write(folder / f"{name}.csv")
    words = {
        "name": "tiny",
        "data": "train.csv",
        "texts": 60,
        "test": "test.csv",
        "control": "control",
        "victims": [{"name": "one", "model": "victim", "triggered": "triggered.csv", "target": 1}],
        "recipes": [QUICK],
        "seeds": [0],
        **changes,
    }
    path = folder / "suite.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in words.items() if value is not None}, sort_keys=False))
    return path
