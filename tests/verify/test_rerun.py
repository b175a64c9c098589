"""The whole run again."""

from __future__ import annotations

from pathlib import Path

from helpers.claims import Copy, against, checked, found
from helpers.results import resealed, reweighed

from sanitizer.options import DataOptions


def test_the_run_again_gives_the_same_bits_and_other_weights_are_found(compact: Path, copy: Copy) -> None:
    words = {"data": DataOptions(str(compact / "clean.tsv")), "rederive": True, "source": compact / "suspect"}
    report = checked(compact / "out", **words)
    assert report.answer == "held", report.claims
    assert next(claim.found for claim in report.claims if claim.about == "rerun").endswith("bit by bit")
    folder = copy(compact)
    reweighed(folder, lambda tensors: tensors["classifier.bias"].add_(0.001))
    again = checked(resealed(folder), **words)
    assert "rerun" in against(again)
    assert "1 of" in found(again, "rerun")
