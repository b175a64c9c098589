"""Where a model comes from, as the user says it: a folder on this machine, or a repository on a Hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sanitizer.errors import UsageError

WAYS = "write org/name, hf://org/name@revision, or a local folder such as ./model"
_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
# What git forbids in the name of a branch or a tag (git-check-ref-format), plus a leading dash.
_NOT_IN_REVISIONS = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\u0080-\U0010ffff]|\.\.|@\{|//|^[-/.]|/\.|[/.]$|\.lock$")


@dataclass(frozen=True)
class LocalRef:
    """A folder that exists."""

    path: Path


@dataclass(frozen=True)
class HubRef:
    """`repo` is `org/name`, or the bare name that a Hub's oldest repositories have; `revision` a branch, tag or commit.

    Raises UsageError when made of anything else, so that no later step has to ask again.
    """

    repo: str
    revision: str | None = None

    def __post_init__(self) -> None:
        parts = self.repo.split("/")
        good = all(_PART.fullmatch(part) and not re.search(r"--|\.\.", part) for part in parts)
        if len(parts) > 2 or not good or len(self.repo) > 96 or self.repo.endswith(".git"):
            raise UsageError(f"{self.repo!r} is not the name of a Hub repository", hint=WAYS)
        if self.revision is not None and (_NOT_IN_REVISIONS.search(self.revision) or not self.revision):
            raise UsageError(
                f"{self.revision!r} is not a revision", hint="name a branch, a tag or a commit, for example main"
            )


ModelRef = LocalRef | HubRef


def parse_model(text: str, revision: str | None = None) -> ModelRef:
    """Read MODEL: `org/name`, `hf://org/name@rev`, or a local folder (`./dir`, absolute, `~`, or an existing path).

    A path that exists wins: where a folder `org/name` lies in the working directory, `org/name` means that folder and
    `hf://org/name` means the Hub. A bare name is never looked up on the Hub unless written `hf://name`, because it is
    more often a folder misspelt.

    Raises UsageError for a folder that is missing or is a file, a name no Hub could have, a revision of a local folder,
    and a revision given twice with two values.
    """
    if not text.strip() or not text.isprintable():
        raise UsageError(f"{text!r} is not a model", hint=WAYS)
    if text.startswith("hf://"):
        return _hub(text.removeprefix("hf://").removeprefix("models/"), revision)
    if "://" in text:
        raise UsageError(f"{text} is a URL", hint=WAYS)
    path = Path(text).expanduser()
    if text.startswith((".", "/", "~")) or path.exists():
        return _local(text, path, revision)
    if "/" not in text.partition("@")[0]:
        raise UsageError(f"there is no folder {text}", hint=f"{WAYS}; for a Hub model without an owner, hf://{text}")
    return _hub(text, revision)


def _local(text: str, path: Path, revision: str | None) -> LocalRef:
    if not path.exists():
        raise UsageError(f"there is no folder {text}", hint=WAYS)
    if not path.is_dir():
        raise UsageError(
            f"{text} is a file, and a model is a folder", hint=f"name the folder it lies in: {path.parent}"
        )
    if revision is not None:
        raise UsageError(
            f"{text} is a local folder and has no revision {revision!r}",
            hint="leave --revision out, or write hf://org/name for the model on the Hub",
        )
    return LocalRef(path)


def _hub(text: str, revision: str | None) -> HubRef:
    repo, at, inline = text.partition("@")
    if at and revision is not None and revision != inline:
        raise UsageError(f"two revisions are given: {inline!r} and {revision!r}", hint="give it once")
    return HubRef(repo, inline if at else revision)
