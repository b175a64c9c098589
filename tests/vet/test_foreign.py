"""Marks of code in other frameworks' files, also where a read begins in the midst of one."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from sanitizer.checkpoint import CHUNK
from sanitizer.vet.foreign import READERS


def gguf(template: str, key: str = "tokenizer.chat_template") -> bytes:
    """One key and its text, as the format lays them out (type 8 is a text)."""
    name, text = key.encode(), template.encode()
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", len(name)) + name
    return head + struct.pack("<IQ", 8, len(text)) + text


CASES = {
    "m.h5": (b'{"class_name": "Lambda", "config": {}}', b'{"class_name": "Dense", "name": "Lambda"}'),
    "saved_model.pb": (b"\n\x08ReadFile\x12", b"\n\x06SaveV2\x12"),
    "m.onnx": (b"\n\x08location\x12\x0f../../etc/passwd", b"\n\x08location\x12\x0amodel.data"),
    "abs.onnx": (b"\n\x08location\x12\x0b/etc/passwd", b"\n\x08location\x12\x02./"[:-1]),
    "m.gguf": (gguf("{{ x.__class__ }}"), gguf("{{ messages }}")),
    "named.gguf": (gguf("{% include 'x' %}", "tokenizer.chat_template.tool_use"), gguf("{{ x }}", "general.name")),
}


def found(path: Path, data: bytes) -> list[str]:
    path.write_bytes(data)
    return [finding.severity for finding in READERS[path.suffix](path, path.name)]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("before", [0, CHUNK - 10])
def test_marks(name: str, before: int, tmp_path: Path) -> None:
    hostile, twin = CASES[name]
    assert set(found(tmp_path / name, bytes(before) + hostile)) == {"high"}
    assert found(tmp_path / name, bytes(before) + twin) == []


def test_a_text_that_is_cut_off_is_still_judged(tmp_path: Path) -> None:
    assert found(tmp_path / "m.gguf", gguf("{{ x.__class__ }}" + "y" * 100)[:-50]) == ["high"]
    assert found(tmp_path / "m.gguf", gguf("")[:-6]) == []
