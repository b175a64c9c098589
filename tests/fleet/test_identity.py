from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers.checkpoints import make
from helpers.hub import LoopbackHub

from sanitizer.errors import RefusedError
from sanitizer.fleet.identity import commit_of, commits_of, folder_digest, identity_of
from sanitizer.source import HubRef, LocalRef
from sanitizer.vet import folder


def test_whatever_vetting_could_see_is_in_a_digest(tmp_path: Path) -> None:
    model = make(tmp_path / "a")
    digests = [folder_digest(model), folder_digest(make(tmp_path / "b"))]
    assert digests[0] == digests[1], "the same files elsewhere"
    changes = [
        lambda: (model / "notes.py").touch(),
        lambda: (model / "notes.py").rename(model / "other.py"),
        lambda: (model / "other.py").write_text("x"),
        lambda: os.mkfifo(model / "pipe"),
        lambda: (model / "link").symlink_to("/etc/passwd"),
        lambda: (model / "link").rename(model / "name\udcff"),
    ]
    for change in changes:
        change()
        digests.append(folder_digest(model))
    assert len(set(digests)) == len(digests) - 1


def test_what_cannot_be_walked_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make(tmp_path / "a")
    monkeypatch.setattr(folder, "MOST_ENTRIES", 1)
    with pytest.raises(RefusedError):
        folder_digest(model)
    assert identity_of(LocalRef(model), None) is None
    assert identity_of(LocalRef(tmp_path / "none"), None) is None


def test_a_commit_is_believed_and_a_branch_is_asked_for(hub: LoopbackHub) -> None:
    assert commit_of(HubRef("org/a", "a" * 40), None) == "a" * 40
    assert hub.requests == []
    assert commit_of(HubRef("org/none"), None) is None
    assert hub.requests != []


def test_many_are_asked_at_once(hub: LoopbackHub) -> None:
    hub.repo("org/a", {"config.json": b"{}"})
    refs = [HubRef("org/a"), HubRef("org/none"), HubRef("org/b", "b" * 40)]
    found = commits_of(refs, None)
    assert found[refs[1]] is None
    assert found[refs[2]] == "b" * 40
    assert len(found[refs[0]] or "") == 40
    assert identity_of(refs[0], None) == found[refs[0]]
