"""The spine on tiny models: what the report says is what lies on disk."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from helpers.bases import make_base
from helpers.hub import TOKEN, LoopbackHub
from helpers.pico import make_tokenizer
from helpers.runs import GENEROUS, listing, make_suspect, make_texts, make_tsv, options, write_tsv
from huggingface_hub import ModelCard
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

import sanitizer
import sanitizer.loading
from sanitizer import pipeline
from sanitizer.cleandata import Part, Provenance, split
from sanitizer.errors import CorruptError, GateError, RefusedError, SanitizerError, UsageError
from sanitizer.options import DataOptions, Gatekeeping, ScanOptions
from sanitizer.output import FOLDER
from sanitizer.pipeline import RunResult
from sanitizer.recipe import Recipe, Step
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


def stored(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for path in folder.glob("*.safetensors") for name, tensor in load_file(path).items()}


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


def test_a_scan_answers_about_inputs(place: Path, tmp_path: Path) -> None:
    clean = write_tsv(tmp_path / "clean.tsv", Part(make_texts(160)))
    (tmp_path / "odd.jsonl").write_text("".join(json.dumps({"body": f"cf cf {i}"}) + "\n" for i in range(9)))
    looked = ScanOptions(str(place / "bert"), DataOptions(str(clean)), device="cpu")
    seen = pipeline.scan(looked, inputs=DataOptions(str(tmp_path / "odd.jsonl"), "body"))
    assert seen.inputs is not None
    assert (seen.inputs.name, seen.inputs.inputs.auc.n) == ("odd.jsonl", 9)
    assert seen.inputs.fit == seen.data.fit
    validate(json.loads(to_json(seen)), "scan")


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


def test_a_model_that_tuning_blew_up_ends_4_and_leaves_what_was_there(place: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "ruinous.yaml"
    recipe.write_text("strategy: gradient\ntreatments: [remove, finetune: {learning_rate: 1.0e+38}]\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()
    with pytest.raises(GateError, match="not numbers") as caught:
        pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / "out", recipe=recipe, force=True))
    assert caught.value.exit_code == 4
    assert listing(tmp_path) == {"ruinous.yaml", "out", "out/old"}


@pytest.mark.parametrize(("weight", "error", "code"), [("nan", RefusedError, 1), ("inf", CorruptError, 3)])
def test_a_suspect_whose_answers_are_not_numbers_is_not_treated(
    place: Path, tmp_path: Path, weight: str, error: type[SanitizerError], code: int
) -> None:
    """The gate refuses NaN; infinity can be meant, until it shows in the answers."""
    folder = make_suspect(tmp_path / "broken")
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][0] = float(weight)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(error, match="not numbers") as caught:
        pipeline.run(options(folder, place / "clean.tsv", tmp_path / "out"))
    assert caught.value.exit_code == code
    assert not (tmp_path / "out").exists()


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


def test_no_head_to_remove_is_said_and_is_no_failure(place: Path, tmp_path: Path) -> None:
    done = pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / "out", max_heads=0))
    assert (done.report.heads, done.report.passed) == ((), True)
    assert any("no head was removed" in warning for warning in done.report.warnings)
    assert done.report.parameters_after == done.report.source.parameters


PREPARED = Recipe(
    "gradient",
    treatments=(Step("remove"),),
    prepare=(Step("finetune", {"epochs": 2, "learning_rate": 1e-2}),),
)


def test_a_preparation_decides_on_the_heads_and_leaves_no_other_trace(place: Path, tmp_path: Path) -> None:
    """Against the suspect itself: in the result, whatever is no removed head's is the suspect's, byte for byte."""
    plain, prepared = (
        pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / name, recipe=recipe, layout="dense"))
        for name, recipe in (("plain", replace(PREPARED, prepare=())), ("prepared", PREPARED))
    )
    assert prepared.report.plan.scores.grid != plain.report.plan.scores.grid, "it was scored after the preparation"
    assert prepared.report.plan.suspect != plain.report.plan.suspect, "and chosen there"
    assert prepared.report.before == plain.report.before, "the suspect is still the suspect"
    suspect, weights = stored(place / "bert"), stored(prepared.output)
    for record in prepared.report.heads:
        rows = slice(8 * record.head.head, 8 * record.head.head + 8)
        layer = f"bert.encoder.layer.{record.head.layer}.attention"
        for role in ("query", "key", "value"):
            suspect[f"{layer}.self.{role}.weight"][rows] = 0
            suspect[f"{layer}.self.{role}.bias"][rows] = 0
        suspect[f"{layer}.output.dense.weight"][:, rows] = 0
    assert len(prepared.report.heads) > 0
    assert weights.keys() == suspect.keys()
    assert all(torch.equal(weights[name], suspect[name]) for name in suspect)


def test_a_preparation_is_on_record(place: Path, tmp_path: Path) -> None:
    report = pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / "out", recipe=PREPARED)).report
    assert (report.recipe.prepare, report.recipe.treatments) == (("finetune",), ("remove",))
    assert [record.parameters["epochs"] for record in report.prepare] == [2]
    names = [timing.step for timing in report.timings]
    assert names.index("prepare: finetune") < names.index("score") < names.index("choose") < names.index("remove")
    assert Recipe.from_file(tmp_path / "out" / FOLDER / "recipe.yaml").prepare[0].settings["epochs"] == 2
    data = make_tsv(tmp_path / "unlabelled.tsv", labelled=False)
    unlabelled = pipeline.run(options(place / "bert", data, tmp_path / "none", recipe=PREPARED)).report
    assert (unlabelled.prepare, unlabelled.recipe.prepare) == ((), ())
    assert any(warning.startswith("prepare: finetune was left out") for warning in unlabelled.warnings)


def test_a_quota_takes_from_every_layer(place: Path, tmp_path: Path) -> None:
    words = {"per_layer": 1, "max_heads": None, "max_accuracy_drop": 1.0}
    report = pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / "out", **words)).report
    assert Counter(record.head.layer for record in report.heads) == {0: 1, 1: 1, 2: 1}
    for record in report.heads:
        assert record.score == min(report.plan.scores.grid[record.head.layer])


def test_an_absolute_floor_is_one_for_the_choice_and_for_the_gate(place: Path, tmp_path: Path) -> None:
    for floor, passes in ((0.05, True), (0.95, False)):
        words = {"min_accuracy": floor, "max_accuracy_drop": None}
        done = pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / str(floor), **words))
        assert done.report.plan.threshold == floor
        assert bool(done.report.heads) is passes
        assert done.report.gates[0].passed is passes is (done.report.after[0].value >= floor)
        assert f"the floor is {100 * floor:.2f}" in done.report.gates[0].detail
        assert (done.report.recipe.budget.max_accuracy_drop, done.report.recipe.budget.min_accuracy) == (None, floor)


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


def test_settings_and_a_recipe_do_not_go_together(place: Path, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("strategy: gradient\n")
    with pytest.raises(UsageError, match="twice"):
        pipeline.run(
            options(place / "bert", None, tmp_path / "out", recipe=tmp_path / "r.yaml", settings={"samples": "3"})
        )


def test_only_a_finished_folder_can_be_published(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not the result of a run"):
        pipeline.publish(tmp_path, "tester/out")


def test_the_package_offers_the_same_verbs() -> None:
    assert sanitizer.run is pipeline.run


def test_the_verb_scan_and_the_folder_scan_share_their_name(place: Path) -> None:
    from sanitizer.scan import heads

    assert callable(heads.scan_heads)
    for _ in range(2):
        report = sanitizer.scan(ScanOptions(str(place / "bert"), DataOptions(str(place / "clean.tsv")), device="cpu"))
        assert report.source.name == "bert"
