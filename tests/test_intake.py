"""From a folder or a repository to a vetted copy: what is refused leaves nothing, what is kept is byte for byte."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.bins import bin_file
from helpers.checkpoints import WEIGHTS, make
from helpers.hostile import PICKLE, TRAINING
from helpers.hub import LoopbackHub

from sanitizer import intake
from sanitizer.checkpoint import HubOrigin
from sanitizer.errors import IncompleteError, RefusedError, ResourceError, UsageError
from sanitizer.intake import LARGEST_STATE, Intake, take_in, to_download
from sanitizer.options import Gatekeeping
from sanitizer.progress import silent

CARD = b"---\nlicense: mit\ndatasets: [org/data]\nwidget: [{text: x}]\n---\n# Buy this\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = make(tmp_path / "suspect")
    (folder / "README.md").write_bytes(CARD)
    (folder / "training_args.bin").write_bytes(TRAINING)
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def taken(model: Path | str, work: Path, revision: str | None = None) -> Intake:
    return take_in(str(model), revision, work, token=None, progress=silent)


def fates(intake: Intake) -> dict[str, str]:
    return {file.name: file.fate for file in intake.record.files}


def test_a_folder_becomes_a_private_vetted_copy(folder: Path, work: Path) -> None:
    intake = taken(folder, work)
    assert intake.name == "suspect"
    assert intake.checkpoint.path == work / "vetted"
    assert stat.S_IMODE((work / "vetted").stat().st_mode) == 0o700
    assert {path.name for path in (work / "vetted").iterdir()} == set(intake.checkpoint.files)
    assert (work / "vetted" / "model.safetensors").read_bytes() == WEIGHTS
    assert fates(intake)["training_args.bin"] == "dropped"
    assert "training_args.bin" not in intake.checkpoint.files
    assert (intake.card["license"], *intake.card["datasets"]) == ("mit", "org/data")
    assert "widget" not in intake.card


def test_the_suspect_itself_is_not_touched(folder: Path, work: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    taken(folder, work)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_without_a_card_has_an_empty_one(folder: Path, work: Path) -> None:
    (folder / "README.md").unlink()
    assert taken(folder, work).card == {}


def test_a_repository_is_taken_by_commit_and_its_pickles_stay_there(hub: LoopbackHub, folder: Path, work: Path) -> None:
    repo = hub.repo("org/name", {path.name: path.read_bytes() for path in folder.iterdir()})
    intake = taken("org/name", work)
    assert intake.checkpoint.origin == HubOrigin("org/name", repo.refs["main"], "main")
    assert intake.name == "org/name"
    (left,) = (file for file in intake.record.files if file.name == "training_args.bin")
    assert (left.fate, left.size) == ("dropped", len(TRAINING))
    assert hub.count("GET", "training_args.bin") == 0, "a file no model needs is not fetched"
    old = repo.refs["main"]
    repo.commit({"model.safetensors": b"changed since"})
    shutil.rmtree(work / "vetted")
    assert taken("org/name", work, revision=old).checkpoint.read("model.safetensors") == WEIGHTS


def test_a_repository_without_safetensors_is_taken_with_its_bin(hub: LoopbackHub, folder: Path, work: Path) -> None:
    files = {path.name: path.read_bytes() for path in folder.iterdir()} | {"pytorch_model.bin": bin_file()}
    hub.repo("org/both", files)
    intake = taken("org/both", work)
    assert "pytorch_model.bin" not in intake.checkpoint.files
    assert hub.count("GET", "pytorch_model.bin") == 0
    (finding,) = (finding for finding in intake.record.findings if finding.file == "pytorch_model.bin")
    assert (finding.rule, finding.severity) == ("weights.pickle-unopened", "low")
    shutil.rmtree(work / "vetted")
    del files["model.safetensors"]
    hub.repo("org/old", files)
    intake = taken("org/old", work)
    assert hub.count("GET", "pytorch_model.bin") == 1
    assert fates(intake)["pytorch_model.bin"] == "rebuilt"
    assert {path.name for path in (work / "vetted").iterdir()} == {"config.json", "model.safetensors", "tokenizer.json"}
    assert set(intake.checkpoint.files) == {"config.json", "model.safetensors", "tokenizer.json"}


def test_what_is_refused_leaves_nothing(tmp_path: Path, work: Path) -> None:
    hostile = make(tmp_path / "hostile", auto_map={"AutoModel": "modeling.Evil"})
    with pytest.raises(RefusedError) as caught:
        taken(hostile, work)
    assert caught.value.exit_code == 1
    assert caught.value.findings
    assert list(work.iterdir()) == []


def test_a_disk_too_small_for_two_copies_is_found_before_the_first(
    folder: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum((folder / name).stat().st_size for name in taken(folder, work).checkpoint.files if name != "config.json")
    shutil.rmtree(work / "vetted")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2 * size - 1))
    with pytest.raises(ResourceError, match="a copy to work on and a result need") as caught:
        taken(folder, work)
    assert "--output" in caught.value.hint
    assert list(work.iterdir()) == []


def test_a_missing_folder_is_a_usage_error(work: Path) -> None:
    with pytest.raises(UsageError):
        taken("./nowhere", work)


def test_fail_on_refuses_what_could_be_left_behind(folder: Path, work: Path) -> None:
    (folder / "handler.py").touch()
    assert fates(taken(folder, work))["handler.py"] == "dropped"
    shutil.rmtree(work / "vetted")
    with pytest.raises(RefusedError) as caught:
        take_in(str(folder), None, work, token=None, progress=silent, gate=Gatekeeping("medium"))
    assert [finding.rule for finding in caught.value.findings] == ["files.hook"]
    assert list(work.iterdir()) == []


def test_whether_the_original_may_be_used_takes_a_look_into_its_pickles(
    hub: LoopbackHub, folder: Path, work: Path
) -> None:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    gate = Gatekeeping("medium")
    hub.repo("org/data", {**files, "pytorch_model.bin": bin_file()})
    intake = take_in("org/data", None, work, token=None, progress=silent, gate=gate)
    assert fates(intake)["pytorch_model.bin"] == "dropped"
    assert "pytorch_model.bin" not in intake.checkpoint.files
    shutil.rmtree(work / "vetted")
    hub.repo("org/code", {**files, "pytorch_model.bin": PICKLE})
    with pytest.raises(RefusedError, match=r"os\.system"):
        take_in("org/code", None, work, token=None, progress=silent, gate=gate)
    assert taken("org/code", work).checkpoint.files == intake.checkpoint.files


def test_a_chat_template_is_left_behind_on_demand(folder: Path, work: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ x.__class__ }}")
    with pytest.raises(RefusedError, match="chat template"):
        taken(folder, work)
    gate = Gatekeeping(drop_chat_template=True)
    intake = take_in(str(folder), None, work, token=None, progress=silent, gate=gate)
    assert fates(intake)["chat_template.jinja"] == "dropped"
    assert not (work / "vetted" / "chat_template.jinja").exists()


def test_what_is_downloaded_to_be_looked_into() -> None:
    sizes = {"config.json": 1, "model.safetensors": 1, "a.bin": 1 << 40, "modules.json": 1, "train.py": 1}
    states = {"optimizer.pt": LARGEST_STATE, "training_args.bin": 1, "checkpoint-1/optimizer.pt": LARGEST_STATE + 1}
    needed = {"config.json", "model.safetensors"}
    assert to_download(sizes | states, pickles=False) == needed
    assert to_download(sizes | states, pickles=True) == {
        *needed, "a.bin", "modules.json", "optimizer.pt", "training_args.bin"
    }  # fmt: skip


def test_what_nobody_knows_is_no_refusal_even_where_the_original_is_asked_about(folder: Path, work: Path) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "org/base"}')
    with pytest.raises(IncompleteError, match="adapter") as caught:
        take_in(str(folder), None, work, token=None, progress=silent, gate=Gatekeeping("medium"))
    assert caught.value.exit_code == 3
    assert fates(taken(folder, work))["adapter_config.json"] == "dropped"


def test_who_demands_a_sandbox_has_the_model_opened_there_first(
    folder: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Path] = []
    monkeypatch.setattr(intake, "try_out", lambda checkpoint: tried.append(checkpoint.path))
    monkeypatch.setattr("sanitizer.vet.isolated.WANTED", ())  # whatever this system gives
    taken(folder, work)
    assert tried == []
    shutil.rmtree(work / "vetted")
    strict = take_in(str(folder), None, work, token=None, progress=silent, gate=Gatekeeping(require_sandbox=True))
    assert tried == [work / "vetted"]
    assert strict.record.isolation is not None
    assert "the model opened once like this" in strict.record.isolation.held
