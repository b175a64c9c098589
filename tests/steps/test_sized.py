"""A run that memory does not suffice for goes on with fewer texts at a time, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.runs import make_suspect, make_tsv, options

from sanitizer import pipeline
from sanitizer.errors import ResourceError
from sanitizer.model.importance import gate_importance

MOST = 9


@pytest.fixture(autouse=True)
def few_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanitizer.model.forensics.PROBES", 8)


def small(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """A machine on which gradients of more than `most` texts do not fit."""

    def importance(subject: object, batches: list[object], **named: object) -> object:
        if max(len(batch.index) for batch in batches) > most:  # type: ignore[attr-defined]
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return gate_importance(subject, batches, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("sanitizer.scan.heads.gate_importance", importance)
    monkeypatch.setattr("sanitizer.strategies.gradient.gate_importance", importance)


def test_it_ends_as_with_the_smaller_size_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_suspect(tmp_path / "m")
    data = make_tsv(tmp_path / "clean.tsv", 60)
    words = {"recipe": "remove-only"}
    least = pipeline.run(options(tmp_path / "m", data, tmp_path / "eight", batch_size=8, **words)).report
    small(monkeypatch, MOST)
    halved = pipeline.run(options(tmp_path / "m", data, tmp_path / "halved", batch_size=32, **words)).report
    assert halved.recipe.batch_size == 8
    assert halved.scan == least.scan
    assert halved.plan == least.plan
    assert sum("memory did not suffice at scan" in words for words in halved.warnings) == 2
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("eight", "halved")]
    assert weights[0] == weights[1]


def test_where_nothing_fits_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_suspect(tmp_path / "m")
    small(monkeypatch, 0)
    with pytest.raises(ResourceError, match="scan"):
        pipeline.run(options(tmp_path / "m", make_tsv(tmp_path / "clean.tsv", 40), tmp_path / "out"))
    assert not (tmp_path / "out").exists()
