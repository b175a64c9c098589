"""A run on a model of which most stays on disk, held against the same run on the whole model."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.runs import make_suspect, make_tsv, options
from helpers.subjects import checkpoint_of

from sanitizer import pipeline
from sanitizer.errors import UnsupportedError
from sanitizer.options import DataOptions, RunOptions, ScanOptions
from sanitizer.pipeline import RunResult
from sanitizer.recipe import Recipe, Step

LITTLE = {"cpu": 40_000}
"""Bytes: less than the weights of the suspects take in float32."""


@pytest.fixture(autouse=True)
def few_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanitizer.model.forensics.PROBES", 8)


def run(place: Path, name: str, **changes: object) -> RunResult:
    return pipeline.run(options(place / "m", place / "clean.tsv", place / name, recipe="remove-only", **changes))


@pytest.mark.parametrize(("family", "layout"), [("bert", "compact"), ("llama", "compact"), ("llama", "dense")])
def test_the_result_is_the_same_bytes_and_numbers(family: str, layout: str, tmp_path: Path) -> None:
    make_suspect(tmp_path / "m", family)
    make_tsv(tmp_path / "clean.tsv", 40)
    whole = run(tmp_path, "whole", layout=layout).report
    spread = run(tmp_path, "spread", layout=layout, device="auto", max_memory=LITTLE).report
    assert (spread.scan, spread.scan_after) == (whole.scan, whole.scan_after)
    assert spread.plan == whole.plan
    assert (spread.before, spread.after, spread.gates) == (whole.before, whole.after, whole.gates)
    assert (spread.heads, spread.parameters_after) == (whole.heads, whole.parameters_after)
    assert spread.heads
    assert spread.passed
    (said,) = set(spread.warnings) - set(whole.warnings)
    assert "spread over" in said
    assert "disk (" in said
    one, other = (checkpoint_of_model(tmp_path / name) for name in ("whole", "spread"))
    assert one == other


def checkpoint_of_model(folder: Path) -> dict[str, str]:
    files = checkpoint_of_files(folder)
    return {name: digest for name, digest in files.items() if name != "README.md"}


def checkpoint_of_files(folder: Path) -> dict[str, str]:
    from sanitizer.checkpoint import Checkpoint, LocalOrigin

    names = [path.name for path in folder.iterdir() if path.is_file()]
    found = Checkpoint.of_folder(folder, LocalOrigin(folder.name), names)
    return {name: file.sha256 for name, file in found.files.items()}


def test_a_scan_is_the_same_and_leaves_the_folder_alone(tmp_path: Path) -> None:
    folder = make_suspect(tmp_path / "m")
    before = checkpoint_of(folder).files
    data = DataOptions(str(make_tsv(tmp_path / "clean.tsv", 40)))
    whole = pipeline.scan(ScanOptions(str(folder), data, device="cpu", ablate=True))
    spread = pipeline.scan(ScanOptions(str(folder), data, max_memory=LITTLE, ablate=True))
    assert spread.scan == whole.scan
    assert (len(whole.warnings), len(spread.warnings)) == (0, 1)
    assert checkpoint_of(folder).files == before


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": "gradient"},
        {"strategy": "auto"},
        {"recipe": "unlearn"},
        {"recipe": Recipe("sparsity", treatments=(Step("remove"),))},
        {"recipe": Recipe("gradient", {"of": "key"}, treatments=(Step("remove"),))},
    ],
)
def test_what_would_tune_a_spread_model_is_refused_before_it_is_measured(
    changes: dict[str, object], tmp_path: Path
) -> None:
    make_suspect(tmp_path / "m")
    make_tsv(tmp_path / "clean.tsv", 40)
    seen: list[str] = []
    words = RunOptions(
        str(tmp_path / "m"),
        DataOptions(str(tmp_path / "clean.tsv")),
        output=tmp_path / "out",
        max_memory=LITTLE,
        **changes,  # type: ignore[arg-type]
    )
    with pytest.raises(UnsupportedError) as refused:
        pipeline.run(words, progress=lambda step, done, total: seen.append(step))
    assert "remove-only" in refused.value.hint
    assert "measure before" not in seen
    assert not (tmp_path / "out").exists()
