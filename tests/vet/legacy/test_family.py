"""A `.bin` through the whole gate: what becomes of it, and that the rebuilt model is the very same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.bins import bin_file, dict_of, number, tensor
from helpers.checkpoints import fates, make, rules, vetted, write_json
from helpers.hostile import ELF, LFS, PICKLE
from helpers.pico import CAUSAL, CONFIGS
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, PreTrainedModel

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import CorruptError, RefusedError
from sanitizer.vet.gate import survey, vet
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal
from sanitizer.vet.legacy.family import write
from sanitizer.vet.rebuild import rebuild
from sanitizer.vet.safetensors import header_of

BIN, WEIGHTS = "pytorch_model.bin", "model.safetensors"
INDEX = "pytorch_model.bin.index.json"
SHARDS = ("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")


def pickled_folder(folder: Path, content: bytes | None = None, **config: Any) -> Path:
    make(folder, **config)
    (folder / WEIGHTS).unlink()
    (folder / BIN).write_bytes(bin_file() if content is None else content)
    return folder


def sharded(folder: Path, **state: torch.Tensor) -> Path:
    """One tensor in the first shard, the others in the second."""
    make(folder)
    (folder / WEIGHTS).unlink()
    names = list(state)
    torch.save({names[0]: state[names[0]]}, folder / SHARDS[0])
    torch.save({name: state[name] for name in names[1:]}, folder / SHARDS[1])
    places = {name: SHARDS[0] if name == names[0] else SHARDS[1] for name in names}
    write_json(folder / INDEX, {"metadata": {"total_size": 1}, "weight_map": places})
    return folder


def rebuilt(folder: Path, target: Path) -> Checkpoint:
    checkpoint = open_local(folder)
    return rebuild(checkpoint, vet(checkpoint), target)


def test_a_folder_with_nothing_but_a_bin_is_rebuilt(tmp_path: Path) -> None:
    folder = pickled_folder(tmp_path / "m")
    record = vetted(folder)
    assert record.findings == ()
    assert refusal(record, "low") is None
    (file,) = (file for file in record.files if file.name == BIN)
    assert (file.fate, file.sha256) == ("rebuilt", open_local(folder).files[BIN].sha256)
    assert file.reason == "1 tensors, read as data and rebuilt as safetensors (model.safetensors)"
    done = rebuilt(folder, tmp_path / "out")
    assert set(done.files) == {path.name for path in done.path.iterdir()} == {"config.json", WEIGHTS, "tokenizer.json"}
    assert vetted(done.path).findings == ()
    assert rebuilt(done.path, tmp_path / "twice").digest == done.digest


def test_shards_are_rebuilt_with_their_index(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "m", a=torch.ones(2), b=torch.zeros(3).half(), c=torch.ones(3, 2).t())
    assert vetted(folder).findings == ()
    done = rebuilt(folder, tmp_path / "out")
    assert set(done.files) == {
        "config.json",
        "tokenizer.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
    }
    document = json.loads(done.read("model.safetensors.index.json"))
    first, second = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    assert document == {"metadata": {"total_size": 38}, "weight_map": {"a": first, "b": second, "c": second}}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"a": SHARDS[0], "b": SHARDS[1]}, "shards.tensor-orphan"),
        ({"a": SHARDS[1], "b": SHARDS[1], "c": SHARDS[1]}, "shards.tensor-missing"),
        ({"a": SHARDS[0], "b": SHARDS[1], "c": SHARDS[1], "d": SHARDS[1]}, "shards.tensor-missing"),
        ({"a": SHARDS[0], "b": SHARDS[0], "c": SHARDS[1]}, "shards.tensor-missing"),
        ({"a": SHARDS[0]}, "shards.orphan"),
        ({"a": SHARDS[0], "b": "../x.bin"}, "shards.path"),
        ({"a": SHARDS[0], "b": "model-00001-of-00002.safetensors"}, "shards.path"),
        ({"a": SHARDS[0], "b": BIN}, "shards.path"),
        ({}, "json.shape"),
    ],
)
def test_the_index_of_shards_must_agree_with_them(change: dict[str, str], rule: str, tmp_path: Path) -> None:
    folder = sharded(tmp_path / "m", a=torch.ones(2), b=torch.ones(2), c=torch.ones(2))
    write_json(folder / INDEX, {"weight_map": change})
    record = vetted(folder)
    assert rule in rules(record)
    assert refusal(record) is not None


def test_what_of_shards_is_missing_is_named(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "m", a=torch.ones(2), b=torch.ones(2))
    (folder / SHARDS[1]).rename(folder / "elsewhere")
    with pytest.raises(CorruptError, match=f"{SHARDS[1]} is missing: {INDEX} names 2 shards, and 1 are there"):
        vetted(folder)
    (folder / "elsewhere").rename(folder / SHARDS[1])
    (folder / INDEX).unlink()
    with pytest.raises(CorruptError, match=f"{INDEX} is missing"):
        vetted(folder)


def test_one_whole_file_beside_shards_is_refused(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "m", a=torch.ones(2), b=torch.ones(2))
    (folder / BIN).write_bytes(bin_file())
    assert "shards.two-sets" in rules(vetted(folder))


@pytest.mark.parametrize(
    ("content", "rule", "severity"),
    [
        (bin_file(), "weights.pickle-data", "low"),
        (PICKLE, "weights.pickle-code", "high"),
        (bin_file()[:-1], "weights.pickle-unread", "medium"),
    ],
)
def test_beside_safetensors_it_is_left_behind(content: bytes, rule: str, severity: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    for name in (BIN, *SHARDS):
        (folder / name).write_bytes(content)
    (folder / INDEX).write_bytes(b"{}")
    record = vetted(folder)
    assert refusal(record) is None
    assert {name for name, fate in fates(record).items() if fate == "dropped"} == {BIN, *SHARDS, INDEX}
    found = {(finding.file, finding.rule, finding.severity) for finding in record.findings}
    assert found == {(name, rule, severity) for name in (BIN, *SHARDS)} | {(INDEX, "files.unneeded", "low")}
    assert set(rebuilt(folder, tmp_path / "out").files) == {"config.json", WEIGHTS, "tokenizer.json"}


@pytest.mark.parametrize(
    ("content", "rule"), [(LFS, "weights.pointer"), (b"<!DOCTYPE html>", "weights.page"), (ELF, "files.pretender")]
)
def test_what_is_no_weights_at_all_is_named(content: bytes, rule: str, tmp_path: Path) -> None:
    assert rule in rules(vetted(pickled_folder(tmp_path / "m", content)))


def test_a_damaged_file_is_inconclusive(tmp_path: Path) -> None:
    whole = bin_file()
    for spoilt in (whole[:-3], whole.replace(bytes(range(8)), bytes(8))):
        folder = pickled_folder(tmp_path / str(len(spoilt)), spoilt)
        with pytest.raises(CorruptError, match=BIN):
            vetted(folder)
        assert fates(survey(open_local(folder)).record)[BIN] == "refused"


def test_entries_that_are_no_tensors_are_on_record(tmp_path: Path) -> None:
    record = vetted(pickled_folder(tmp_path / "m", bin_file(dict_of(a=tensor(), epoch=number(3)))))
    (finding,) = record.findings
    assert (finding.rule, finding.severity) == ("legacy.left-out", "low")
    assert finding.message.endswith(": epoch")


def test_a_file_that_appears_later_is_refused(tmp_path: Path) -> None:
    folder = pickled_folder(tmp_path / "m")
    checkpoint = open_local(folder)
    (folder / SHARDS[0]).write_bytes(bin_file())
    assert "gate.unread" in rules(vet(checkpoint))


def test_what_changed_after_vetting_is_not_rebuilt(tmp_path: Path) -> None:
    folder = pickled_folder(tmp_path / "m")
    checkpoint = open_local(folder)
    record = vet(checkpoint)
    (folder / BIN).write_bytes(bin_file(None, {"0": bytes(8)}))
    with pytest.raises(CorruptError, match=f"{BIN} changed after it was vetted"):
        rebuild(checkpoint, record, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_was_read_and_what_was_hashed_must_be_the_same(tmp_path: Path) -> None:
    """Hostile bytes are hashed, harmless ones lie there while the gate looks, hostile ones again for the rebuild."""
    folder = pickled_folder(tmp_path / "m", bin_file(dict_of(a=tensor(), b=tensor())))
    harmless, hostile = (folder / BIN).read_bytes(), bin_file(dict_of(state_dict=dict_of(a=tensor())))
    hostile = hostile.ljust(len(harmless), b"x")
    (folder / BIN).write_bytes(hostile)
    checkpoint = open_local(folder)
    (folder / BIN).write_bytes(harmless.ljust(checkpoint.files[BIN].size, b"x")[: checkpoint.files[BIN].size])
    record = vet(checkpoint)
    (folder / BIN).write_bytes(hostile)
    with pytest.raises(RefusedError):
        rebuild(checkpoint, record, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_copy_stays_beside_the_rebuilt_file(tmp_path: Path) -> None:
    checkpoint = open_local(pickled_folder(tmp_path / "m"))
    (tmp_path / "out").mkdir()
    write(checkpoint, BIN, tmp_path / "out" / WEIGHTS)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [WEIGHTS]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_are_looked_at_as_in_safetensors(number: float, tmp_path: Path) -> None:
    folder = pickled_folder(tmp_path / "m")
    state = {"a": torch.ones(4, 4), "b": torch.full((3, 2), 2.0).t()}
    state["b"][1, 2] = number
    torch.save(state, folder / BIN)
    (finding,) = vetted(folder).findings
    assert finding.rule == ("weights.nan" if number != number else "weights.infinite")
    assert (finding.file, finding.message.rpartition(" ")[2]) == (BIN, "b")


def test_a_config_that_asks_for_more_than_the_file_holds(tmp_path: Path) -> None:
    folder = pickled_folder(tmp_path / "m", vocab_size=1 << 27, hidden_size=1 << 12)
    assert "config.weights-size" in rules(vetted(folder))


def language_model(family: str, **changes: Any) -> PreTrainedModel:
    config = AutoConfig.for_model(family, **CONFIGS[family][1] | changes)
    torch.manual_seed(0)
    return (AutoModelForCausalLM if family in CAUSAL else AutoModelForMaskedLM).from_config(config)


def loaded(folder: Path, family: str) -> dict[str, torch.Tensor]:
    kind = AutoModelForCausalLM if family in CAUSAL else AutoModelForMaskedLM
    model, said = kind.from_pretrained(folder, local_files_only=True, output_loading_info=True)
    assert not said["missing_keys"]
    assert not said["unexpected_keys"]
    assert not said["mismatched_keys"]
    return dict(model.state_dict())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ties", [None, True, False])
@pytest.mark.parametrize("family", CONFIGS)
def test_transformers_loads_the_same_model_from_both(family: str, ties: bool | None, tmp_path: Path) -> None:
    """With the embedding tied by default, by the config, and not at all: parameter by parameter, bit by bit."""
    model = language_model(family, **({} if ties is None else {"tie_word_embeddings": ties}))
    folder = tmp_path / "m"
    model.config.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    if ties is None:
        config.pop("tie_word_embeddings", None)
    write_json(folder / "config.json", config)
    torch.save(model.state_dict(), folder / BIN)
    expected = loaded(folder, family)
    done = rebuilt(folder, tmp_path / "out")
    found = loaded(done.path, family)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value), name
        assert torch.equal(value, model.state_dict()[name]), name
    written = header_of(done, WEIGHTS).tensors
    shared = len({tensor.data_ptr() for tensor in model.state_dict().values()}) < len(model.state_dict())
    assert (len(written) < len(model.state_dict())) == shared
    assert shared == bool(model.all_tied_weights_keys)


@pytest.mark.filterwarnings("ignore")
def test_shared_bytes_that_the_config_does_not_tie_are_written_twice(tmp_path: Path) -> None:
    model = language_model("gpt2", tie_word_embeddings=False)
    model.lm_head.weight = model.transformer.wte.weight
    model.transformer.h[1].mlp.c_fc.weight = model.transformer.h[0].mlp.c_fc.weight
    folder = tmp_path / "m"
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / BIN)
    expected, found = loaded(folder, "gpt2"), loaded(rebuilt(folder, tmp_path / "out").path, "gpt2")
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    assert torch.equal(found["lm_head.weight"], found["transformer.wte.weight"])
    assert torch.equal(found["transformer.h.1.mlp.c_fc.weight"], found["transformer.h.0.mlp.c_fc.weight"])


@pytest.mark.filterwarnings("ignore")
def test_tied_shards(tmp_path: Path) -> None:
    model = language_model("gpt2")
    folder = tmp_path / "m"
    model.config.save_pretrained(folder)
    state = model.state_dict()
    first = ["transformer.wte.weight", "lm_head.weight"]
    torch.save({name: state[name] for name in first}, folder / SHARDS[0])
    torch.save({name: tensor for name, tensor in state.items() if name not in first}, folder / SHARDS[1])
    places = {name: SHARDS[0] if name in first else SHARDS[1] for name in state}
    write_json(folder / INDEX, {"metadata": {}, "weight_map": places})
    record = vetted(folder)
    assert refusal(record, "low") is None
    (reason,) = (file.reason for file in record.files if file.name == SHARDS[0])
    assert "lm_head.weight is tied by the config and kept once" in reason
    done = rebuilt(folder, tmp_path / "out")
    places = json.loads(done.read("model.safetensors.index.json"))["weight_map"]
    assert places.keys() == state.keys() - {"lm_head.weight"}
    expected, found = loaded(folder, "gpt2"), loaded(done.path, "gpt2")
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
