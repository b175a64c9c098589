"""The bytes of a removal in memory, against those of a removal in files: two implementations of one thing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from helpers.pico import CAUSAL, CONFIGS, make_folder, make_model, make_tokenizer
from helpers.subjects import checkpoint_of, open_folder
from safetensors.torch import load_file, save_file

from sanitizer.applying.headplan import HeadPlan
from sanitizer.applying.operation import Operation
from sanitizer.heads import HeadId
from sanitizer.intake import Intake
from sanitizer.model.save import needs_loader, save
from sanitizer.options import Layout
from sanitizer.progress import silent
from sanitizer.report import VetRecord
from sanitizer.vet.gate import vet
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal

# A lone head, a whole key group, and a whole layer.
HEADS = tuple(HeadId.parse(name) for name in ("L0.H1", "L1.H0", "L1.H1", "L2.H0", "L2.H1", "L2.H2", "L2.H3"))
EVEN = tuple(HeadId.parse(f"L{layer}.H{head}") for layer in range(3) for head in (0, 1))
LAYOUTS = pytest.mark.parametrize("layout", ["compact", "dense"])
DTYPES = (torch.float16, torch.bfloat16, torch.float32)


def in_memory(folder: Path, heads: tuple[HeadId, ...], layout: Layout, out: Path) -> int:
    """What a run writes that only removes; the number of its parameters."""
    subject = open_folder(folder)
    subject.remove(heads, physically=layout == "compact")
    save(subject, checkpoint_of(folder), out)
    return subject.model.num_parameters()


def operation(folder: Path, heads: tuple[HeadId, ...], layout: Layout) -> Operation:
    checkpoint = checkpoint_of(folder)
    plan = HeadPlan("plan.json", "00" * 32, heads, digest=checkpoint.digest)
    return Operation.of(plan, Intake(checkpoint, VetRecord((), ()), {}), layout)


def in_files(folder: Path, heads: tuple[HeadId, ...], layout: Layout, out: Path) -> Operation:
    done = operation(folder, heads, layout)
    out.mkdir()
    done.write(out, silent)
    return done


def assert_same(folder: Path, layout: Layout, here: Path, heads: tuple[HeadId, ...] = HEADS) -> None:
    parameters = in_memory(folder, heads, layout, here / "memory")
    report = in_files(folder, heads, layout, here / "files").report()
    memory, files = checkpoint_of(here / "memory").files, checkpoint_of(here / "files").files
    assert files == memory
    assert report.parameters_after == parameters
    assert report.needs_loader == needs_loader(here / "memory")


@LAYOUTS
@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_every_family_comes_out_byte_for_byte(family: str, layout: Layout, tmp_path: Path) -> None:
    dtype = DTYPES[(sorted(CONFIGS).index(family) + (layout == "dense")) % 3]
    folder = make_folder(tmp_path / "m", family, dtype=dtype)
    assert_same(folder, layout, tmp_path)


@LAYOUTS
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("family", ["gpt2", "qwen2"])
def test_every_dtype_and_any_number_of_shards(family: str, dtype: torch.dtype, layout: Layout, tmp_path: Path) -> None:
    model = make_model(family).to(dtype)
    model.save_pretrained(tmp_path / "m", max_shard_size="20KB")
    make_tokenizer().save_pretrained(tmp_path / "m")
    assert len(list((tmp_path / "m").glob("*.safetensors"))) > 2
    assert_same(tmp_path / "m", layout, tmp_path)


def test_what_is_too_large_for_one_file_keeps_its_shards_and_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_model("llama").half().save_pretrained(tmp_path / "m", max_shard_size="20KB")
    make_tokenizer().save_pretrained(tmp_path / "m")
    in_files(tmp_path / "m", HEADS, "compact", tmp_path / "one")
    monkeypatch.setattr("sanitizer.applying.operation.LARGEST", 20_000)
    in_files(tmp_path / "m", HEADS, "compact", tmp_path / "some")
    shards = {path.name for path in (tmp_path / "some").glob("*.safetensors")}
    assert shards == {path.name for path in (tmp_path / "m").glob("*.safetensors")}
    assert len(shards) > 2
    one, some = (open_folder(tmp_path / name).model.state_dict() for name in ("one", "some"))
    assert one.keys() == some.keys()
    assert all(torch.equal(one[name], some[name]) for name in one)
    assert refusal(vet(open_local(tmp_path / "some"))) is None, "index and shards agree"


@LAYOUTS
@pytest.mark.parametrize("family", ["llama", "phi3", "gemma2"])
def test_a_shape_that_stock_transformers_knows_is_written_as_such(family: str, layout: Layout, tmp_path: Path) -> None:
    assert_same(make_folder(tmp_path / "m", family), layout, tmp_path, EVEN)
    assert "quantization_config" not in (tmp_path / "files" / "config.json").read_text()


@LAYOUTS
@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma"])
def test_tied_tensors_that_are_stored_twice_are_written_once(family: str, layout: Layout, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", family, dtype=torch.bfloat16, tie_word_embeddings=True)
    tensors = load_file(folder / "model.safetensors")
    embedding = "transformer.wte.weight" if family == "gpt2" else "model.embed_tokens.weight"
    tensors["lm_head.weight"] = tensors[embedding].clone()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    assert_same(folder, layout, tmp_path)
    assert "lm_head.weight" not in load_file(tmp_path / "files" / "model.safetensors")


@LAYOUTS
@pytest.mark.parametrize("family", ["bert", "llama"])
def test_what_was_cut_before_is_cut_again(family: str, layout: Layout, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", family, dtype=torch.float16)
    in_memory(folder, HEADS, "compact", tmp_path / "once")
    left = tuple(HeadId.parse(name) for name in ("L0.H0", "L1.H0"))
    assert_same(tmp_path / "once", layout, tmp_path, left)


def test_mixed_dtypes_keep_their_own_and_the_librarys_order(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert", dtype=torch.float16)
    tensors = load_file(folder / "model.safetensors")
    for name, dtype in (("classifier.weight", torch.float32), ("classifier.bias", torch.bfloat16)):
        tensors[name] = tensors[name].to(dtype)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    assert_same(folder, "compact", tmp_path)


def test_constants_of_old_versions_are_left_out_and_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    tensors = load_file(folder / "model.safetensors")
    tensors["bert.embeddings.position_ids"] = torch.arange(64)[None]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    assert_same(folder, "compact", tmp_path)
    assert "bert.embeddings.position_ids" in operation(folder, HEADS, "compact").report().warnings[0]


@pytest.mark.parametrize("family", CAUSAL)
def test_a_generation_config_that_was_not_there_is_the_one_of_a_run(family: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", family)
    (folder / "generation_config.json").unlink()
    assert_same(folder, "compact", tmp_path)
    assert (tmp_path / "files" / "generation_config.json").is_file()


def test_padding_that_the_config_does_not_name_is_found_as_a_run_finds_it(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    config = json.loads((folder / "config.json").read_text())
    config["pad_token_id"] = None
    (folder / "config.json").write_text(json.dumps(config))
    assert_same(folder, "compact", tmp_path)
