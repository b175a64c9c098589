"""The gate as a whole: what it lets on, what it stops, and that it fails closed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.checkpoints import INDEX, SHARDS, WEIGHTS, make, rules, shard, vetted, write_json
from helpers.hostile import OLD_PICKLE, PICKLE
from helpers.hub import LoopbackHub

from sanitizer.checkpoint import Checkpoint, FileDigest, HubOrigin
from sanitizer.errors import CorruptError, IncompleteError, RefusedError, ResourceError, UsageError
from sanitizer.hub.download import download, resolve
from sanitizer.report import FileRecord, Finding, VetRecord
from sanitizer.source import HubRef
from sanitizer.vet import gate
from sanitizer.vet.families import FAMILIES, Family
from sanitizer.vet.gate import answer, rebuild, refusal, survey, vet
from sanitizer.vet.inventory import open_local, wanted
from sanitizer.vet.rules import Verdict

VICTIMS = Path(__file__).parents[3] / "shared" / "victims"


def bytes_of(checkpoint: Checkpoint) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in checkpoint.path.iterdir()}


def fates(record: VetRecord) -> dict[str, str]:
    return {file.name: file.fate for file in record.files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sharded model with a bit of everything that real folders hold."""
    folder = shard(make(tmp_path / "model", transformers_version="4", _name_or_path="/home/x"))
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "tokenizer_file": "/home/x"})
    for name, content in (
        ("README.md", b"---\nlicense: mit\n---\n# text\n"),
        ("LICENSE", b"MIT\n"),
        ("train.py", b"print()"),
        ("pytorch_model.bin", OLD_PICKLE),
        ("runs/events", b"x"),
        (".git/HEAD", b"ref"),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


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


def test_the_two_questions_have_two_answers(folder: Path) -> None:
    record = vetted(folder)
    assert refusal(record) is None
    assert refusal(record, "high") is None
    for severity in ("medium", "low"):
        against = refusal(record, severity)
        assert against is not None
        assert "pytorch_model.bin" in {finding.file for finding in against.findings}


def test_the_rebuilt_folder_holds_what_was_kept_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    checkpoint = open_local(folder)
    record = vet(checkpoint)
    rebuilt = rebuild(checkpoint, record, tmp_path / "out")
    carried = {name for name, fate in fates(record).items() if fate in ("kept", "rebuilt")}
    assert set(rebuilt.files) == carried == set(bytes_of(rebuilt))
    assert rebuilt.origin == checkpoint.origin
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    assert b"/home/x" not in b"".join(bytes_of(rebuilt).values())
    rebuilt.verify()


def test_rebuilding_twice_changes_nothing(folder: Path, tmp_path: Path) -> None:
    checkpoint = open_local(folder)
    once = rebuild(checkpoint, vet(checkpoint), tmp_path / "once")
    record = vet(once)
    assert record.findings == ()
    twice = rebuild(once, record, tmp_path / "twice")
    assert bytes_of(once) == bytes_of(twice)
    assert once.digest == twice.digest


def test_the_same_folder_gives_the_same_record(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy" / "model")
    assert vetted(folder) == vetted(tmp_path / "copy" / "model")


@pytest.mark.parametrize("name", ["config.json", SHARDS[0], "tokenizer.json", INDEX])
def test_what_changed_after_vetting_is_not_copied(name: str, folder: Path, tmp_path: Path) -> None:
    checkpoint = open_local(folder)
    record = vet(checkpoint)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(CorruptError, match=f"{name} changed after it was vetted"):
        rebuild(checkpoint, record, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_changed_before_vetting_is_not_read(folder: Path) -> None:
    checkpoint = open_local(folder)
    write_json(folder / "config.json", {"model_type": "bert"})
    with pytest.raises(CorruptError, match="changed"):
        vet(checkpoint)


def test_a_header_swapped_while_vetting_is_found_in_the_copy(folder: Path, tmp_path: Path) -> None:
    """The header that was read is harmless; the bytes that were hashed are not."""
    harmless = (folder / SHARDS[0]).read_bytes()
    (folder / SHARDS[0]).write_bytes(WEIGHTS)
    checkpoint = open_local(folder)
    (folder / SHARDS[0]).write_bytes(harmless.ljust(len(WEIGHTS)))
    # Of the same size, so that only what it says differs; the index knows no tensor b in this shard.
    padded = len(WEIGHTS) - len(harmless)
    length = int.from_bytes(harmless[:8], "little") + padded
    (folder / SHARDS[0]).write_bytes(length.to_bytes(8, "little") + harmless[8:-8] + b" " * padded + harmless[-8:])
    record = vet(checkpoint)
    assert refusal(record) is None
    (folder / SHARDS[0]).write_bytes(WEIGHTS)
    with pytest.raises(RefusedError) as caught:
        rebuild(checkpoint, record, tmp_path / "out")
    assert "shards.tensor-orphan" in {finding.rule for finding in caught.value.findings}
    assert not (tmp_path / "out").exists()


def test_what_is_refused_is_not_rebuilt(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", auto_map={"AutoModel": "evil.M"})
    with pytest.raises(RefusedError):
        rebuild(open_local(folder), vetted(folder), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_record_of_another_checkpoint_is_not_obeyed(tmp_path: Path) -> None:
    one, other = make(tmp_path / "a"), make(tmp_path / "b", hidden_size=8)
    with pytest.raises(CorruptError, match="was not vetted"):
        rebuild(open_local(other), vetted(one), tmp_path / "out")
    named = VetRecord((FileRecord("../x", 0, "", "kept", "x"),), ())
    with pytest.raises(CorruptError, match="was not vetted"):
        rebuild(open_local(one), named, tmp_path / "out")


def test_a_folder_that_holds_something_is_not_written_to(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(UsageError):
        rebuild(open_local(folder), vetted(folder), tmp_path / "out")
    assert (tmp_path / "out" / "mine").exists()


def test_a_full_disk_leaves_nothing_half_written(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Checkpoint, name: str, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    checkpoint = open_local(folder)
    record = vet(checkpoint)
    monkeypatch.setattr(Checkpoint, "copy", full)
    with pytest.raises(ResourceError, match="No space left"):
        rebuild(checkpoint, record, tmp_path / "out")
    assert not (tmp_path / "out").exists()


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


def test_a_file_that_appeared_later_is_refused(folder: Path) -> None:
    checkpoint = open_local(folder)
    write_json(folder / "generation_config.json", {})
    record = vet(checkpoint)
    assert "gate.unread" in rules(record)
    assert refusal(record) is not None


def test_a_rule_that_crashes_is_a_finding(folder: Path) -> None:
    def crash(checkpoint: Checkpoint, name: str) -> Verdict:
        raise KeyError("\x1b[31mboom")

    crashing = {**FAMILIES, "tokenizer": Family(crash)}
    record = survey(open_local(folder), families=crashing).record
    assert fates(record)["tokenizer.json"] == "refused"
    against = refusal(record)
    assert against is not None
    assert [(f.rule, f.file) for f in against.findings] == [("gate.crashed", "tokenizer.json")]
    assert answer(record, "high") == "inconclusive", "a crash says nothing about the file, and is no pass either"
    with pytest.raises(IncompleteError, match=r"tokenizer\.json: a rule crashed"):
        vet(open_local(folder), families=crashing)


def test_refused_wins_over_inconclusive_and_that_over_passed(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    assert answer(vetted(folder), "low") == "passed"
    (folder / "train.py").touch()
    assert [answer(vetted(folder), severity) for severity in ("low", "medium")] == ["refused", "passed"]
    (folder / "model.safetensors").write_bytes(WEIGHTS[:-1])
    record = survey(open_local(folder)).record
    assert [answer(record, severity) for severity in ("low", "medium")] == ["refused", "inconclusive"]
    assert answer(VetRecord((), ()), "high") == "refused"


def test_a_gate_without_rules_does_not_run(folder: Path) -> None:
    with pytest.raises(IncompleteError, match="no rules"):
        vet(open_local(folder), families={})


def test_a_kind_without_rules_is_refused(folder: Path) -> None:
    record = vet(open_local(folder), families={k: v for k, v in FAMILIES.items() if k != "licence"})
    assert fates(record)["LICENSE"] == "refused"
    assert "gate.unexamined" in rules(record)
    assert refusal(record) is not None


def test_nothing_vetted_is_not_a_pass(tmp_path: Path) -> None:
    against = refusal(VetRecord((), ()))
    assert against is not None
    assert against.findings[0].rule == "gate.nothing"
    (tmp_path / "empty").mkdir()
    assert rules(vetted(tmp_path / "empty")) == {"config.missing", "weights.none"}
    assert refusal(vetted(tmp_path / "empty")) is not None


def test_a_refused_file_counts_even_without_a_finding() -> None:
    record = VetRecord((FileRecord("a", 0, "", "refused", "because"),), ())
    against = refusal(record)
    assert against is not None
    assert "because" in against.message


def test_a_high_finding_on_what_was_dropped_does_not_stop_a_rebuild() -> None:
    record = VetRecord((FileRecord("a", 0, "", "dropped", "x"),), (Finding("r.r", "high", "a", "text", "hint"),))
    assert refusal(record) is None
    assert refusal(record, "high") is not None
    elsewhere = VetRecord(record.files, (Finding("r.r", "high", ".", "text", "hint"),))
    assert refusal(elsewhere) is not None


def test_the_refusal_says_where_what_and_how_many(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", auto_map={"a": "b.C"}, trust_remote_code=True)
    against = refusal(vetted(folder))
    assert against is not None
    assert against.message.startswith("config.json: auto_map names Python code")
    assert "[config.auto-map]" in against.message
    assert against.message.endswith("(and 1 more finding)")
    assert against.hint


def test_names_that_cannot_be_seen_are_written_as_escapes(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "a\u202eb\n.py").touch()
    record = vetted(folder)
    assert fates(record)["a\\u202eb\\n.py"] == "refused"


def test_links_are_refused_and_not_followed(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "assets").symlink_to("/etc")
    record = vetted(folder)
    assert fates(record)["assets"] == "refused"
    assert not any(name.startswith("assets/") for name in fates(record))
    assert refusal(record) is not None


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
