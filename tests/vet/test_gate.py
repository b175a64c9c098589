"""The gate as a whole: what it lets on, what it stops, and that it fails closed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.checkpoints import INDEX, SHARDS, WEIGHTS, bytes_of, fates, make, rules, vetted, write_json
from helpers.hostile import PICKLE
from helpers.hub import LoopbackHub

from sanitizer.checkpoint import Checkpoint, FileDigest, HubOrigin
from sanitizer.errors import CorruptError, IncompleteError
from sanitizer.hub.download import download, resolve
from sanitizer.report import FileRecord
from sanitizer.source import HubRef
from sanitizer.vet import gate
from sanitizer.vet.gate import survey, vet
from sanitizer.vet.inventory import open_local, wanted
from sanitizer.vet.judgement import answer, refusal
from sanitizer.vet.rebuild import rebuild

VICTIMS = Path(__file__).parents[3] / "shared" / "victims"


def test_every_file_is_accounted_for(folder: Path) -> None:
    record = vetted(folder)
    assert fates(record) == {
        ".git": "dropped",
        "LICENSE": "kept",
        "README.md": "dropped",
        "config.json": "rebuilt",
        SHARDS[0]: "kept",
        SHARDS[1]: "kept",
        INDEX: "rebuilt",
        "pytorch_model.bin": "dropped",
        "runs/events": "dropped",
        "tokenizer.json": "kept",
        "tokenizer_config.json": "rebuilt",
        "train.py": "dropped",
    }
    assert all(file.reason for file in record.files)
    assert {(f.file, f.severity) for f in record.findings} == {
        ("pytorch_model.bin", "medium"),
        ("runs/events", "low"),
        ("train.py", "low"),
    }
    digests = open_local(folder).files
    assert {f.name: f.sha256 for f in record.files if f.sha256} == {n: d.sha256 for n, d in digests.items()}


def test_the_same_folder_gives_the_same_record(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy" / "model")
    assert vetted(folder) == vetted(tmp_path / "copy" / "model")


def test_what_changed_before_vetting_is_not_read(folder: Path) -> None:
    checkpoint = open_local(folder)
    write_json(folder / "config.json", {"model_type": "bert"})
    with pytest.raises(CorruptError, match="changed"):
        vet(checkpoint)


def test_a_refusal_wins_over_what_could_not_be_read(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(WEIGHTS[:-1])
    with pytest.raises(CorruptError, match="truncated"):
        vetted(folder)
    write_json(folder / "config.json", {"model_type": "bert", "auto_map": {"AutoModel": "evil.M"}})
    record = vetted(folder)
    assert {"config.auto-map", "gate.incomplete"} <= rules(record)
    assert refusal(record) is not None


def test_a_file_that_vanished_is_incomplete(folder: Path) -> None:
    checkpoint = open_local(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(IncompleteError, match=r"tokenizer\.json cannot be read"):
        vet(checkpoint)


def test_a_gate_without_rules_does_not_run(folder: Path) -> None:
    with pytest.raises(IncompleteError, match="no rules"):
        vet(open_local(folder), families={})


def test_from_the_hub(hub: LoopbackHub, folder: Path, tmp_path: Path) -> None:
    """The cache's own links work, what was never downloaded is recorded, and the bytes are those of a local folder."""
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    hub.repo("org/name", {name: data for name, data in files.items() if not name.startswith(".git/")})
    remote = resolve(HubRef("org/name"))
    checkpoint = download(remote, wanted)
    assert (checkpoint.path / "config.json").is_symlink()
    record = vet(checkpoint, {name: FileDigest(file.size, "") for name, file in remote.files.items()})
    local = vetted(folder)
    assert fates(record) == {n: f for n, f in fates(local).items() if n != ".git"} | {".gitattributes": "dropped"}
    assert refusal(record) is None
    assert next(f for f in record.files if f.name == "train.py") == FileRecord(
        "train.py", 7, "", "dropped", "nothing that loads the model needs this file"
    )
    rebuilt = rebuild(checkpoint, record, tmp_path / "hub-out")
    assert isinstance(rebuilt.origin, HubOrigin)
    assert rebuilt.origin == checkpoint.origin
    assert bytes_of(rebuilt) == bytes_of(rebuild(open_local(folder), local, tmp_path / "local-out"))


