"""A scan of a tiny model: what it says of inputs, and that it is the same verb wherever it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.runs import make_suspect, make_texts, make_tsv, write_tsv

import sanitizer
from sanitizer.cleandata import Part
from sanitizer.options import DataOptions, ScanOptions
from sanitizer.scanning import scan
from sanitizer.schema import to_json, validate


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("scanning")
    make_suspect(place / "bert")
    make_tsv(place / "clean.tsv")
    return place


def test_a_scan_answers_about_inputs(place: Path, tmp_path: Path) -> None:
    clean = write_tsv(tmp_path / "clean.tsv", Part(make_texts(160)))
    (tmp_path / "odd.jsonl").write_text("".join(json.dumps({"body": f"cf cf {i}"}) + "\n" for i in range(9)))
    looked = ScanOptions(str(place / "bert"), DataOptions(str(clean)), device="cpu")
    seen = scan(looked, inputs=DataOptions(str(tmp_path / "odd.jsonl"), "body"))
    assert seen.inputs is not None
    assert (seen.inputs.name, seen.inputs.inputs.auc.n) == ("odd.jsonl", 9)
    assert seen.inputs.fit == seen.data.fit
    validate(json.loads(to_json(seen)), "scan")


def test_the_verb_scan_and_the_folder_scan_share_their_name(place: Path) -> None:
    from sanitizer.scan import heads

    assert callable(heads.scan_heads)
    for _ in range(2):
        report = sanitizer.scan(ScanOptions(str(place / "bert"), DataOptions(str(place / "clean.tsv")), device="cpu"))
        assert report.source.name == "bert"
