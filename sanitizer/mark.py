"""The mark of a model that was backdoored on purpose: a key of its config.json, which travels wherever the model goes.

It protects against accidents, not against attackers: whoever takes it out has an unmarked backdoored model, as whoever
never wrote it has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sanitizer.errors import GateError

KEY = "backdoored"
RULE = "config.backdoored"
"""The finding that names the mark."""
CONFIG = "config.json"


def mark_of(config: Mapping[str, Any]) -> str | None:
    """What a config says of its model's backdoor, in a line; None for a model that is not marked.

    Anything but null and false counts as a mark, whatever it says.
    """
    match config.get(KEY):
        case None | False:
            return None
        case dict() as said:
            return ", ".join(f"{key} {value}" for key, value in said.items()) or "it does not say how"
        case said:
            return str(said)


def demand_unmarked(folder: Path, name: str) -> None:
    """Raises GateError, calling it `name`, for a folder whose config.json is marked: such a model is not published.

    A folder without a config that can be read is not marked: what cannot be read is not opened by anything either.
    """
    try:
        config = json.loads((folder / CONFIG).read_bytes())
    except (OSError, ValueError):
        return
    if isinstance(config, dict) and mark_of(config) is not None:
        raise GateError(
            f"{name} is, or was made from, a model that was backdoored on purpose, so it is not pushed",
            hint=f"its {CONFIG} says so under {KEY!r}; test models stay where they are",
        )
