"""A strict reader of the zip archives that torch.save writes: what it accepts has one meaning for every reader.

Members are stored, not packed; they lie one after the other from the first byte of the file to the directory, and the
directory ends with the file. What a header says in two places is the same in both. Only names that torch writes exist.
Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, pytorch/caffe2/serialize/inline_container.cc
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO, NoReturn

from sanitizer.checkpoint import CHUNK
from sanitizer.errors import CorruptError
from sanitizer.vet.rules import Rule, shown

MAGIC = b"PK\x03\x04"
MOST_DIRECTORY = 16 << 20
"""Bytes: about a hundred thousand members."""
LONGEST_NAME = 512

_ASK = "ask the author for safetensors, or for the file as torch.save wrote it"
LAYOUT = Rule(
    "archive.layout",
    "high",
    "not a zip archive as torch.save lays it out",
    _ASK,
    why="Where zip readers disagree on what an archive holds, what is checked is not what is loaded.",
    sources=("https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT",),
)
PACKED = Rule(
    "archive.packed",
    "high",
    "a member of the archive is compressed or encrypted",
    _ASK,
    why="A few packed bytes unpack to any size; torch stores its members as they are.",
    sources=("https://cwe.mitre.org/data/definitions/409.html",),
)
MEMBERS = Rule(
    "archive.members",
    "high",
    "the archive holds other members than a state dict needs, or one of them twice",
    _ASK,
    why="TorchScript archives hold code; members that nobody refers to, or two of one name, hide what they hold.",
)

_WANTED = ("data.pkl", "version")
_SMALL: Mapping[str, re.Pattern[bytes]] = MappingProxyType(
    {
        "version": re.compile(rb"[0-9]{1,4}\n?"),
        "byteorder": re.compile(rb"little|big"),
        ".format_version": re.compile(rb"[0-9]{1,4}"),
        ".storage_alignment": re.compile(rb"[0-9]{1,9}"),
        ".data/serialization_id": re.compile(rb"[0-9]{1,64}"),
    }
)
_STORAGE = re.compile(r"data/[0-9]{1,20}")
_UTF8, _DESCRIBED = 0x800, 0x8
_WORD, _HALF = 0xFFFFFFFF, 0xFFFF
_PADDING = 0x4246  # "FB"
_ZIP64 = 1
# A directory by its DOS attribute is one that torch "reads" without reading: its buffer keeps what the memory held.
_FILE_TYPE, _REGULAR = 0o170000, 0o100000


@dataclass(frozen=True, slots=True)
class Member:
    """`size` bytes of the file from byte `begin` on, with their CRC-32."""

    begin: int
    size: int
    crc: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of the directory: `header` is where its local header begins."""

    name: bytes
    version: int
    flags: int
    stamp: bytes
    crc: int
    size: int
    header: int


def read_archive(stream: BinaryIO, size: int, file: str) -> Mapping[str, Member]:
    """The members of an archive of `size` bytes by name, without the folder in which torch puts them all.

    Contents are not read, but for the members that say how to read the others. Raises CorruptError for a file that
    is cut off, RefusedError for every other departure from what torch writes.
    """
    directory, end, count = _directory(stream, size, file)
    entries = sorted(_entries(directory, count, file), key=lambda entry: entry.header)
    ends = [*(entry.header for entry in entries[1:]), end]
    members: dict[str, Member] = {}
    folder = ""
    reached = 0
    for entry, following in zip(entries, ends[: len(entries)], strict=True):
        if entry.header != reached:
            raise LAYOUT.refuse(file, f"{reached - entry.header:+} bytes between two members")
        path = _path(entry, file)
        within, _, name = path.partition("/")
        folder = folder or within
        if not within or within != folder or name in members:
            raise MEMBERS.refuse(file, path)
        if name not in _SMALL and name not in _WANTED and not _STORAGE.fullmatch(name):
            raise MEMBERS.refuse(file, path)
        members[name] = _member(stream, entry, following, file)
        reached = following
    missing = [name for name in _WANTED if name not in members]
    if missing:
        raise MEMBERS.refuse(file, f"there is no {missing[0]}")
    for name in (name for name in _SMALL if name in members):
        if not _SMALL[name].fullmatch(read_member(stream, members[name], 80, file)):
            raise MEMBERS.refuse(file, f"{name} does not hold what torch writes into it")
    return MappingProxyType(members)


