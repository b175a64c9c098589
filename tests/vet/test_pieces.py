"""sentencepiece models, written by hand as the library writes them, and broken in each place."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from helpers.checkpoints import make, rules, vetted
from helpers.hostile import model, piece


def judged(tmp_path: Path, data: bytes) -> set[str]:
    folder = make(tmp_path / "m")
    (folder / "tokenizer.model").write_bytes(data)
    return rules(vetted(folder))


def test_a_model_passes(tmp_path: Path) -> None:
    data = model(piece("<unk>", 0.0, 2), piece("▁größe", -3.5), b"\x12\x02\x18\x01", b"\x1a\x04\x0a\x02nm")
    assert judged(tmp_path, data) == set()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x12\x02\x18\x01",
        model(piece("a", 0.0))[:-1],
        model(piece("a", 0.0)) + b"\x00",
        model(piece("a", 0.0)) + b"\x0a\xff\xff\xff\xff\x0f",
        model(piece("a", 0.0)) + b"\x32\x01x",
        model(piece("a", 0.0)) + b"\x08\x01",
        model(piece("a", 0.0)) + b"\x0f",
        model(piece("a", 0.0)) + b"\x80" * 11,
        model(piece("a", float("nan"))),
        model(b"\x15" + struct.pack("<f", 1.0)),
        model(b"\x0a\x01\xff"),
        model(b"\x0a\x01a\x22\x01b"),
        model(b"\x0a\xa0\x9c\x01" + b"x" * 20_000),
    ],
    ids=range(14),
)
def test_anything_else_is_refused(data: bytes, tmp_path: Path) -> None:
    assert judged(tmp_path, data) == {"tokenizer.pieces"}
