"""Suites of a benchmark around tiny models: two random victims, a control, and texts; or victims that are planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from helpers.planting import labelled, make_classifier
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


PLANT: dict[str, Any] = {
    "attack": "badnets",
    "settings": {"words": "cf", "learning_rate": 3e-3, "epochs": 12, "batch_size": 8},
}
"""Takes well in a model as small as the control of `make_planting`."""
FAILING_PLANT: dict[str, Any] = {"attack": "badnets", "settings": {"words": " , "}}


def make_planting(folder: Path, **changes: Any) -> Path:
    """A control that has learned its task, texts of it, and suite.yaml: one victim is to be planted."""
    folder.mkdir(exist_ok=True)
    make_classifier(folder / "control")
    part = labelled(300)
    for start, end, name in ((0, 200, "train"), (200, 300, "test")):
        Table(part.texts[start:end], (part.labels or ())[start:end]).write(folder / f"{name}.csv")
    words = {
        "name": "planted",
        "data": "train.csv",
        "test": "test.csv",
        "control": "control",
        "victims": [{"name": "word", "plant": PLANT}],
        "recipes": [QUICK],
        "seeds": [0],
        **changes,
    }
    path = folder / "suite.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in words.items() if value is not None}, sort_keys=False))
    return path
