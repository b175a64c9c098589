"""The loopback Hub is worth something only if the client that nobody changed is content with it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.hub import TOKEN, LoopbackHub, Repo
from helpers.hub_client import environment
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, hf_hub_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

# huggingface_hub 2.4 hands httpx2 a file as `data=` when it uploads a large object.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
WEIGHTS = bytes(range(256)) * 64


@pytest.fixture
def repo(hub: LoopbackHub) -> Repo:
    return hub.repo("org/name", {"config.json": b'{"a": 1}', "model.safetensors": WEIGHTS, "sub/x.txt": b"x\n"})


@pytest.fixture
def api(hub: LoopbackHub) -> HfApi:
    return HfApi(endpoint=hub.url, token=TOKEN)


def git_hash_object(data: bytes) -> str:
    answer = subprocess.run(["git", "hash-object", "--stdin"], input=data, capture_output=True, check=True)
    return answer.stdout.decode().strip()


def test_names_of_blobs_are_gits_own(repo: Repo, api: HfApi) -> None:
    listing = {f.path: f for f in api.list_repo_tree("org/name", recursive=True) if hasattr(f, "blob_id")}
    assert listing["config.json"].blob_id == git_hash_object(b'{"a": 1}')
    assert listing["model.safetensors"].lfs.sha256 == hashlib.sha256(WEIGHTS).hexdigest()
    assert listing["model.safetensors"].size == len(WEIGHTS)


def test_downloads_small_and_large_files(hub: LoopbackHub, repo: Repo) -> None:
    for name in ("config.json", "model.safetensors", "sub/x.txt"):
        path = Path(hf_hub_download("org/name", name))
        assert path.read_bytes() == repo.commits[repo.refs["main"]].files[name]
        assert repo.refs["main"] in path.parts


def test_pages_of_the_tree(hub: LoopbackHub, repo: Repo, api: HfApi) -> None:
    hub.page_size = 2
    names = {f.path for f in api.list_repo_tree("org/name", recursive=True)}
    assert names == {".gitattributes", "config.json", "model.safetensors", "sub", "sub/x.txt"}
    assert hub.count("GET", "/tree/") == 3


def test_one_commit_adds_and_deletes(hub: LoopbackHub, repo: Repo, api: HfApi) -> None:
    made = api.create_commit(
        "org/name",
        [
            CommitOperationAdd("README.md", b"---\nlicense: mit\n---\n"),
            CommitOperationAdd("new.safetensors", WEIGHTS[::-1]),
            CommitOperationDelete("model.safetensors"),
            CommitOperationDelete("sub/"),
        ],
        commit_message="one",
        parent_commit=repo.refs["main"],
    )
    assert repo.refs["main"] == made.oid
    assert set(repo.commits[made.oid].files) == {".gitattributes", "config.json", "README.md", "new.safetensors"}
    assert repo.commits[made.oid].files["new.safetensors"] == WEIGHTS[::-1]
    assert (hub.count("POST", "/commit/"), hub.count("PUT", "/lfs/")) == (1, 1)


def test_a_stale_parent_is_412(repo: Repo, api: HfApi) -> None:
    old = repo.refs["main"]
    repo.commit({"x": b"y"})
    with pytest.raises(HfHubHTTPError, match="412"):
        api.create_commit("org/name", [CommitOperationAdd("z", b"z")], commit_message="late", parent_commit=old)
    assert len(repo.commits) == 2


def test_pull_request_leaves_main_and_can_be_merged(repo: Repo, api: HfApi) -> None:
    before = repo.refs["main"]
    made = api.create_commit("org/name", [CommitOperationAdd("z", b"z")], commit_message="pr", create_pr=True)
    assert (made.pr_num, made.pr_revision, repo.refs["main"]) == (1, "refs/pr/1", before)
    assert [d.title for d in api.get_repo_discussions("org/name", discussion_type="pull_request")] == ["pr"]
    assert api.get_discussion_details("org/name", 1).target_branch == "refs/heads/main"
    api.merge_pull_request("org/name", 1)
    assert repo.refs["main"] == made.oid


def test_create_repo_twice_and_whoami(hub: LoopbackHub, api: HfApi) -> None:
    api.create_repo("tester/new", private=True)
    api.create_repo("tester/new", private=False, exist_ok=True)
    assert hub.repos["model", "tester/new"].private
    assert api.whoami()["name"] == "tester"
    api.create_branch("tester/new", branch="side")
    assert {b.name for b in api.list_repo_refs("tester/new").branches} == {"main", "side"}


def test_absences_have_their_own_errors(hub: LoopbackHub, repo: Repo) -> None:
    hub.repo("org/closed", private=True)
    hub.repo("org/gated", {"config.json": b"{}"}, gated=True)
    for name, file, revision, error in (
        ("org/none", "x", None, RepositoryNotFoundError),
        ("org/closed", "x", None, RepositoryNotFoundError),
        ("org/gated", "config.json", None, GatedRepoError),
        ("org/name", "x", None, RemoteEntryNotFoundError),
        ("org/name", "config.json", "nope", RevisionNotFoundError),
    ):
        with pytest.raises(error):
            hf_hub_download(name, file, revision=revision)


def test_renamed_repository_is_followed(hub: LoopbackHub, repo: Repo, api: HfApi) -> None:
    hub.renamed["org/old"] = "org/name"
    assert api.model_info("org/old").sha == repo.refs["main"]
    assert Path(hf_hub_download("org/old", "config.json")).read_bytes() == b'{"a": 1}'


def test_a_planted_429_is_waited_out(hub: LoopbackHub, repo: Repo, api: HfApi) -> None:
    hub.fail("GET", "/tree/", 429, headers={"Retry-After": "1"})
    assert len(list(api.list_repo_tree("org/name"))) == 4
    assert hub.count("GET", "/tree/") == 2


def test_a_child_process_that_knows_only_its_environment(hub: LoopbackHub, repo: Repo, tmp_path: Path) -> None:
    code = "from huggingface_hub import hf_hub_download as d; print(open(d('org/name', 'config.json')).read())"
    env = {**os.environ, **environment(hub.url, tmp_path / "child")}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '{"a": 1}'
