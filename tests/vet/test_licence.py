"""Licence texts go with the weights, byte for byte, if they are plain text; the model loads without them."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.checkpoints import make, rules, vetted

from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal
from sanitizer.vet.rebuild import rebuild

APACHE = Path(__file__).parents[2] / "LICENSE"


def test_a_real_licence_is_carried(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    text = APACHE.read_bytes() + "\ufeff\r\n\x0c© größe עברית\n".encode()
    (folder / "LICENSE.txt").write_bytes(text)
    record = vetted(folder)
    assert record.findings == ()
    assert rebuild(open_local(folder), record, tmp_path / "out").read("LICENSE.txt") == text


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"MIT \x1b[2J", "licence.hidden-characters"),
        ("MIT \u2066x\u2069".encode(), "licence.hidden-characters"),
        ("MIT \x9b".encode(), "licence.hidden-characters"),
        (b"\xa9 1999", "licence.unreadable"),
        (b"x" * ((2 << 20) + 1), "licence.unreadable"),
        (b"\x7fELF", "files.pretender"),
        (b"PK\x03\x04", "files.pretender"),
    ],
)
def test_anything_else_is_left_behind(content: bytes, rule: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "NOTICE").write_bytes(content)
    record = vetted(folder)
    assert rules(record) == {rule}
    assert refusal(record) is None
    assert "NOTICE" not in rebuild(open_local(folder), record, tmp_path / "out").files
