"""Publish a finished folder as exactly one commit, or one pull request with exactly one commit.

The commit names its parent, so it can never land on something nobody looked at. Whether the folder deserves to be
published (its report, its gates) is asked before; here only its own SHA256SUMS is believed.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, constants
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import HfApi

from sanitizer.errors import HubError
from sanitizer.hub.download import RemoteCheckpoint, peek
from sanitizer.hub.failures import hub_failures, patiently
from sanitizer.hub.finished import FinishedFolder, not_as_listed, verified
from sanitizer.hub.listing import COMMIT, Fingerprint, RemoteFile, list_files
from sanitizer.mark import demand_unmarked

BRANCH, CARD = "main", "README.md"
IN_MEMORY = 5_000_000
"""Bytes: smaller files are uploaded from the very bytes that were verified."""
LOOK_BACK = 20
"""Open pull requests that are compared with the folder before another one is opened."""

# What a loader would pick up by its name beside the new files, or instead of them.
STALE = (
    *("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.joblib", "*.dill", "*.npz", "*.npy"),
    *("*.safetensors", "*.safetensors.index.json", "*.bin.index.json", "*.h5", "*.h5.index.json", "*.keras", "*.pb"),
    *("*.msgpack", "*.msgpack.index.json", "*.ot", "*.onnx", "*.onnx_data", "*.onnx.data", "*.gguf", "*.ggml"),
    *("*.tflite", "*.mlmodel", "*.mlpackage/*", "*.nemo", "*.llamafile", "openvino_*.xml", "*/openvino_*.xml"),
    *("adapter_config.json", "handler.py", "custom_generate/*", "modeling_*.py", "configuration_*.py"),
    *("tokenization_*.py", "chat_template.jinja", "chat_template.json", "additional_chat_templates/*"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json"),
    *(
        "vocab.txt",
        "merges.txt",
        "tokenizer.model",
        "spiece.model",
        "sentencepiece.bpe.model",
        "generation_config.json",
    ),
)


@dataclass(frozen=True)
class PushRecord:
    """What a push did. `commit` is the one made or, where nothing had to change, the one found."""

    repo: str
    url: str
    commit: str
    pull_request: str | None
    unchanged: bool
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Change:
    add: tuple[str, ...]
    delete: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.add or self.delete)


def push(
    folder: Path,
    repo: str,
    *,
    token: str | None = None,
    private: bool = True,
    create_pr: bool = False,
    message: str,
    description: str = "",
) -> PushRecord:
    """Make `repo` hold the files that `sanitizer/SHA256SUMS` lists, in one commit. Pushing twice changes nothing.

    A repository that does not exist is created, private unless told otherwise; one that does keeps its visibility and
    its other files, except those a loader could mistake for the new model (STALE).

    Raises GateError for a folder that is not what its SHA256SUMS says and for a model that is marked as backdoored,
    HubError for what the Hub answers.
    """
    demand_unmarked(folder, str(folder))
    ours = verified(folder)
    api = HfApi(endpoint=constants.ENDPOINT, token=token)
    with hub_failures(repo):
        patiently(lambda: api.create_repo(repo, private=private, exist_ok=True))
        head, change = _compare(api, repo, BRANCH, ours)
        if not change:
            return _record(repo, head, unchanged=True)
        if create_pr and (found := _open_pull(api, repo, ours)) is not None:
            return found
        operations: list[CommitOperationAdd | CommitOperationDelete] = [*_additions(ours, change.add)]
        operations += [CommitOperationDelete(name) for name in change.delete]
        try:
            made = api.create_commit(
                repo,
                operations,
                commit_message=message,
                commit_description=description,
                revision=BRANCH,
                parent_commit=head,
                create_pr=create_pr,
            )
        except (httpx2.TransportError, HfHubHTTPError) as error:
            if isinstance(error, HfHubHTTPError) and error.response.status_code < 500:
                raise
            # The answer is lost, and perhaps only the answer.
            done = _look_again(api, repo, ours, create_pr=create_pr)
            if done is None:
                raise
            return done
        _all_arrived(api, repo, made.oid, ours)
    return _record(repo, made.oid, pull_request=made.pr_url, deleted=change.delete)


def card_there(repo: str, *, token: str | None = None) -> str | None:
    """The card that a repository shows now; None where there is no repository, no card, or none that could be read."""
    api = HfApi(endpoint=constants.ENDPOINT, token=token)
    with hub_failures(repo):
        try:
            head = patiently(lambda: api.model_info(repo, revision=BRANCH, expand=["sha"])).sha
        except (RepositoryNotFoundError, RevisionNotFoundError):
            return None
        if head is None or not COMMIT.fullmatch(head):
            return None
        remote = RemoteCheckpoint(repo, BRANCH, head, list_files(api, repo, head))
    if CARD not in remote.files or remote.files[CARD].size > IN_MEMORY:
        return None
    try:
        return peek(remote, CARD, IN_MEMORY, token=token).decode("utf-8")
    except UnicodeDecodeError:
        return None


def _record(repo: str, commit: str | None, **fields: object) -> PushRecord:
    plain = {"pull_request": None, "unchanged": False, **fields}
    return PushRecord(repo=repo, url=f"{constants.ENDPOINT}/{repo}", commit=str(commit), **plain)  # type: ignore[arg-type]


def _compare(api: HfApi, repo: str, revision: str, ours: FinishedFolder) -> tuple[str | None, _Change]:
    """The head of `revision` (None in a repository without commits) and what it lacks of our files."""
    try:
        head = patiently(lambda: api.model_info(repo, revision=revision, expand=["sha"])).sha
    except RevisionNotFoundError:
        if revision != BRANCH:
            raise
        head = None
    if head is None:  # some Hubs make a repository without a first commit
        return None, _Change(tuple(ours.files), ())
    if not COMMIT.fullmatch(head):
        raise HubError(f"{repo} has no commit to build on", hint="check HF_ENDPOINT")
    return head, _change(list_files(api, repo, head), ours)


def _change(theirs: Mapping[str, RemoteFile], ours: FinishedFolder) -> _Change:
    add = (n for n, found in ours.files.items() if n not in theirs or not theirs[n].matches(found))
    stale = (n for n in theirs if n not in ours.files and any(fnmatch.fnmatchcase(n.lower(), s) for s in STALE))
    return _Change(tuple(add), tuple(stale))


def _all_arrived(api: HfApi, repo: str, commit: str, ours: FinishedFolder) -> None:
    """Raise HubError if the new commit lacks a file: the client silently drops what a .gitignore there names."""
    theirs = list_files(api, repo, commit)
    for name, found in ours.files.items():
        if name not in theirs or theirs[name].size != found.digest.size:
            raise HubError(
                f"{repo} took the commit {commit[:12]} but {name} is not in it",
                hint="remove the .gitignore of that repository and push again",
            )


def _open_pull(api: HfApi, repo: str, ours: FinishedFolder) -> PushRecord | None:
    """An open pull request that proposes exactly our files: an earlier push whose answer was lost."""
    try:
        found = api.get_repo_discussions(repo, discussion_type="pull_request", discussion_status="open")
        pulls = [pull for pull, _ in zip(found, range(LOOK_BACK), strict=False)]
    except HfHubHTTPError as error:
        if error.response.status_code in (404, 405, 410, 501):  # a Hub without discussions, or with them switched off
            return None
        raise
    for pull in pulls:
        head, change = _compare(api, repo, f"refs/pr/{pull.num}", ours)
        if not change:
            return _record(repo, head, pull_request=pull.url, unchanged=True)
    return None


def _look_again(api: HfApi, repo: str, ours: FinishedFolder, *, create_pr: bool) -> PushRecord | None:
    found = _open_pull(api, repo, ours) if create_pr else None
    if create_pr:
        return None if found is None else _record(repo, found.commit, pull_request=found.pull_request)
    head, change = _compare(api, repo, BRANCH, ours)
    return None if change else _record(repo, head)


def _additions(ours: FinishedFolder, names: tuple[str, ...]) -> Iterator[CommitOperationAdd]:
    for name in names:
        path, expected = ours.path / name, ours.files[name]
        if expected.digest.size <= IN_MEMORY:
            data = path.read_bytes()
            if Fingerprint.of_bytes(data) != expected:
                raise not_as_listed(name, "has changed")
            yield CommitOperationAdd(name, data)
        else:
            operation = CommitOperationAdd(name, path)
            # The Hub stores a large object only under its true digest: bytes that change now are refused there.
            operation.upload_info.sha256 = bytes.fromhex(expected.digest.sha256)
            yield operation
