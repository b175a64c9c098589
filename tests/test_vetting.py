"""`vet`: the answer, what is known and unknown, and the copy that is written or not."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.bins import bin_file
from helpers.checkpoints import WEIGHTS, make, write_json
from helpers.hostile import OLD_PICKLE, PICKLE, TRAINING
from helpers.hub import LoopbackHub

from sanitizer.errors import HubError, ResourceError, UsageError
from sanitizer.options import Gatekeeping, VetOptions
from sanitizer.report import VetReport
from sanitizer.schema import to_json
from sanitizer.vet import isolated, process
from sanitizer.vetting import vet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path / "suspect")


def vetted(model: Path | str, **how: object) -> VetReport:
    gate = Gatekeeping(**{name: how.pop(name) for name in ("fail_on", "policy", "require_sandbox") if name in how})  # type: ignore[arg-type]
    return vet(VetOptions(str(model), gate=gate, **how))  # type: ignore[arg-type]


def test_a_harmless_folder_passes_and_its_name_is_all_that_is_told_of_its_place(folder: Path) -> None:
    report = vetted(folder, fail_on="low")
    assert (report.answer, report.rebuildable, report.source, report.commit) == ("passed", True, "suspect", None)
    assert str(folder.parent) not in to_json(report)


def test_the_same_files_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "again" / "suspect")
    assert to_json(vetted(folder)) == to_json(vetted(tmp_path / "again" / "suspect"))


def test_two_questions_two_answers(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(OLD_PICKLE)
    report = vetted(folder)
    assert (report.answer, report.rebuildable) == ("refused", True)
    assert vetted(folder, fail_on="high").answer == "passed"
    write_json(folder / "config.json", {"model_type": "bert", "auto_map": {"AutoModel": "evil.Model"}})
    report = vetted(folder)
    assert (report.answer, report.rebuildable) == ("refused", False)


def test_what_cannot_be_read_is_inconclusive_and_said(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(WEIGHTS[:-1])
    report = vetted(folder)
    assert (report.answer, report.rebuildable) == ("inconclusive", False)
    (unknown,) = report.unknown
    assert "truncated" in unknown


def test_a_worker_that_dies_is_inconclusive(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_BOOT", "import os; os.abort()  # {root}")
    report = vetted(folder)
    assert (report.answer, report.rebuildable) == ("inconclusive", False)
    assert report.unknown == ("vetting did not come to an end: it died of signal 6",)


def test_how_it_was_isolated_is_on_record(folder: Path) -> None:
    isolation = vetted(folder).vetting.isolation
    assert isolation is not None
    assert "limits on memory and files" in isolation.held
    assert set(isolation.held) & set(isolation.missing) == set()


def test_a_sandbox_that_is_required_and_missing_closes_the_gate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "WANTED", (*isolated.WANTED, "a second moon"))
    assert vetted(folder).answer == "passed"
    with pytest.raises(ResourceError, match="a second moon cannot be had") as caught:
        vetted(folder, require_sandbox=True)
    assert caught.value.exit_code == 3


def test_a_repository_is_named_by_commit(hub: LoopbackHub, folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(OLD_PICKLE)
    repo = hub.repo("org/name", {path.name: path.read_bytes() for path in folder.iterdir()})
    report = vetted("org/name")
    assert (report.source, report.revision, report.commit) == ("org/name", "main", repo.refs["main"])
    assert report.answer == "refused"
    with pytest.raises(HubError):
        vetted("org/other")


@pytest.mark.parametrize(
    ("content", "rule", "answer"),
    [(bin_file(), "data", "passed"), (PICKLE, "code", "refused"), (OLD_PICKLE, "unread", "refused")],
)
def test_the_pickles_of_a_repository_are_looked_into(
    content: bytes, rule: str, answer: str, hub: LoopbackHub, folder: Path, tmp_path: Path
) -> None:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.repo("org/name", {**files, "pytorch_model.bin": content, "training_args.bin": TRAINING})
    report = vetted("org/name", rebuild=tmp_path / "rebuilt")
    assert report.answer == answer
    assert {finding.file: finding.rule for finding in report.vetting.findings} == {
        ".gitattributes": "files.unneeded",
        "pytorch_model.bin": f"weights.pickle-{rule}",
        "training_args.bin": "files.training-state",
    }
    assert hub.count("GET", "pytorch_model.bin") == 1
    assert hub.count("GET", "training_args.bin") == 1
    assert {path.name for path in (tmp_path / "rebuilt").iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    }
    (folder / "pytorch_model.bin").write_bytes(content)
    assert vetted(folder).digest == report.digest, "a folder and a repository of the same model"


def test_rebuild_leaves_the_dangerous_behind_in_one_move(folder: Path, tmp_path: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(OLD_PICKLE)
    target = tmp_path / "deep" / "rebuilt"
    assert vetted(folder, rebuild=target).answer == "refused"
    assert {path.name for path in target.iterdir()} == {"config.json", "model.safetensors", "tokenizer.json"}
    assert stat.S_IMODE(target.stat().st_mode) == 0o755
    assert [path.name for path in target.parent.iterdir()] == ["rebuilt"]
    again = vetted(target, rebuild=tmp_path / "twice")
    assert again.answer == "passed"
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "twice").iterdir()
    }


def test_what_cannot_be_rebuilt_leaves_the_old_copy(folder: Path, tmp_path: Path) -> None:
    vetted(folder, rebuild=tmp_path / "rebuilt")
    before = (tmp_path / "rebuilt" / "config.json").read_bytes()
    with pytest.raises(UsageError, match="not empty"):
        vetted(folder, rebuild=tmp_path / "rebuilt")
    write_json(folder / "config.json", {"model_type": "bert", "auto_map": {"AutoModel": "evil.Model"}})
    assert vetted(folder, rebuild=tmp_path / "rebuilt", force=True).rebuildable is False
    assert (tmp_path / "rebuilt" / "config.json").read_bytes() == before


def test_the_copy_never_goes_into_the_model(folder: Path) -> None:
    for place in (folder, folder / "inside", folder.parent):
        with pytest.raises(UsageError):
            vetted(folder, rebuild=place, force=True)


def test_a_disk_too_small_is_found_before_anything_is_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sanitizer.output.shutil.disk_usage", lambda path: SimpleNamespace(free=100))
    with pytest.raises(ResourceError, match="a rebuilt copy needs"):
        vetted(folder, rebuild=tmp_path / "rebuilt")
    assert {path.name for path in tmp_path.iterdir()} == {"suspect"}


@pytest.mark.parametrize("moment", ["put_in_place", "rebuild"])
def test_an_interruption_leaves_the_old_copy(
    moment: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*words: object, **how: object) -> None:
        raise KeyboardInterrupt

    vetted(folder, rebuild=tmp_path / "rebuilt")
    write_json(folder / "generation_config.json", {"max_length": 20})
    monkeypatch.setattr(f"sanitizer.vetting.{moment}", interrupted)
    with pytest.raises(KeyboardInterrupt):
        vetted(folder, rebuild=tmp_path / "rebuilt", force=True)
    assert not (tmp_path / "rebuilt" / "generation_config.json").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"suspect", "rebuilt"}


def test_the_token_is_not_in_the_options_words() -> None:
    assert "hf_secret" not in repr(VetOptions("org/name", token="hf_secret"))
    assert dataclasses.is_dataclass(VetOptions)


def test_a_policy_answers_the_first_question_and_not_the_second(folder: Path, tmp_path: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(OLD_PICKLE)
    policy = tmp_path / "policy.yaml"
    digest = hashlib.sha256(OLD_PICKLE).hexdigest()
    waiver = f"{{rule: weights.pickle-unread, sha256: {digest}, reason: known, expires: 2999-01-01}}"
    policy.write_text(f"waivers: [{waiver}]\n")
    report = vetted(folder, policy=policy)
    assert (report.answer, report.rebuildable) == ("passed", True)
    assert report.vetting.policy is not None
    assert report.vetting.policy.sha256 == hashlib.sha256(policy.read_bytes()).hexdigest()
    assert [finding.rule for finding in report.vetting.findings] == ["weights.pickle-unread"], "it stays on record"
    policy.write_text(f"fail_on: high\nwaivers: [{waiver.replace('2999', '1999')}]\n")
    assert vetted(folder, policy=policy).answer == "passed", "the policy says what fails"
    assert vetted(folder, policy=policy, fail_on="medium").answer == "refused", "unless the user says it"


def test_a_policy_beside_the_model_or_the_user_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "handler.py").touch()
    for place in (folder, folder.parent):
        (place / "policy.yaml").write_text("fail_on: high\n")
    monkeypatch.chdir(folder.parent)
    report = vetted(folder)
    assert (report.answer, report.vetting.policy) == ("refused", None)


@pytest.mark.parametrize(("theirs", "answer"), [("{{ x }}", "same"), ("{{ y }}", "differs"), (None, "unknown")])
def test_templates_are_compared_with_the_base_that_is_named(
    theirs: str | None, answer: str, hub: LoopbackHub, folder: Path, tmp_path: Path
) -> None:
    (folder / "chat_template.jinja").write_text("{{ x }}")
    (folder / "README.md").write_text("---\nbase_model: org/card\n---\n")
    if theirs is not None:
        hub.repo("org/base", {"chat_template.jinja": theirs.encode(), "model.safetensors": b"never fetched"})
    (template,) = vetted(folder, base="hf://org/base").vetting.templates
    assert template.base == answer
    assert hub.count("GET", "model.safetensors") == 0
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "chat_template.jinja").write_text(theirs or "")
    (template,) = vetted(folder, base=str(tmp_path / "base")).vetting.templates
    assert template.base == (answer if theirs else "differs")


def test_no_base_is_asked_for_because_a_card_names_it(hub: LoopbackHub, folder: Path) -> None:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.repo("org/name", {**files, "chat_template.jinja": b"{{ x }}", "README.md": b"---\nbase_model: org/base\n---\n"})
    hub.repo("org/base", {"chat_template.jinja": b"{{ x }}"})
    (template,) = vetted("org/name").vetting.templates
    assert template.base == "unknown"
    assert not any("org/base" in request.path for request in hub.requests)
    (template,) = vetted("org/name", base="card").vetting.templates
    assert template.base == "same"


def test_where_the_card_names_no_base_the_answer_is_unknown(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ x }}")
    (template,) = vetted(folder, base="card").vetting.templates
    assert template.base == "unknown"
