"""Resolve and download against a Hub that lies, stalls, moves and breaks off."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub.constants as constants
import pytest
from helpers.hub import TOKEN, LoopbackHub, Repo, swapped, truncated

from sanitizer.checkpoint import HubOrigin
from sanitizer.errors import CorruptError, HubError, ResourceError
from sanitizer.hub import download as module
from sanitizer.hub import failures
from sanitizer.hub.download import download, peek, resolve
from sanitizer.source import HubRef

WEIGHTS = bytes(range(256)) * 64
CONFIG = b'{"model_type": "bert"}'
FILES = {"config.json": CONFIG, "model.safetensors": WEIGHTS, "pytorch_model.bin": b"\x80\x04.", "sub/x.txt": b"x\n"}
MINE = ("config.json", "model.safetensors")


def wanted(name: str) -> bool:
    return name in MINE


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr(failures, "time", SimpleNamespace(sleep=waits.append))
    return waits


@pytest.fixture
def repo(hub: LoopbackHub) -> Repo:
    return hub.repo("org/name", FILES)


def blobs(tmp_path: Path) -> list[Path]:
    return [p for p in (tmp_path / "hf-home").rglob("*") if p.is_file() and p.parent.name == "blobs"]


def go_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def test_resolves_to_a_commit_with_sizes_and_digests(repo: Repo) -> None:
    remote = resolve(HubRef("org/name"))
    assert remote.commit == repo.refs["main"]
    assert not remote.cached
    assert set(remote.files) == {".gitattributes", *FILES}
    assert remote.files["model.safetensors"].sha256 == hashlib.sha256(WEIGHTS).hexdigest()
    assert remote.files["model.safetensors"].size == len(WEIGHTS)
    git = subprocess.run(["git", "hash-object", "--stdin"], input=CONFIG, capture_output=True, check=True)
    assert remote.files["config.json"].blob_sha1 == git.stdout.decode().strip()


def test_downloads_what_is_wanted_and_nothing_else(hub: LoopbackHub, repo: Repo, tmp_path: Path) -> None:
    checkpoint = download(resolve(HubRef("org/name")), wanted)
    assert checkpoint.origin == HubOrigin("org/name", repo.refs["main"], "main")
    assert set(checkpoint.files) == set(MINE)
    assert checkpoint.read("model.safetensors") == WEIGHTS
    assert len(blobs(tmp_path)) == 2
    assert hub.count("GET", r"pytorch_model\.bin") == 0


def test_everything_is_asked_by_commit_though_the_revision_moves(hub: LoopbackHub, repo: Repo) -> None:
    remote = resolve(HubRef("org/name"))
    repo.commit({"config.json": b'{"model_type": "evil"}'})
    assert download(remote, wanted).read("config.json") == CONFIG
    assert all("main" not in r.path for r in hub.requests if "/resolve/" in r.path or "/tree/" in r.path)


def test_progress_counts_bytes(repo: Repo) -> None:
    seen: list[tuple[int, int]] = []
    download(resolve(HubRef("org/name")), wanted, progress=lambda step, done, total: seen.append((done, total)))
    total = len(CONFIG) + len(WEIGHTS)
    assert seen[0] == (0, total)
    assert seen[-1] == (total, total)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_long_tree_comes_in_pages(hub: LoopbackHub, repo: Repo) -> None:
    hub.page_size = 2
    assert set(resolve(HubRef("org/name")).files) == {".gitattributes", *FILES}


@pytest.mark.parametrize("name", MINE)
def test_a_wrong_body_is_refused_and_not_kept(hub: LoopbackHub, repo: Repo, tmp_path: Path, name: str) -> None:
    remote = resolve(HubRef("org/name"))
    body = bytes(len(FILES[name]))
    where = "/cdn/" if name == "model.safetensors" else "/resolve/.*config"
    hub.change("GET", where, swapped(body))
    with pytest.raises(CorruptError, match=name):
        download(remote, wanted)
    assert body not in [p.read_bytes() for p in blobs(tmp_path)]
    assert download(remote, wanted).read(name) == FILES[name]


def test_a_listing_that_lies_about_a_digest_is_refused(repo: Repo, tmp_path: Path) -> None:
    repo.lies["model.safetensors"] = {"lfs": {"oid": "0" * 64, "size": len(WEIGHTS), "pointerSize": 130}}
    with pytest.raises(CorruptError, match="size or digest"):
        download(resolve(HubRef("org/name")), wanted)


def test_a_listing_that_lies_about_a_size_is_refused(repo: Repo) -> None:
    repo.lies["config.json"] = {"size": 5}
    with pytest.raises(CorruptError, match=r"config\.json"):
        download(resolve(HubRef("org/name")), wanted)


def test_no_digest_no_download(hub: LoopbackHub, repo: Repo) -> None:
    repo.lies["config.json"] = {"oid": "not-a-digest"}
    with pytest.raises(CorruptError, match="true digest"):
        download(resolve(HubRef("org/name")), wanted)
    assert hub.count("GET", "/resolve/") == 0


def test_a_poisoned_cache_is_healed(hub: LoopbackHub, repo: Repo) -> None:
    remote = resolve(HubRef("org/name"))
    checkpoint = download(remote, wanted)
    (checkpoint.path / "model.safetensors").resolve().write_bytes(bytes(len(WEIGHTS)))
    assert download(remote, wanted).read("model.safetensors") == WEIGHTS
    assert hub.count("GET", "/cdn/") == 2


def test_a_truncated_body_is_one_line_and_leaves_nothing(hub: LoopbackHub, repo: Repo, tmp_path: Path) -> None:
    remote = resolve(HubRef("org/name"))
    hub.change("GET", "/cdn/", truncated(100), times=50)
    with pytest.raises(HubError) as caught:
        download(remote, wanted)
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == 3
    assert [p.stat().st_size for p in blobs(tmp_path)] == [len(CONFIG)]


def test_a_body_truncated_once_is_resumed(hub: LoopbackHub, repo: Repo) -> None:
    hub.change("GET", "/cdn/", truncated(100))
    assert download(resolve(HubRef("org/name")), wanted).read("model.safetensors") == WEIGHTS


HOSTILE = [
    "../x",
    "/etc/passwd",
    "a/../../x",
    "a//b",
    "..",
    "a\\b",
    "C:x",
    "a\x1bb",
    "a\u202eb",
    "x" * 300,
    "",
    "a/./b",
    "a\n",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_refused_before_any_download(hub: LoopbackHub, repo: Repo, tmp_path: Path, name: str) -> None:
    repo.extra.append({"type": "file", "path": name, "size": 1, "oid": "0" * 40})
    before = {p for p in tmp_path.rglob("*") if "hf-home" not in p.parts}
    with pytest.raises(CorruptError, match="plain relative path") as caught:
        resolve(HubRef("org/name"))
    assert caught.value.message.isprintable()
    assert hub.count("GET", "/resolve/") == 0
    assert {p for p in tmp_path.rglob("*") if "hf-home" not in p.parts} == before


def test_a_name_listed_twice_is_refused(repo: Repo) -> None:
    repo.extra.append({"type": "file", "path": "config.json", "size": 1, "oid": "0" * 40})
    with pytest.raises(CorruptError, match="twice"):
        resolve(HubRef("org/name"))


def test_the_disk_is_asked_before_the_network(hub: LoopbackHub, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = resolve(HubRef("org/name"))
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: SimpleNamespace(free=len(WEIGHTS)))
    with pytest.raises(ResourceError, match=r"0\.00 GB"):
        download(remote, wanted)
    assert hub.count("HEAD", "/resolve/") == 0
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: SimpleNamespace(free=len(WEIGHTS) + len(CONFIG)))
    download(remote, wanted)


def test_offline_the_cache_answers(hub: LoopbackHub, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    online = download(resolve(HubRef("org/name")), wanted)
    asked = len(hub.requests)
    go_offline(monkeypatch)
    for revision in (None, "main", repo.refs["main"]):
        remote = resolve(HubRef("org/name", revision))
        assert (remote.cached, remote.commit) == (True, repo.refs["main"])
        assert download(remote, wanted).digest == online.digest
    assert len(hub.requests) == asked


def test_offline_a_poisoned_cache_is_refused_and_emptied(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = download(resolve(HubRef("org/name")), wanted)
    blob = (checkpoint.path / "config.json").resolve()
    blob.write_bytes(b'{"model_type": "evil"}')
    go_offline(monkeypatch)
    with pytest.raises(CorruptError, match=r"config\.json"):
        download(resolve(HubRef("org/name")), wanted)
    assert not blob.exists()


def test_offline_a_copy_without_a_digest_is_not_believed(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    place = download(resolve(HubRef("org/name")), wanted).path / "config.json"
    place.unlink()
    place.write_bytes(CONFIG)
    go_offline(monkeypatch)
    with pytest.raises(CorruptError, match="true digest"):
        download(resolve(HubRef("org/name")), wanted)


def test_offline_and_unknown(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    go_offline(monkeypatch)
    with pytest.raises(HubError, match="not in the local cache") as caught:
        resolve(HubRef("org/name"))
    assert "HF_HUB_OFFLINE" in caught.value.hint


def test_an_unreachable_hub_is_answered_for_by_the_cache(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    download(resolve(HubRef("org/name")), wanted)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert resolve(HubRef("org/name")).cached
    with pytest.raises(HubError, match="cannot be reached"):
        resolve(HubRef("org/other"))


def test_a_missing_repository_is_not_answered_for_by_the_cache(hub: LoopbackHub, repo: Repo) -> None:
    download(resolve(HubRef("org/name")), wanted)
    hub.repos.clear()
    with pytest.raises(HubError, match="has no org/name"):
        resolve(HubRef("org/name"))


def test_private_and_gated(hub: LoopbackHub) -> None:
    hub.repo("org/closed", FILES, private=True)
    with pytest.raises(HubError, match="has no org/closed, or it is private"):
        resolve(HubRef("org/closed"))
    assert download(resolve(HubRef("org/closed"), token=TOKEN), wanted, token=TOKEN).read("config.json") == CONFIG
    gated = hub.repo("org/gated", FILES, gated=True)
    remote = resolve(HubRef("org/gated"), token=TOKEN)
    for ask in (lambda: download(remote, wanted, token=TOKEN), lambda: peek(remote, "config.json", 100, token=TOKEN)):
        with pytest.raises(HubError, match="is gated"):
            ask()
    gated.granted.add("tester")
    assert download(remote, wanted, token=TOKEN).read("config.json") == CONFIG


def test_the_token_of_the_environment_is_used_and_never_written(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repo("org/closed", FILES, private=True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    download(resolve(HubRef("org/closed")), wanted)
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert TOKEN.encode() not in written
    assert all(
        "Authorization" not in r.headers and "authorization" not in r.headers for r in hub.requests if "/cdn/" in r.path
    )


def test_429_is_waited_out_and_reported_when_it_stays(hub: LoopbackHub, repo: Repo, impatient: list[float]) -> None:
    hub.fail("GET", r"/api/models/org/name/revision", 429, headers={"Retry-After": "3"})
    assert resolve(HubRef("org/name")).commit == repo.refs["main"]
    assert impatient == [4.0]
    hub.fail("GET", r"/api/models/org/name/revision", 429, times=99)
    with pytest.raises(HubError, match="limits the rate"):
        resolve(HubRef("org/name"))


def test_429_while_downloading(hub: LoopbackHub, repo: Repo) -> None:
    hub.fail("HEAD", "/resolve/", 429, headers={"Retry-After": "1"})
    hub.fail("GET", "/cdn/", 429, headers={"Retry-After": "1"})
    remote = resolve(HubRef("org/name"))
    assert download(remote, wanted).read("model.safetensors") == WEIGHTS
    hub.fail("HEAD", "/resolve/", 429, times=99)
    with pytest.raises(HubError, match="limits the rate"):
        download(remote, lambda name: name == "sub/x.txt")


def test_500_once_is_survived_and_reported_when_it_stays(hub: LoopbackHub, repo: Repo) -> None:
    hub.fail("GET", "/revision/", 500)
    hub.fail("GET", "/cdn/", 500)
    remote = resolve(HubRef("org/name"))
    assert download(remote, wanted).read("model.safetensors") == WEIGHTS
    hub.fail("GET", "/revision/", 503, times=99)
    with pytest.raises(HubError, match="HTTP 503"):
        resolve(HubRef("org/name"))


def test_wrong_revision_and_renamed_repository(hub: LoopbackHub, repo: Repo) -> None:
    with pytest.raises(HubError, match="has no revision nope"):
        resolve(HubRef("org/name", "nope"))
    hub.renamed["org/old"] = "org/name"
    assert download(resolve(HubRef("org/old")), wanted).read("config.json") == CONFIG


def test_peek_reads_one_file_and_writes_nothing(hub: LoopbackHub, repo: Repo, tmp_path: Path) -> None:
    remote = resolve(HubRef("org/name"))
    assert peek(remote, "config.json", 100) == CONFIG
    assert not blobs(tmp_path)
    with pytest.raises(CorruptError, match="no honest one"):
        peek(remote, "config.json", 3)
    with pytest.raises(CorruptError, match="has no generation"):
        peek(remote, "generation_config.json", 3)
    hub.change("GET", "/resolve/", swapped(b"y" * len(CONFIG)))
    with pytest.raises(CorruptError, match="size or digest"):
        peek(remote, "config.json", 100)
    hub.change("GET", "/resolve/", swapped(b"y" * 10_000_000))
    with pytest.raises(CorruptError, match="size or digest"):
        peek(remote, "config.json", 100)


def test_peek_uses_the_cache(hub: LoopbackHub, repo: Repo) -> None:
    remote = resolve(HubRef("org/name"))
    download(remote, wanted)
    asked = len(hub.requests)
    assert peek(remote, "config.json", 100) == CONFIG
    assert len(hub.requests) == asked


def test_a_page_that_is_no_hub(hub: LoopbackHub, repo: Repo) -> None:
    hub.change("GET", "/revision/", swapped(b"<html>sign in to the wifi</html>"))
    with pytest.raises(HubError, match="makes no sense"):
        resolve(HubRef("org/name"))


def test_downloading_twice_asks_once_and_a_lost_snapshot_is_relinked(hub: LoopbackHub, repo: Repo) -> None:
    remote = resolve(HubRef("org/name"))
    path = download(remote, wanted).path
    download(remote, wanted)
    assert hub.count("GET", "/cdn/") == 1
    shutil.rmtree(path)
    assert download(remote, wanted).read("model.safetensors") == WEIGHTS
    assert hub.count("GET", "/cdn/") == 1
