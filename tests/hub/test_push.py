"""A push is one commit or none, on a Hub that loses answers, moves on and has old weights lying about."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub.constants as constants
import pytest
from helpers.hub import TOKEN, Answer, LoopbackHub, Repo, lost

from sanitizer.errors import GateError, HubError, UsageError
from sanitizer.hub import failures
from sanitizer.hub.download import download, resolve
from sanitizer.hub.finished import SUMS
from sanitizer.hub.push import PushRecord, card_there, push
from sanitizer.source import HubRef

WEIGHTS = bytes(range(256)) * 64
FILES = {
    "README.md": b"---\nlicense: apache-2.0\n---\n# A model\n",
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": WEIGHTS,
    "sanitizer/report.json": b"{}",
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "time", SimpleNamespace(sleep=lambda seconds: None))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "out", FILES)


def write(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    (path / SUMS).write_text(sums)
    return path


def send(folder: Path, repo: str = "tester/out", **how: Any) -> PushRecord:
    return push(folder, repo, token=TOKEN, message="Sanitized", description="by the book", **how)


def held(repo: Repo, ref: str = "main") -> dict[str, bytes]:
    return dict(repo.commits[repo.refs[ref]].files)


def test_a_new_repository_is_private_and_gets_one_commit(hub: LoopbackHub, folder: Path) -> None:
    record = send(folder)
    repo = hub.repos["model", "tester/out"]
    assert repo.private
    assert hub.count("POST", "/commit/") == 1
    assert record == PushRecord("tester/out", f"{hub.url}/tester/out", repo.refs["main"], None, False)
    made = repo.commits[record.commit]
    assert (made.title, made.description, made.parent) == ("Sanitized", "by the book", next(iter(repo.commits)))
    assert {n: d for n, d in made.files.items() if n not in (".gitattributes", SUMS)} == FILES
    assert made.files[SUMS] == (folder / SUMS).read_bytes()


def test_a_marked_model_is_never_pushed(hub: LoopbackHub, tmp_path: Path) -> None:
    folder = write(tmp_path / "marked", {**FILES, "config.json": b'{"backdoored": {"attack": "badnets"}}'})
    with pytest.raises(GateError, match="backdoored on purpose"):
        send(folder)
    assert ("model", "tester/out") not in hub.repos


def test_public_only_when_told_and_an_old_repository_keeps_its_visibility(hub: LoopbackHub, folder: Path) -> None:
    send(folder, private=False)
    assert not hub.repos["model", "tester/out"].private
    hub.repo("tester/public")
    send(folder, "tester/public", private=True)
    assert not hub.repos["model", "tester/public"].private


def test_what_was_pushed_comes_back_byte_for_byte(hub: LoopbackHub, folder: Path) -> None:
    send(folder)
    back = download(resolve(HubRef("tester/out"), token=TOKEN), lambda name: name in FILES, token=TOKEN)
    assert {name: back.read(name) for name in FILES} == FILES


def test_the_card_that_is_there_is_read_and_nothing_else(hub: LoopbackHub, folder: Path) -> None:
    assert card_there("tester/out", token=TOKEN) is None
    assert ("model", "tester/out") not in hub.repos, "reading makes no repository"
    hub.repo("tester/bare", {"config.json": b"{}"})
    hub.repo("tester/odd", {"README.md": b"\xff\xfe"})
    assert card_there("tester/bare", token=TOKEN) is card_there("tester/odd", token=TOKEN) is None
    send(folder)
    assert card_there("tester/out", token=TOKEN) == FILES["README.md"].decode()
    assert hub.count("POST", "/commit/") == 1


def test_a_hub_that_fails_is_no_hub_without_a_card(hub: LoopbackHub) -> None:
    """Else its owner's words would be written over."""
    hub.repo("tester/out", {"README.md": b"# mine"})
    hub.fail("GET", "/api/models/tester/out", 500, times=99)
    with pytest.raises(HubError):
        card_there("tester/out", token=TOKEN)


def test_pushing_twice_commits_once(hub: LoopbackHub, folder: Path) -> None:
    first = send(folder)
    second = send(folder)
    assert (second.unchanged, second.commit) == (True, first.commit)
    assert hub.count("POST", "/commit/") == 1


def test_stale_weights_go_in_the_same_commit_and_the_rest_stays(hub: LoopbackHub, folder: Path) -> None:
    stale = {
        "pytorch_model.bin": b"\x80\x04.",
        "model-00001-of-00002.safetensors": b"old",
        "model.safetensors.index.json": b"{}",
        "tf_model.h5": b"old",
        "onnx/model.onnx": b"old",
        "original/consolidated.00.pth": b"old",
        "adapter_config.json": b"{}",
        "modeling_evil.py": b"import os",
    }
    kept = {".gitattributes": b"* text\n", "picture.png": b"png", "train.py": b"print()", "LICENSE": b"MIT"}
    repo = hub.repo("tester/out", {**stale, **kept, "model.safetensors": b"backdoored", "config.json": b"{}"})
    record = send(folder)
    assert set(record.deleted) == set(stale)
    assert held(repo) == {**FILES, **kept, SUMS: (folder / SUMS).read_bytes()}
    assert hub.count("POST", "/commit/") == 1


def test_only_stale_files_left_over_is_still_a_change(hub: LoopbackHub, folder: Path) -> None:
    send(folder)
    repo = hub.repos["model", "tester/out"]
    repo.commit({"pytorch_model.bin": b"\x80\x04."})
    assert send(folder).deleted == ("pytorch_model.bin",)
    assert "pytorch_model.bin" not in held(repo)