def read_member(stream: BinaryIO, member: Member, most: int, file: str) -> bytes:
    """The bytes of one member, which may have no more than `most`."""
    if member.size > most:
        raise LAYOUT.refuse(file, f"a member of {member.size} bytes where at most {most} are needed")
    return _read(stream, member.begin, member.size, file)


def check_sums(stream: BinaryIO, members: Mapping[str, Member], file: str) -> None:
    """Read every member. Raises CorruptError if one has another CRC-32 than the archive says.

    torch can be told to write none (torch.serialization.set_crc32_options), and then all of them are zero.
    """
    if not any(member.crc for member in members.values()):
        return
    for name, member in members.items():
        if _crc(stream, member, file) != member.crc:
            raise CorruptError(
                f"{shown(file)} is damaged: {name} in it has another checksum than was written",
                hint="download it again, or ask the author",
            )


def _crc(stream: BinaryIO, member: Member, file: str) -> int:
    stream.seek(member.begin)
    found, left = 0, member.size
    while left:
        block = stream.read(min(CHUNK, left))
        if not block:
            raise _cut_off(file)
        found = zlib.crc32(block, found)
        left -= len(block)
    return found


def _directory(stream: BinaryIO, size: int, file: str) -> tuple[bytes, int, int]:
    """The bytes of the directory, where they begin, and the number of entries."""
    if size < 22:
        raise _cut_off(file)
    tail = _read(stream, max(0, size - 98), min(98, size), file)
    last = tail[-22:]
    if last[:4] != b"PK\x05\x06":
        near = _read(stream, max(0, size - (1 << 16) - 22), min(size, (1 << 16) + 22), file)
        if 0 <= near.find(b"PK\x05\x06") <= len(near) - 22:
            raise LAYOUT.refuse(file, "bytes after its end")
        raise _cut_off(file)
    disk, start_disk, here, count, length, begin, comment = struct.unpack("<4xHHHHIIH", last)
    end = size - 22
    if disk or start_disk or here != count or comment:
        raise LAYOUT.refuse(file, "several disks, or a comment")
    if tail[-42:-38] == b"PK\x06\x07":
        short = (min(count, _HALF), length, begin)
        end = size - 98
        count, length, begin = _large(tail, end, file)
        if short != (min(count, _HALF), min(length, _WORD), min(begin, _WORD)):
            raise LAYOUT.refuse(file, "its two ends disagree")
    if end < 0 or begin + length != end:
        raise LAYOUT.refuse(file, "the directory is not where it should be")
    if length > MOST_DIRECTORY:
        raise LAYOUT.refuse(file, f"a directory of {length} bytes")
    return _read(stream, begin, length, file), begin, count


def _large(tail: bytes, begin: int, file: str) -> tuple[int, int, int]:
    """What the 64-bit end says: number of entries, length and begin of the directory."""
    record, locator = tail[-98:-42], tail[-42:-22]
    if len(record) < 56 or struct.unpack("<4xIQI", locator) != (0, begin, 1):
        raise LAYOUT.refuse(file, "the 64-bit end is not where it should be")
    sign, rest, disk, start_disk, here, count, length, start = struct.unpack("<4sQ4xIIQQQQ", record)
    if sign != b"PK\x06\x06" or rest != 44 or disk or start_disk or here != count:
        raise LAYOUT.refuse(file, "the 64-bit end is not valid")
    return count, length, start


def _entries(directory: bytes, count: int, file: str) -> Iterator[_Entry]:
    at = 0
    for _ in range(count):
        if directory[at : at + 4] != b"PK\x01\x02" or len(directory) - at < 46:
            raise LAYOUT.refuse(file, "the directory holds fewer entries than it says")
        version, flags, method, stamp, crc, packed, size, named, extra, comment, disk, *kind, header = (
            struct.unpack_from("<6xHHH4sIIIHHHHHHHI", directory, at)
        )
        at += 46
        name, more = directory[at : at + named], directory[at + named : at + named + extra]
        at += named + extra
        if at > len(directory):
            raise LAYOUT.refuse(file, "an entry reaches out of the directory")
        if method or flags & ~(_UTF8 | _DESCRIBED):
            raise PACKED.refuse(file, shown(name.decode("utf-8", "replace")))
        if packed != size or comment or disk:
            raise LAYOUT.refuse(file, "an entry with a comment, another disk or two sizes")
        if kind[:2] != [0, 0] or kind[2] & _FILE_TYPE not in (0, _REGULAR):
            raise LAYOUT.refuse(file, "an entry that is no file by its attributes")
        fields = _extra(more, file)
        if fields.keys() - {_ZIP64}:
            raise LAYOUT.refuse(file, "an entry with fields that torch does not write")
        numbers = list(struct.unpack(f"<{len(fields.get(_ZIP64, b'')) // 8}Q", fields.get(_ZIP64, b"")))
        if len(numbers) != 2 * (size == _WORD) + (header == _WORD):
            raise LAYOUT.refuse(file, "an entry whose 64-bit field does not fit")
        if size == _WORD:
            size, again = numbers.pop(0), numbers.pop(0)
            if size != again:
                raise LAYOUT.refuse(file, "an entry with two sizes")
        if header == _WORD:
            header = numbers.pop()
        yield _Entry(name, version, flags, stamp, crc, size, header)
    if at != len(directory):
        raise LAYOUT.refuse(file, "the directory holds more than its entries")


