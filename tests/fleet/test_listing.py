from __future__ import annotations

from pathlib import Path

import pytest

from sanitizer.errors import UsageError
from sanitizer.fleet.listing import read_list
from sanitizer.lockfile import lock_text
from sanitizer.source import HubRef, LocalRef


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("models/a", "models/b", "other/a"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def write(folder: Path, *lines: str, name: str = "models.txt") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_line_is_a_model_and_comments_are_none(here: Path) -> None:
    listed = write(here, "# ours", "", "org/model  # main", "  hf://org/other@v2", "./models/a", "models/b#x  # no")
    (here / "models" / "b#x").mkdir()
    entries = read_list(listed)
    assert [(entry.name, entry.line) for entry in entries] == [
        ("org/model", 3),
        ("org/other@v2", 4),
        ("models/a", 5),
        ("models/b#x", 6),
    ]
    assert [entry.ref for entry in entries[:3]] == [
        HubRef("org/model"),
        HubRef("org/other", "v2"),
        LocalRef(Path("models/a")),
    ]


def test_a_lock_file_is_read_as_one(here: Path) -> None:
    path = here / "models.lock"
    path.write_text(lock_text([("org/b", "b" * 40, "v2"), ("org/a", "a" * 40, "main")]))
    first, second = read_list(path)
    assert first.ref == HubRef("org/a", "a" * 40)
    assert (first.name, first.line, second.line) == ("org/a@aaaaaaaaaaaa", 2, 3)
    with pytest.raises(UsageError, match="not of the form org/name@commit"):
        read_list(write(here, "org/model@main", name="other.lock"))


def test_a_name_shows_no_folder_outside_of_this_one(here: Path) -> None:
    entries = read_list(write(here, str(here / "other" / "a"), "models/../models/b", "models/a"))
    assert [entry.name for entry in entries] == ["a", "b", "models/a"]


def test_two_folders_of_one_name_can_be_told_apart(here: Path) -> None:
    entries = read_list(write(here, str(here / "other" / "a"), str(here / "models" / "a")))
    assert [entry.name for entry in entries] == ["a (line 1)", "a (line 2)"]


def test_places_are_safe_and_as_different_as_models(here: Path) -> None:
    (here / "-x ..y;$(id)").mkdir()
    listed = write(here, "org/a", "org/a@v2", "org-a/b", "org/a-b", "./-x ..y;$(id)", "models/a", "other/a")
    stems = [entry.stem for entry in read_list(listed)]
    assert len(set(stems)) == 7
    for stem in stems:
        assert stem.isascii()
        assert not set(stem) & set("/\\ $()")
        assert stem[0] not in "-."
    (here / "moved.txt").write_text("\n\n" + listed.read_text())
    assert stems == [entry.stem for entry in read_list(here / "moved.txt")]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["org/a", "no-such"], "models.txt:2: there is no folder no-such"),
        (["https://hub.example/org/a"], "models.txt:1: https://hub.example/org/a is a URL"),
        (["org/a@main", "# b", "org/a"], "models.txt:3 names the model of line 1"),
        (["models/a", "./models/../models/a"], "models.txt:2 names the model of line 1"),
        (["# nothing"], "names no model"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(here: Path, lines: list[str], says: str) -> None:
    write(here, *lines)
    with pytest.raises(UsageError, match=says):
        read_list(Path("models.txt"))


def test_what_is_no_text_is_no_list(here: Path) -> None:
    (here / "a.txt").write_bytes(b"\xff\xfe\x00")
    (here / "large.txt").write_bytes(b"#" * (2 << 20))
    for name in ("a.txt", "large.txt", "none.txt"):
        with pytest.raises(UsageError, match="the list"):
            read_list(here / name)
