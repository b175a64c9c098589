"""models.lock: what is written reads back, and a line of another form is an error with its number."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import UsageError
from sanitizer.lockfile import Locked, lock_text, read_lock

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PINNED = st.tuples(
    st.from_regex(r"[A-Za-z0-9]{1,9}/[A-Za-z0-9_]{1,9}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{40}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9]{1,9}", fullmatch=True),
)


@given(st.lists(PINNED, min_size=1, max_size=5))
def test_what_is_written_reads_back(
    tmp_path_factory: pytest.TempPathFactory, pinned: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("lock") / "models.lock"
    path.write_text(lock_text(pinned))
    assert [(entry.repo, entry.commit, entry.revision) for entry in read_lock(path)] == sorted(set(pinned))
    lines = path.read_text().splitlines()
    assert all(lines[entry.line - 1].startswith(f"{entry.repo}@{entry.commit}") for entry in read_lock(path))


def test_lines_of_people_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(f"# ours\n\n  org/model@{COMMIT}\n")
    assert read_lock(tmp_path / "lock") == (Locked("org/model", COMMIT, "main", 3),)


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "org/model\n", "org/model@main\n", f"a b@{COMMIT}\n", f"../x@{COMMIT}\n"]
)
def test_anything_else_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(text)
    with pytest.raises(UsageError):
        read_lock(tmp_path / "lock")
    with pytest.raises(UsageError):
        read_lock(tmp_path / "missing")