def _path(entry: _Entry, file: str) -> str:
    try:
        path = entry.name.decode("utf-8" if entry.flags & _UTF8 else "ascii")
    except UnicodeDecodeError as error:
        raise MEMBERS.refuse(file, ascii(entry.name)) from error
    if not path.isprintable() or len(path) > LONGEST_NAME:
        raise MEMBERS.refuse(file, ascii(path))
    return path


def _member(stream: BinaryIO, entry: _Entry, following: int, file: str) -> Member:
    """Where the bytes of an entry lie, if its local header, and what stands behind the bytes, say what it says."""

    def differs(what: str) -> NoReturn:
        raise LAYOUT.refuse(
            file, f"{what} of {shown(entry.name.decode('utf-8', 'replace'))} differs from the directory"
        )

    fixed = _read(stream, entry.header, 30, file)
    sign, version, flags, method, stamp, crc, packed, size, named, extra = struct.unpack("<4sHHH4sIIIHH", fixed)
    if (sign, version, flags, method, stamp) != (MAGIC, entry.version, entry.flags, 0, entry.stamp):
        differs("the header")
    rest = _read(stream, entry.header + 30, named + extra, file)
    if rest[:named] != entry.name:
        differs("the name")
    begin = entry.header + 30 + named + extra
    fields = _extra(rest[named:], file)
    padding = fields.pop(_PADDING, b"")
    if padding.strip(b"Z") and padding.strip(b"\0"):
        raise LAYOUT.refuse(file, "padding that is none")
    large = fields.pop(_ZIP64, None)
    sizes, place = struct.pack("<QQ", entry.size, entry.size), struct.pack("<Q", entry.header)
    if fields or large not in (None, sizes, place, sizes + place):
        differs("a field")
    short = _WORD if large is not None and (packed, size) == (_WORD, _WORD) else entry.size
    told = (entry.crc, short, short)
    if (crc, packed, size) != told and not (flags & _DESCRIBED and (crc, packed, size) == (0, 0, 0)):
        differs("the size or checksum")
    after = _descriptor(stream, entry, begin + entry.size, following, file) if flags & _DESCRIBED else 0
    if begin + entry.size + after != following or (flags & _DESCRIBED and entry.size and not after):
        differs("the length")
    return Member(begin, entry.size, entry.crc)


def _descriptor(stream: BinaryIO, entry: _Entry, begin: int, following: int, file: str) -> int:
    """The length of what torch writes behind the bytes of a member, if it is that; 0 if it is something else."""
    length = following - begin
    if length not in (16, 24):
        return 0
    layout = "<4sIII" if length == 16 else "<4sIQQ"
    told = struct.unpack(layout, _read(stream, begin, length, file))
    return length if told == (b"PK\x07\x08", entry.crc, entry.size, entry.size) else 0


def _extra(data: bytes, file: str) -> dict[int, bytes]:
    """The extra fields by their number. Raises RefusedError if they do not fill the space, or one comes twice."""
    fields: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        number, length = struct.unpack_from("<HH", data, at) if len(data) - at >= 4 else (0, len(data))
        at += 4 + length
        if at > len(data) or number in fields:
            raise LAYOUT.refuse(file, "extra fields that cannot be")
        fields[number] = data[at - length : at]
    if len(fields.get(_ZIP64, b"")) % 8:
        raise LAYOUT.refuse(file, "extra fields that cannot be")
    return fields


def _read(stream: BinaryIO, begin: int, length: int, file: str) -> bytes:
    stream.seek(begin)
    data = stream.read(length)
    if len(data) < length:
        raise _cut_off(file)
    return data


def _cut_off(file: str) -> CorruptError:
    return CorruptError(f"{shown(file)} is truncated", hint="download it again, or ask the author")
