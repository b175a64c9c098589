"""The whole run again."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.bases import make_base
from helpers.claims import Copy, against, checked, found
from helpers.results import resealed, reweighed
from helpers.runs import make_suspect, make_tsv, options

from sanitizer import pipeline
from sanitizer.errors import UsageError
from sanitizer.options import DataOptions
from sanitizer.recipe import Recipe, Step


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


def test_a_run_that_took_weights_from_a_base_is_done_again_with_it(tmp_path: Path) -> None:
    suspect, texts = make_suspect(tmp_path / "suspect"), make_tsv(tmp_path / "clean.tsv")
    base, other = make_base(tmp_path / "base", seed=7), make_base(tmp_path / "other", seed=8)
    rebase = Recipe("random", treatments=(Step("rebase", {"epochs": 1}),))
    pipeline.run(options(suspect, texts, tmp_path / "out", recipe=rebase, base=str(base), max_heads=None, resume=False))
    words = {"data": DataOptions(str(texts)), "rederive": True, "source": suspect}
    assert "name it with --base" in found(checked(tmp_path / "out", **words), "rerun")
    assert "not the base of the report" in found(checked(tmp_path / "out", base=str(other), **words), "rerun")
    claims = checked(tmp_path / "out", base=str(base), **words).claims
    assert next(claim.found for claim in claims if claim.about == "rerun").endswith("bit by bit")
    with pytest.raises(UsageError, match="--base is for --rederive"):
        checked(tmp_path / "out", base=str(base))
