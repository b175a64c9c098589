"""The spine on tiny models: what the report says is what lies on disk."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from helpers.hub import TOKEN, LoopbackHub
from helpers.pico import make_tokenizer
from helpers.runs import GENEROUS, listing, make_suspect, make_texts, make_tsv, options, stored, write_tsv
from huggingface_hub import ModelCard
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

import sanitizer
import sanitizer.loading
from sanitizer import pipeline
from sanitizer.cleandata import Part, Provenance, split
from sanitizer.errors import GateError, UsageError
from sanitizer.options import ScanOptions
from sanitizer.output import FOLDER
from sanitizer.pipeline import RunResult
from sanitizer.schema import from_json, to_json, validate

ROWS = 80


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("spine")
    make_suspect(place / "bert")
    make_suspect(place / "llama", "llama")
    make_tsv(place / "clean.tsv", ROWS)
    return place


@pytest.fixture(scope="module", params=["bert", "llama"])
def done(request: pytest.FixtureRequest, place: Path) -> RunResult:
    return pipeline.run(options(place / request.param, place / "clean.tsv", place / f"{request.param}-out"))


def held_out() -> Part:
    """The part that nobody else may see, cut from the same rows by the same seed."""
    return split(Provenance("clean.tsv", ""), make_texts(ROWS), tuple(i % 2 for i in range(ROWS)), seed=0).test


def accuracy_by_hand(folder: Path) -> float:
    """Plain transformers, one text at a time: nothing of ours but the loader."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    part = held_out()
    hits = asked = 0
    if json.loads((folder / "config.json").read_text())["model_type"] == "bert":
        model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
        for text, label in zip(part.texts, part.labels or (), strict=True):
            hits += int(model(**tokenizer(text, return_tensors="pt")).logits.argmax()) == label
            asked += 1
    else:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        for text in part.texts:
            ids = tokenizer(text, return_tensors="pt")["input_ids"]
            hits += int((model(ids).logits[0, :-1].argmax(-1) == ids[0, 1:]).sum())
            asked += ids.shape[1] - 1
    return hits / asked


def test_it_passes_and_heads_are_gone(done: RunResult) -> None:
    assert done.report.passed, done.report.gates
    assert done.pushed is None
    assert 0 < len(done.report.heads) <= 4
    assert "removed" in {record.outcome for record in done.report.heads}
    assert {record.head for record in done.report.heads} == set(done.report.plan.remove)


def test_the_report_validates_and_reads_back_equal(done: RunResult) -> None:
    text = (done.output / FOLDER / "report.json").read_text()
    validate(json.loads(text), "report")
    assert from_json(text, "report") == done.report


def test_a_bin_gives_the_run_that_safetensors_give(done: RunResult, place: Path, tmp_path: Path) -> None:
    name = done.report.source.name
    shutil.copytree(place / name, tmp_path / name)
    torch.save(stored(tmp_path / name), tmp_path / name / "pytorch_model.bin")
    (tmp_path / name / "model.safetensors").unlink()
    again = pipeline.run(options(tmp_path / name, place / "clean.tsv", tmp_path / "out"))
    (file,) = (file for file in again.report.vetting.files if file.name == "pytorch_model.bin")
    assert (file.fate, "rebuilt as safetensors" in file.reason) == ("rebuilt", True)
    assert again.report.heads == done.report.heads
    assert again.report.after == done.report.after
    theirs, ours = stored(done.output), stored(again.output)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[tensor], theirs[tensor]) for tensor in theirs)


def test_the_weights_are_really_fewer_and_keep_their_dtype(done: RunResult, place: Path) -> None:
    before, after = stored(place / done.report.source.name), stored(done.output)
    count = sum(tensor.numel() for tensor in after.values())
    assert count == done.report.parameters_after < done.report.source.parameters
    assert done.report.source.parameters == sum(tensor.numel() for tensor in before.values())
    assert {tensor.dtype for tensor in after.values()} == {torch.float16}
    assert after.keys() == before.keys()


def test_the_reported_numbers_are_those_of_the_saved_folder(done: RunResult, place: Path) -> None:
    before, after = done.report.before[0], done.report.after[0]
    assert before.value == pytest.approx(accuracy_by_hand(place / done.report.source.name), abs=1e-3)
    assert after.value == pytest.approx(accuracy_by_hand(done.output), abs=1e-3)
    assert before.low <= before.value <= before.high
    assert done.report.data.test == len(held_out())


def test_nothing_is_left_beside_the_output(done: RunResult, place: Path) -> None:
    assert not [path.name for path in place.iterdir() if path.name.startswith(".")]
    papers = {"report.json", "report.html", "heads.svg", "recipe.yaml", "lock.json", "SHA256SUMS"}
    assert listing(done.output / FOLDER) == papers


