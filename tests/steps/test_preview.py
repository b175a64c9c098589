"""A dry run: what a run would do, with no weights fetched and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.hub import LoopbackHub
from helpers.runs import listing, make_suspect, make_tsv, options

from sanitizer import pipeline
from sanitizer.errors import HubError, RefusedError, UnsupportedError, UsageError
from sanitizer.options import Gatekeeping
from sanitizer.recipe import Recipe


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def suspect(tmp_path: Path) -> Path:
    folder = make_suspect(tmp_path / "suspect")
    (folder / "training_args.bin").write_bytes(b"\x80\x04.")
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_is_vetted_and_nothing_is_written(suspect: Path, here: Path) -> None:
    before = files_of(suspect)
    seen = pipeline.preview(options(suspect, None, Path("new/out")))
    assert (seen.source, seen.commit, seen.download, seen.output) == ("suspect", None, 0, "new/out")
    fates = {file.name: file.fate for file in seen.files}
    assert fates.pop("training_args.bin") == "dropped"
    assert set(fates.values()) <= {"kept", "rebuilt"}
    carried = sum(len(data) for name, data in before.items() if name != "training_args.bin")
    assert seen.disk == 2 * carried
    said = Recipe.from_yaml(seen.recipe)
    assert (said.strategy, said.settings) == ("gradient", {"of": "gate", "samples": 1024})
    assert [step.name for step in said.treatments] == ["remove", "finetune"]
    assert (listing(here), files_of(suspect)) == (set(), before)


def test_what_it_takes_is_estimated_from_headers_and_a_moment_of_the_machine(suspect: Path) -> None:
    from helpers.pico import make_model

    seen = pipeline.preview(options(suspect, None, Path("out"), batch_size=4)).forecast
    assert seen is not None
    assert seen.weights == 4 * make_model("bert").num_parameters()
    assert (seen.device, seen.dtype, seen.advice) == ("cpu", "float32", ())
    assert [stage.name for stage in seen.stages][:3] == ["vet", "open", "measure before"]
    assert all(stage.seconds is None or stage.seconds > 0 for stage in seen.stages)
    assert "4 texts at a time" in seen.basis
    assert seen.disk == 2 * (suspect / "model.safetensors").stat().st_size


def test_auto_is_estimated_as_what_it_does_where_no_head_stands_out(suspect: Path, tmp_path: Path) -> None:
    data = make_tsv(tmp_path / "clean.tsv", 60)
    seen = pipeline.preview(options(suspect, data, Path("out"), strategy="auto")).forecast
    assert seen is not None
    assert "unlearn" in {stage.name for stage in seen.stages}
    assert any("as if forensics named no head: random, unlearn" in words for words in seen.basis)
    (unlearn,) = (stage for stage in seen.stages if stage.name == "unlearn")
    assert unlearn.seconds is not None and unlearn.seconds > 0
    bare = pipeline.preview(options(suspect, None, Path("out"), strategy="auto")).forecast
    assert bare is not None
    assert "unlearn" not in {stage.name for stage in bare.stages}, "it needs labels that are not the suspect's own"


def test_of_a_repository_sizes_are_estimated_from_its_files(hub: LoopbackHub, suspect: Path) -> None:
    hub.repo("org/name", files_of(suspect))
    here, there = (pipeline.preview(options(name, None, Path("out"))).forecast for name in (suspect, "org/name"))
    assert here is not None
    assert there is not None
    header = (suspect / "model.safetensors").stat().st_size - here.weights // 2
    assert there.weights == here.weights + 2 * header, "the names of tensors are taken for numbers, and nothing else"
    assert "sizes from the bytes of the files and the config" in there.basis


def test_a_repository_is_read_by_its_listing_and_its_config(
    hub: LoopbackHub, suspect: Path, here: Path, tmp_path: Path
) -> None:
    repo = hub.repo("org/name", files_of(suspect))
    seen = pipeline.preview(options("org/name", None, Path("out")))
    assert (seen.source, seen.commit) == ("org/name", repo.refs["main"])
    wanted = {name: data for name, data in files_of(suspect).items() if name != "training_args.bin"}
    assert seen.download == sum(map(len, wanted.values()))
    dropped = {file.name for file in seen.files if file.fate == "dropped"}
    assert dropped == {"training_args.bin", ".gitattributes"}
    fetched = {request.path.rpartition("/")[2] for request in hub.requests if "/resolve/" in request.path}
    assert fetched == {"config.json"}
    assert listing(here) == set()


def test_a_bin_is_counted_only_where_there_are_no_safetensors(hub: LoopbackHub, suspect: Path) -> None:
    files = files_of(suspect) | {"pytorch_model.bin": bytes(5)}
    files.pop("training_args.bin")
    hub.repo("org/both", files)
    both = pipeline.preview(options("org/both", None, Path("out")))
    assert "pytorch_model.bin" in {file.name for file in both.files if file.fate == "dropped"}
    strict = pipeline.preview(options("org/both", None, Path("out"), gate=Gatekeeping("medium")))
    assert (strict.download, strict.disk) == (both.download + 5, both.disk)
    whole = len(files.pop("model.safetensors"))
    hub.repo("org/old", files)
    old = pipeline.preview(options("org/old", None, Path("out")))
    assert old.download == both.download - whole + 5


def test_it_raises_what_the_run_would_raise(suspect: Path, hub: LoopbackHub) -> None:
    config = suspect / "config.json"
    good = config.read_text()
    config.write_text(good.replace('"model_type": "bert"', '"model_type": "falcon"'))
    with pytest.raises(UnsupportedError, match="falcon"):
        pipeline.preview(options(suspect, None, Path("out")))
    hub.repo("org/falcon", files_of(suspect))
    with pytest.raises(UnsupportedError, match="falcon"):
        pipeline.preview(options("org/falcon", None, Path("out")))
    config.write_text(good.replace("{", '{"auto_map": {"AutoModel": "evil.Evil"},', 1))
    with pytest.raises(RefusedError):
        pipeline.preview(options(suspect, None, Path("out")))
    with pytest.raises(HubError):
        pipeline.preview(options("org/gone", None, Path("out")))


@pytest.mark.parametrize(
    "changes", [{"strategy": "gradeint"}, {"settings": {"sample": "3"}}, {"settings": {"samples": "many"}}]
)
def test_words_that_are_wrong_are_wrong_in_a_dry_run_too(suspect: Path, changes: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        pipeline.preview(options(suspect, None, Path("out"), **changes))
