"""From flagged inputs to a sanitized model, on one whose carrier of the backdoor is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.runs import write_tsv
from helpers.triggered import CARRIER, TEXTS, TRIGGER, Planted, plant

from sanitizer import treating
from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.guarding import guard
from sanitizer.model.material import Flagged, Material
from sanitizer.model.safety import ByClass
from sanitizer.options import DataOptions, GuardOptions
from sanitizer.recipe import Recipe, Step
from sanitizer.report import InputRecord
from sanitizer.schema import from_json, to_line
from sanitizer.treating import treat

FAST = Recipe(
    "random",
    treatments=(
        Step("rounds", {"inputs": "flagged", "rounds": 1, "align_epochs": 1, "epochs": 1}),
    ),
    budget={"min_accuracy": 0.1},
)  # fmt: skip


@pytest.fixture(scope="module")
def planted() -> Planted:
    return plant()


@pytest.fixture(scope="module")
def options(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> GuardOptions:
    """A folder of the model, its clean texts, and a stream that is half triggered; the guard has flagged already."""
    place = tmp_path_factory.mktemp("treating")
    model = planted.subject.model
    model.config.architectures = [type(model).__name__]
    model.save_pretrained(place / "model")
    planted.subject.tokenizer.save_pretrained(place / "model")
    labels = planted.clean.labels
    assert labels is not None
    clean = write_tsv(place / "clean.tsv", Part(TEXTS, labels))
    rows = [line for text in TEXTS[:40] for line in (text, f"{text} {TRIGGER}")]
    (place / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in rows))
    made = GuardOptions(
        str(place / "model"), str(place / "in.jsonl"), DataOptions(str(clean)), fpr=0.05, out=place / "flags.jsonl",
        treat=place / "treated", recipe=FAST, device="cpu",
    )  # fmt: skip
    guard(made)
    return made


def test_heads_judged_on_flagged_inputs_show_the_carrier(planted: Planted, options: GuardOptions) -> None:
    """On clean texts it does nothing and is not suspected."""
    material = Material(planted.clean, torch.Generator().manual_seed(0))
    assert CARRIER not in ByClass().judge(planted.subject, material).of_class("suspicious")
    assert options.out is not None
    lines = [line for line in options.out.read_text().splitlines() if '"input"' in line]
    records = [from_json(line, "input") for line in lines]
    assert len(records) >= 40
    flagged = Flagged.of(planted.subject, records)  # type: ignore[arg-type]
    assert sum(map(sum, flagged.shares)) <= 1
    on_flagged = ByClass(inputs="flagged").judge(planted.subject, replace(material, flagged=flagged))
    assert CARRIER in on_flagged.of_class("suspicious")
    with pytest.raises(UsageError, match="no inputs were flagged"):
        ByClass(inputs="flagged").judge(planted.subject, material)


def test_what_was_flagged_is_treated_by_and_the_same_words_give_the_same_bytes(options: GuardOptions) -> None:
    assert options.treat is not None
    done = treat(options)
    assert done is not None
    assert any("inputs that a guard had flagged" in words for words in done.report.warnings)
    assert done.report.treatments[0].parameters["inputs"] == "flagged"
    assert done.report.treatments[0].observed["round_1_aligned_heads"] >= 1
    again = replace(options, treat=options.treat.with_name("again"))
    assert guard(again).looked == 0
    assert treat(again) is not None
    one, other = ((options.treat.with_name(name) / "model.safetensors").read_bytes() for name in ("treated", "again"))
    assert one == other


def test_the_farthest_inputs_are_taken(options: GuardOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treating, "MOST", 2)
    records = [InputRecord(0, str(place), place, 0.01, True) for place in (1.0, 3.0, 2.0)]
    out = tmp_path / "flags"
    out.write_text("".join(['{"kind": "guard"}\n', *map(to_line, records), '{"kind": "progress"}\n']))
    asked: list[list[str]] = []
    monkeypatch.setattr(treating, "run", lambda _, *, flagged, progress: asked.append([one.text for one in flagged]))
    treat(replace(options, out=out))
    assert asked == [["3.0", "2.0"]]
    out.write_text('{"kind": "guard"}\n')
    assert treat(replace(options, out=out)) is None
    assert len(asked) == 1


def test_words_that_cannot_work_are_refused_before_the_guard_begins(options: GuardOptions, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="flagged inputs in a file"):
        treating.check_words(replace(options, out=None))
    with pytest.raises(UsageError, match="tunes the model"):
        treating.check_words(replace(options, data=DataOptions()))
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        treating.check_words(replace(options, treat=tmp_path))
    with pytest.raises(UsageError, match="is the model itself"):
        treating.check_words(replace(options, treat=Path(options.model)))