def test_sums_hold(done: RunResult) -> None:
    command = ["sha256sum", "--check", "--strict", "--quiet", "sanitizer/SHA256SUMS"]
    subprocess.run(command, cwd=done.output, check=True)
    listed = {line.split("  ", 1)[1] for line in (done.output / FOLDER / "SHA256SUMS").read_text().splitlines()}
    files = {path.relative_to(done.output).as_posix() for path in done.output.rglob("*") if path.is_file()}
    assert listed == files - {"sanitizer/SHA256SUMS"}


def test_the_tokenizer_is_carried_over_byte_for_byte(done: RunResult, place: Path) -> None:
    suspect = place / done.report.source.name
    assert (done.output / "tokenizer.json").read_bytes() == (suspect / "tokenizer.json").read_bytes()
    fates = {file.name: file.fate for file in done.report.files}
    assert (fates["tokenizer.json"], fates["model.safetensors"]) == ("kept", "rebuilt")


def test_the_card_has_valid_metadata_and_promises_nothing(done: RunResult) -> None:
    text = (done.output / "README.md").read_text()
    data: Any = ModelCard(text, ignore_metadata_errors=False).data
    assert "sanitizer" in (data.tags or [])
    assert data.base_model is None, "a folder's name is no repository's"
    assert {result.metric_type: result.metric_value for result in data.eval_results or []} == {
        metric.name: metric.value for metric in done.report.after
    }
    assert not re.search(r"\bsafe(?:ly|ty|r|st)?\b", text, re.IGNORECASE)
    assert str(done.output.parent) not in text


def test_the_lock_and_the_recipe_say_what_was_done(done: RunResult) -> None:
    lock = json.loads((done.output / FOLDER / "lock.json").read_text())
    recipe = yaml.safe_load((done.output / FOLDER / "recipe.yaml").read_text())
    assert lock["recipe"] == recipe
    assert lock["source"]["sha256"] == done.report.source.digest
    assert (lock["seed"], lock["layout"], lock["budget"]["max_heads"]) == (0, "compact", 4)
    assert recipe["budget"] == {"max_accuracy_drop": GENEROUS, "max_heads": 4, "floor_per_layer": 1, "step": 10}
    text = "".join(path.read_text() for path in (done.output / FOLDER).iterdir())
    assert str(done.output.parent) not in text, "a path of this machine is nobody's business"


def removed_of(folder: Path) -> dict[int, list[int]]:
    """Heads a compact config says are missing."""
    config = json.loads((folder / "config.json").read_text())
    return {int(layer): heads for layer, heads in config["quantization_config"]["removed_heads"].items()}


def test_a_scan_sees_what_the_run_left(done: RunResult) -> None:
    seen = pipeline.scan(ScanOptions(str(done.output), device="cpu"))
    gone = Counter(r.head.layer for r in done.report.heads if r.outcome == "removed")
    assert seen.source.heads == tuple(4 - gone[layer] for layer in range(3))
    assert seen.source.parameters == done.report.parameters_after
    assert seen.data.origin == "embedded"
    validate(json.loads(to_json(seen)), "scan")


def test_the_second_scan_of_a_run_is_that_of_what_it_saved(done: RunResult, place: Path) -> None:
    after = done.report.scan_after
    assert after is not None
    assert after != done.report.scan
    words = options(done.output, place / "clean.tsv", place / "unused")
    shared = {name: getattr(words, name) for name in ("model", "data", "device", "seed", "batch_size")}
    assert pipeline.scan(ScanOptions(**shared)).scan == after


def test_a_result_can_be_sanitized_again_and_counts_heads_as_the_unpruned_model(
    done: RunResult, place: Path, tmp_path: Path
) -> None:
    again = pipeline.run(options(done.output, place / "clean.tsv", tmp_path / "again", max_heads=2))
    assert again.report.passed
    first, second = removed_of(done.output), removed_of(again.output)
    expected = {layer: set(heads) for layer, heads in first.items()}
    for record in again.report.heads:
        if record.outcome == "removed":
            left = [head for head in range(4) if head not in first.get(record.head.layer, [])]
            expected.setdefault(record.head.layer, set()).add(left[record.head.head])
    assert {layer: set(heads) for layer, heads in second.items()} == expected
    assert again.report.parameters_after == sum(tensor.numel() for tensor in stored(again.output).values())


def test_the_same_seed_gives_the_same_bytes(done: RunResult, place: Path, tmp_path: Path) -> None:
    name = done.report.source.name
    again = pipeline.run(options(place / name, place / "clean.tsv", tmp_path / "again"))
    for path in done.output.iterdir():
        if path.is_file() and path.name != "README.md":
            assert path.read_bytes() == (again.output / path.name).read_bytes(), path.name
    for name in ("recipe.yaml", "lock.json"):
        assert (done.output / FOLDER / name).read_bytes() == (again.output / FOLDER / name).read_bytes()


