"""Content by its first bytes; the truth is what the standard library's own writers produce."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from sanitizer.vet.magic import HEAD, sniff, sniff_file


def zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("data.pkl", b"x")
    return sink.getvalue()


def tarred() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return sink.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_every_protocol_that_name_a_function(protocol: int) -> None:
    assert sniff(pickle.dumps(print, protocol)) == "pickle"


def test_a_pickle_written_by_hand() -> None:
    assert sniff(b"cos\nsystem\n(S'id'\ntR.") == "pickle"


@pytest.mark.parametrize("data", [zipped(), tarred(), gzip.compress(b"x"), bz2.compress(b"x"), lzma.compress(b"x")])
def test_archives(data: bytes) -> None:
    assert sniff(data) == "archive"


def test_the_interpreter_is_an_executable() -> None:
    assert sniff_file(Path(sys.executable).resolve()) == "executable"


def test_windows_and_web_programs() -> None:
    assert sniff(b"MZ\x90\x00\x03\x00\x00\x00") == "executable"
    assert sniff(b"\x00asm\x01\x00\x00\x00") == "executable"
    assert sniff(b"MZ is how Mark Zbikowski signed") == "other"


def test_pages_and_pointers() -> None:
    assert sniff(b"\n <!DOCTYPE HTML><html>") == "page"
    assert sniff(b"version https://git-lfs.github.com/spec/v1\n") == "pointer"
    assert sniff(b"version of the day") == "other"


@pytest.mark.parametrize("data", [b"", b"{}", b"# card", "größe".encode(), struct.pack("<Q", 200) + b"{}"])
def test_ordinary_content_is_not_taken_for_another(data: bytes) -> None:
    assert sniff(data[:HEAD]) == "other"