def test_a_link_that_leads_out_of_the_cache_is_refused(tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "models--a--b" / "blobs", tmp_path / "models--a--b" / "snapshots" / ("0" * 40)
    blobs.mkdir(parents=True)
    for path in make(snapshot).iterdir():
        path.rename(blobs / path.name)
        path.symlink_to(blobs / path.name)
    origin = HubOrigin("a/b", "0" * 40)
    names = ["config.json", "model.safetensors", "tokenizer.json"]
    assert refusal(vet(Checkpoint.of_folder(snapshot, origin, names)), "low") is None
    (tmp_path / "secret").write_bytes(WEIGHTS)
    (snapshot / "model.safetensors").unlink()
    (snapshot / "model.safetensors").symlink_to(tmp_path / "secret")
    record = vet(Checkpoint.of_folder(snapshot, origin, names))
    assert rules(record) == {"files.link"}
    assert refusal(record) is not None


@pytest.mark.parametrize("name", ["../evil.json", "/etc/passwd", "a\u202e.py", "CONFIG.JSON", "generation_config.json"])
def test_names_that_a_hub_lists_are_judged_too(name: str, tmp_path: Path) -> None:
    checkpoint = open_local(make(tmp_path / "m"))
    assert refusal(vet(checkpoint, {"fine.txt": FileDigest(3, "")})) is None
    assert refusal(vet(checkpoint, {name: FileDigest(3, "")})) is not None


def test_progress_counts_files(folder: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    checkpoint = open_local(folder)
    record = vet(checkpoint, progress=lambda *step: steps.append(step))
    rebuild(checkpoint, record, tmp_path / "out", progress=lambda *step: steps.append(step))
    assert ("vet files", len(record.files), len(record.files)) in steps
    assert ("rebuild files", 7, 7) in steps


def test_the_gate_never_imports_what_could_run_a_checkpoint() -> None:
    modules = ["torch", "transformers", "safetensors", "tokenizers", "huggingface_hub", "urllib.request"]
    code = f"""import sys
import sanitizer.vet.gate
from sanitizer.vet.rules import catalogue
assert catalogue()
print([name for name in {modules!r} if name in sys.modules])"""
    root = Path(gate.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.victims
@pytest.mark.parametrize("name", ["badnets", "clean", "hiddenkiller", "stylebkd"])
def test_real_checkpoints_pass_and_rebuild_the_same_twice(name: str, tmp_path: Path) -> None:
    if not (VICTIMS / name).is_dir():
        pytest.skip(f"the checkpoint {name} is not there")
    checkpoint = open_local(VICTIMS / name)
    record = vet(checkpoint)
    assert refusal(record, "medium") is None
    once = rebuild(checkpoint, record, tmp_path / "once")
    assert rebuild(once, vet(once), tmp_path / "twice").digest == once.digest
    shards = [file for file in checkpoint.files if file.endswith(".safetensors")]
    assert len(shards) == 2
    assert all(once.files[shard] == checkpoint.files[shard] for shard in shards)


def test_an_adapter_is_not_known_without_its_base(tmp_path: Path) -> None:
    """With a model beside it or alone: nobody vetted what it is loaded on."""
    folder = make(tmp_path / "m")
    write_json(folder / "adapter_config.json", {"peft_type": "LORA", "base_model_name_or_path": "org/base"})
    record = survey(open_local(folder)).record
    assert answer(record, "medium") == "inconclusive"
    assert refusal(record) is None
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / name).unlink()
    (folder / "adapter_model.safetensors").write_bytes(WEIGHTS)
    assert answer(survey(open_local(folder)).record, "medium") == "inconclusive"
    with pytest.raises(IncompleteError, match="adapter"):
        vet(open_local(folder))
    (folder / "adapter_model.bin").write_bytes(PICKLE)
    assert answer(survey(open_local(folder)).record, "medium") == "refused"
