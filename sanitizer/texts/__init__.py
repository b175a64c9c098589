"""Embedded calibration texts: what heads are watched on when a user gives no data.

Sentences of many kinds and lengths, written for this project from scratch and dedicated to the public domain
(CC0 1.0). They carry no labels and name no real person.
"""

from __future__ import annotations

from importlib.resources import files

LICENSE = "CC0-1.0"


def calibration_texts() -> tuple[str, ...]:
    """The sentences, in the order of the file: a fixed one, so that digests and splits are the same for everybody."""
    return tuple(files(__name__).joinpath("calibration.txt").read_text(encoding="utf-8").splitlines())
