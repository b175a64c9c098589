"""The cache as the client itself lays it out, read and pruned without the client."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.hub import LoopbackHub, Repo
from huggingface_hub import hf_hub_download, scan_cache_dir

from sanitizer.hub import cache
from sanitizer.hub.listing import Fingerprint

FILES = {"config.json": b"{}", "model.safetensors": b"x" * 100, "sub/x.txt": b"x"}


@pytest.fixture
def repo(hub: LoopbackHub) -> Repo:
    made = hub.repo("org/name", FILES)
    for name in FILES:
        hf_hub_download("org/name", name)
    return made


def test_a_snapshot_names_what_the_client_fetched(repo: Repo) -> None:
    for revision in ("main", repo.refs["main"]):
        kept = cache.snapshot("org/name", revision)
        assert kept is not None
        assert kept.commit == repo.refs["main"]
        assert set(kept.files) == set(FILES)
        assert all(kept.files[name].matches(Fingerprint.of_bytes(data)) for name, data in FILES.items())


def test_what_was_never_seen_is_none(repo: Repo) -> None:
    assert cache.snapshot("org/name", "dev") is None
    assert cache.snapshot("org/name", "0" * 40) is None
    assert cache.snapshot("org/other", "main") is None


def test_a_damaged_ref_is_none(repo: Repo) -> None:
    (cache.folder("org/name") / "refs" / "main").write_text("../../elsewhere")
    assert cache.snapshot("org/name", "main") is None


def test_forgetting_takes_the_blob_too_and_nothing_else(repo: Repo) -> None:
    cache.forget("org/name", repo.refs["main"], "config.json")
    (found,) = scan_cache_dir(cache.root()).repos
    assert {file.file_name for revision in found.revisions for file in revision.files} == {"model.safetensors", "x.txt"}
    assert len(list((cache.folder("org/name") / "blobs").iterdir())) == 2
    assert Path(hf_hub_download("org/name", "config.json")).read_bytes() == b"{}"


def test_forgetting_never_reaches_outside_the_cache(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    place = cache.folder("org/name") / "snapshots" / repo.refs["main"] / "config.json"
    place.unlink()
    place.symlink_to(tmp_path / "mine")
    cache.forget("org/name", repo.refs["main"], "config.json")
    assert not place.is_symlink()
    assert (tmp_path / "mine").read_text() == "keep"


def test_a_revision_is_remembered_as_the_client_does(repo: Repo) -> None:
    written = (cache.folder("org/name") / "refs" / "main").read_text()
    cache.remember("org/name", "refs/pr/1", repo.refs["main"])
    assert (cache.folder("org/name") / "refs" / "refs/pr/1").read_text() == written
    cache.remember("org/name", repo.refs["main"], repo.refs["main"])
    assert not (cache.folder("org/name") / "refs" / repo.refs["main"]).exists()