def test_a_pull_request_leaves_main_alone(hub: LoopbackHub, folder: Path) -> None:
    repo = hub.repo("org/theirs", {"pytorch_model.bin": b"old"})
    before = repo.refs["main"]
    record = send(folder, "org/theirs", create_pr=True)
    assert record.pull_request == f"{hub.url}/org/theirs/discussions/1"
    assert repo.refs["main"] == before
    assert set(held(repo, "refs/pr/1")) == {".gitattributes", SUMS, *FILES}
    assert record.commit == repo.refs["refs/pr/1"]
    assert hub.count("POST", "/commit/") == 1


def test_the_same_pull_request_is_not_opened_twice(hub: LoopbackHub, folder: Path) -> None:
    repo = hub.repo("org/theirs")
    first = send(folder, "org/theirs", create_pr=True)
    again = send(folder, "org/theirs", create_pr=True)
    assert (again.unchanged, again.pull_request, again.commit) == (True, first.pull_request, first.commit)
    assert len(repo.pulls) == 1


def test_a_hub_without_discussions_still_gets_its_pull_request(hub: LoopbackHub, folder: Path) -> None:
    hub.repo("org/theirs")
    hub.fail("GET", "/discussions", 404)
    assert send(folder, "org/theirs", create_pr=True).pull_request


@pytest.mark.parametrize("create_pr", [False, True])
def test_a_lost_answer_is_recognised(hub: LoopbackHub, folder: Path, create_pr: bool) -> None:
    hub.repo("tester/out")
    hub.change("POST", "/commit/", lost)
    record = send(folder, create_pr=create_pr)
    repo = hub.repos["model", "tester/out"]
    assert record.commit == repo.refs["refs/pr/1" if create_pr else "main"]
    assert (record.unchanged, bool(record.pull_request)) == (False, create_pr)
    assert len(repo.commits) == 2
    assert hub.count("POST", "/commit/") == 1


def test_a_commit_that_did_not_happen_is_no_success(hub: LoopbackHub, folder: Path) -> None:
    hub.fail("POST", "/commit/", 500)
    with pytest.raises(HubError, match="HTTP 500"):
        send(folder)
    assert len(hub.repos["model", "tester/out"].commits) == 1
    assert not send(folder).unchanged


def test_someone_else_commits_meanwhile(hub: LoopbackHub, folder: Path) -> None:
    repo = hub.repo("tester/out")

    def intrude(answer: Answer) -> Answer:
        repo.commit({"theirs.txt": b"x"})
        return answer

    hub.change("POST", "/preupload/", intrude)
    with pytest.raises(HubError, match="changed by someone else") as caught:
        send(folder)
    assert "again" in caught.value.hint
    assert set(held(repo)) == {".gitattributes", "theirs.txt"}
    assert not send(folder).unchanged


def test_a_file_the_hub_ignores_is_noticed(hub: LoopbackHub, folder: Path) -> None:
    def ignore(answer: Answer) -> Answer:
        return Answer(200, answer.headers, answer.body.replace(b'"shouldIgnore": false', b'"shouldIgnore": true', 1))

    hub.change("POST", "/preupload/", ignore)
    with pytest.raises(HubError, match="is not in it"):
        send(folder)


def test_a_repository_without_a_first_commit(hub: LoopbackHub, folder: Path) -> None:
    hub.fail("GET", "/revision/main", 404, code="RevisionNotFound")
    assert not send(folder).unchanged


def test_a_renamed_repository(hub: LoopbackHub, folder: Path) -> None:
    repo = hub.repo("tester/new")
    hub.renamed["tester/old"] = "tester/new"
    send(folder, "tester/old")
    assert "model.safetensors" in held(repo)


def test_a_folder_that_is_not_what_it_says_is_not_pushed(hub: LoopbackHub, folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    with pytest.raises(GateError) as caught:
        send(folder)
    assert (caught.value.exit_code, hub.requests) == (4, [])


def test_large_files_are_uploaded_by_their_verified_digest(
    hub: LoopbackHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sanitizer.hub.push.IN_MEMORY", 100)
    send(folder)
    assert held(hub.repos["model", "tester/out"])["model.safetensors"] == WEIGHTS


def test_a_large_file_that_changes_during_the_push_is_refused(
    hub: LoopbackHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sanitizer.hub.push.IN_MEMORY", 100)

    def swap(answer: Answer) -> Answer:
        (folder / "model.safetensors").write_bytes(bytes(len(WEIGHTS)))
        return answer

    hub.change("POST", "/preupload/", swap)
    with pytest.raises(HubError):
        send(folder)
    assert hub.count("POST", "/commit/") == 0


def test_without_a_token_or_a_right(hub: LoopbackHub, folder: Path) -> None:
    with pytest.raises(HubError, match="wants a token"):
        push(folder, "tester/out", message="m")
    hub.fail("POST", "/api/repos/create", 403)
    with pytest.raises(HubError, match="may not do this"):
        send(folder, "other/none")
    with pytest.raises(UsageError, match="not the name"):
        send(folder, "a/b/c")


def test_a_hub_without_xet_says_what_to_set(hub: LoopbackHub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hf_xet")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    with pytest.raises(HubError, match="Xet") as caught:
        send(folder)
    assert "HF_HUB_DISABLE_XET=1" in caught.value.hint
    assert hub.count("POST", "/commit/") == 0


def test_nothing_is_said_on_the_terminal(hub: LoopbackHub, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    send(folder)
    assert capfd.readouterr() == ("", "")