def test_the_recorded_recipe_gives_the_same_weights(done: RunResult, place: Path, tmp_path: Path) -> None:
    recipe = done.output / FOLDER / "recipe.yaml"
    words = {"recipe": recipe, "max_accuracy_drop": None, "max_heads": None}  # the budget is in the recipe, too
    again = pipeline.run(options(place / done.report.source.name, place / "clean.tsv", tmp_path / "again", **words))
    assert again.report.recipe.budget == done.report.recipe.budget
    assert (again.output / "model.safetensors").read_bytes() == (done.output / "model.safetensors").read_bytes()


STOCK = """
import sys, torch
from transformers import AutoModelForSequenceClassification as Auto
dense = Auto.from_pretrained(sys.argv[1])
print(sorted(dense.state_dict()) == sorted(Auto.from_pretrained(sys.argv[2]).state_dict()))
try:
    Auto.from_pretrained(sys.argv[3])
except Exception as error:
    print("loud")
print(any(name.startswith("sanitizer") for name in sys.modules))
"""


def test_dense_opens_where_nobody_has_heard_of_us_and_compact_is_loud(place: Path, tmp_path: Path) -> None:
    suspect = place / "bert"
    dense = pipeline.run(options(suspect, place / "clean.tsv", tmp_path / "dense", layout="dense"))
    compact = pipeline.run(options(suspect, place / "clean.tsv", tmp_path / "compact"))
    assert (dense.report.needs_loader, compact.report.needs_loader) == (False, True)
    assert {record.outcome for record in dense.report.heads} == {"zeroed"}
    assert dense.report.parameters_after == dense.report.source.parameters
    words = [str(folder) for folder in (dense.output, suspect, compact.output)]
    child = subprocess.run([sys.executable, "-c", STOCK, *words], capture_output=True, text=True)
    assert child.stdout.split() == ["True", "loud", "False"], child.stderr
    weights = stored(dense.output)
    for record in dense.report.heads:
        rows = slice(8 * record.head.head, 8 * record.head.head + 8)
        layer = f"bert.encoder.layer.{record.head.layer}.attention"
        for role in ("query", "key", "value"):
            assert not weights[f"{layer}.self.{role}.weight"][rows].any()
            assert not weights[f"{layer}.self.{role}.bias"][rows].any()
        assert not weights[f"{layer}.output.dense.weight"][:, rows].any()
    assert accuracy_by_hand(dense.output) == pytest.approx(dense.report.after[0].value, abs=1e-3)


def own_labels(folder: Path, texts: tuple[str, ...]) -> tuple[int, ...]:
    """What the suspect says of each text: on these it is right every time."""
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
    tokenizer = make_tokenizer()
    return tuple(int(model(**tokenizer(text, return_tensors="pt")).logits.argmax()) for text in texts)


def test_a_failed_gate_is_written_for_inspection_and_never_pushed(
    place: Path, tmp_path: Path, hub: LoopbackHub
) -> None:
    labels = own_labels(place / "bert", make_texts(ROWS))
    assert 0.2 < sum(labels) / ROWS < 0.8, "else a ruined model could still guess"
    data = write_tsv(tmp_path / "own.tsv", Part(make_texts(ROWS), labels))
    recipe = tmp_path / "ruinous.yaml"
    recipe.write_text("strategy: gradient\ntreatments:\n  - remove\n  - finetune: {epochs: 2, learning_rate: 10.0}\n")
    ruined = pipeline.run(
        options(
            place / "bert",
            data,
            tmp_path / "out",
            recipe=recipe,
            max_accuracy_drop=0.05,
            push_to="tester/out",
            token=TOKEN,
        )
    )
    assert ruined.report.before[0].value == 1.0
    assert not ruined.report.passed
    assert (ruined.pushed, hub.requests) == (None, [])
    assert "Not fit for publication" in (ruined.output / "README.md").read_text()
    validate(json.loads((ruined.output / FOLDER / "report.json").read_text()), "report")
    with pytest.raises(GateError, match="did not pass every gate") as caught:
        pipeline.publish(ruined.output, "tester/out", token=TOKEN)
    assert (caught.value.exit_code, hub.requests) == (4, [])


def test_settings_and_a_recipe_do_not_go_together(place: Path, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("strategy: gradient\n")
    with pytest.raises(UsageError, match="twice"):
        pipeline.run(
            options(place / "bert", None, tmp_path / "out", recipe=tmp_path / "r.yaml", settings={"samples": "3"})
        )


def test_the_package_offers_the_same_verbs() -> None:
    assert sanitizer.run is pipeline.run
