"""The suspect as it comes in: its base through the same gate, and texts that it labels itself if nobody did."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.bases import make_base
from helpers.hub import LoopbackHub
from helpers.runs import make_tsv, options, stored

from sanitizer import pipeline
from sanitizer.errors import RefusedError, UsageError
from sanitizer.options import Gatekeeping
from sanitizer.output import FOLDER
from sanitizer.recipe import Recipe, Step
from sanitizer.schema import from_json


def test_without_labels_the_suspect_labels_and_nothing_is_tuned(place: Path, tmp_path: Path) -> None:
    data = make_tsv(tmp_path / "unlabelled.tsv", labelled=False)
    report = pipeline.run(options(place / "bert", data, tmp_path / "out")).report
    assert report.data.labels == "suspect"
    assert report.before[0].value == 1.0, "it agrees with itself"
    assert report.recipe.treatments == ("remove",)
    assert any("finetune was left out" in warning for warning in report.warnings)
    agreement = next(metric for metric in report.after if metric.name == "agreement_with_suspect")
    assert agreement.value == pytest.approx(report.after[0].value)


@pytest.mark.parametrize(("family", "labels"), [("bert", "suspect"), ("llama", "none")])
def test_without_data_the_embedded_texts_stand_in_and_are_named(
    place: Path, tmp_path: Path, family: str, labels: str
) -> None:
    done = pipeline.run(options(place / family, None, tmp_path / "out", max_heads=1))
    assert (done.report.data.origin, done.report.data.labels) == ("embedded", labels)
    assert done.report.recipe.treatments == ("remove",)
    assert "calibration texts shipped with sanitizer" in (done.output / "README.md").read_text()
    assert any("finetune was left out" in warning for warning in done.report.warnings)


REBASE: dict[str, Any] = {"recipe": Recipe("random", treatments=(Step("rebase", {"epochs": 1}),)), "max_heads": None}


def test_a_base_is_vetted_matched_and_on_record(place: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", seed=7)
    (base / "training_args.bin").write_bytes(b"\x80\x04.")
    done = pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / "out", base=str(base), **REBASE))
    record, source = done.report.base, done.report.source
    assert record is not None
    assert record.name == "base"
    head = 32 * 2 + 2
    assert (record.matched, record.lacking) == (source.parameters - head, ("classifier.weight", "classifier.bias"))
    assert done.report.treatments[0].observed["parameters_from_base"] == source.parameters - head
    assert abs(record.similarity) < 0.1
    assert any("may not be what this model was made from" in warning for warning in done.report.warnings)
    assert [finding.file for finding in record.findings] == ["training_args.bin"]
    # Embeddings are held, so what was saved is the base's own, as far as half precision goes.
    theirs, ours = stored(base), stored(done.output)
    name = "embeddings.word_embeddings.weight"
    assert torch.equal(ours[f"bert.{name}"], theirs[name].half())
    lock = json.loads((done.output / FOLDER / "lock.json").read_text())
    assert lock["base"] == {"name": "base", "commit": None, "sha256": record.digest}
    assert from_json((done.output / FOLDER / "report.json").read_text(), "report") == done.report


def test_a_base_that_the_gate_refuses_ends_the_run(place: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base")
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "evil.Model"}}))
    with pytest.raises(RefusedError):
        pipeline.run(
            options(
                *(place / "bert", place / "clean.tsv", tmp_path / "out"),
                **{**REBASE, "base": str(base), "gate": Gatekeeping(fail_on="low")},
            )
        )
    assert not (tmp_path / "out").exists()


def test_a_base_that_the_card_names_is_not_fetched(hub: LoopbackHub, place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "bert", tmp_path / "bert")
    (tmp_path / "bert" / "README.md").write_text("---\nbase_model: org/base\n---\n")
    hub.repo("org/base", {path.name: path.read_bytes() for path in make_base(tmp_path / "base").iterdir()})
    done = pipeline.run(options(tmp_path / "bert", place / "clean.tsv", tmp_path / "out"))
    assert done.report.source.base_models == ("org/base",)
    assert done.report.base is None
    assert hub.requests == []
    with pytest.raises(UsageError, match="takes weights from the model that MODEL was made from"):
        pipeline.run(options(tmp_path / "bert", place / "clean.tsv", tmp_path / "out2", **REBASE))
    named = pipeline.run(options(tmp_path / "bert", place / "clean.tsv", tmp_path / "out3", base="org/base", **REBASE))
    assert named.report.base is not None
    assert re.fullmatch(r"[0-9a-f]{40}", named.report.base.commit or "")
    by_card = pipeline.run(options(tmp_path / "bert", place / "clean.tsv", tmp_path / "out4", base="card", **REBASE))
    assert by_card.report.base == named.report.base


@pytest.mark.parametrize(
    ("card", "says"),
    [
        ("base_model: [org/a, org/b]", "names 2 models"),
        ("license: mit", "names no base"),
        ("base_model: ../x", "no base"),
    ],
)
def test_a_card_that_names_no_one_base_is_a_usage_error(place: Path, tmp_path: Path, card: str, says: str) -> None:
    shutil.copytree(place / "bert", tmp_path / "bert")
    (tmp_path / "bert" / "README.md").write_text(f"---\n{card}\n---\n")
    with pytest.raises(UsageError, match=says):
        pipeline.scan(options(tmp_path / "bert", place / "clean.tsv", tmp_path / "out", base="card"))
