"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from sanitizer.vet.legacy.trace import trace

Content = Literal["executable", "pickle", "archive", "page", "pointer", "other"]

HEAD = 4096
"""Bytes that suffice to tell."""

_EXECUTABLES = (
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\x00asm",
)
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a")
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
NUMPY = b"\x93NUMPY"
_OBJECTS = re.compile(rb"\x93NUMPY.{2,6}\{'descr': '\|?O", re.DOTALL)
"""An array of Python objects, which is a pickle behind a header."""
_POINTER = b"version https://git-lfs.github.com/spec/"
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|\?xml)", re.IGNORECASE)


def sniff(head: bytes) -> Content:
    """Tell content by its first `HEAD` bytes. `other` means that none of the known kinds was recognised, no more."""
    if head.startswith(_EXECUTABLES) or (head.startswith(b"MZ") and b"\0" in head):
        return "executable"
    if re.match(rb"\x80[\x02-\x05]", head) or _OBJECTS.match(head) or trace(head).is_pickle:
        return "pickle"
    if head.startswith((*_ARCHIVES, _ZSTANDARD)) or head[257:262] == b"ustar":
        return "archive"
    if head.startswith(_POINTER):
        return "pointer"
    return "page" if _PAGE.match(head) else "other"


def sniff_file(path: Path) -> Content:
    """`sniff` the beginning of a file."""
    with path.open("rb") as stream:
        return sniff(stream.read(HEAD))
