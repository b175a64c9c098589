"""Pickles and zip archives put together by hand, as torch.save writes them or with a lie of one's choice."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

# Pickle, piece by piece. Every piece leaves one value on the stack.
MARK, REDUCE, BUILD, STOP = b"(", b"R", b"b", b"."
ORDERED_DICT = b"ccollections\nOrderedDict\n)R"
TRUE, FALSE, NONE = b"\x88", b"\x89", b"N"


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def text(word: str) -> bytes:
    raw = word.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(value: int) -> bytes:
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(9, "little", signed=True)
    return b"\x8a\x09" + raw


def tuple_of(*pieces: bytes) -> bytes:
    return MARK + b"".join(pieces) + b"t"


def numbers(values: Sequence[int]) -> bytes:
    return tuple_of(*map(number, values))


def storage(kind: str = "FloatStorage", key: str = "0", count: int = 2, device: str = "cpu") -> bytes:
    module = "torch.storage" if kind == "UntypedStorage" else "torch"
    return tuple_of(text("storage"), named(module, kind), text(key), text(device), number(count)) + b"Q"


def tensor(
    of: bytes = b"",
    start: int = 0,
    shape: Sequence[int] = (2,),
    strides: Sequence[int] = (1,),
    *,
    tail: bytes = FALSE + ORDERED_DICT,
    function: str = "_rebuild_tensor_v2",
) -> bytes:
    arguments = tuple_of(of or storage(), number(start), numbers(shape), numbers(strides), tail)
    return named("torch._utils", function) + arguments + REDUCE


def dict_of(**entries: bytes) -> bytes:
    return b"}" + MARK + b"".join(text(name) + piece for name, piece in entries.items()) + b"u"


def pickled(piece: bytes, protocol: int = 2) -> bytes:
    return b"\x80" + bytes([protocol]) + piece + STOP


CALLS_SYSTEM = named("os", "system") + tuple_of(text("id")) + REDUCE


@dataclass(frozen=True)
class Part:
    """One member, as torch writes it. What is not None is written instead of the truth."""

    name: str | bytes
    data: bytes = b""
    folder: str = "model/"
    flags: int = 0x808
    method: int = 0
    crc: int | None = None
    size: int | None = None
    packed: int | None = None
    header: int | None = None
    local_name: bytes | None = None
    local_flags: int | None = None
    local_sizes: tuple[int, int, int] | None = None
    stamp: bytes = bytes(4)
    local_stamp: bytes | None = None
    extra: bytes = b"FB\x02\x00ZZ"
    central_extra: bytes = b""
    comment: bytes = b""
    disk: int = 0
    attributes: tuple[int, int, int] = (0, 0, 0)
    descriptor: bytes | None = None
    before: bytes = b""

    @property
    def path(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else (self.folder + self.name).encode()

    @property
    def true_crc(self) -> int:
        return zlib.crc32(self.data) if self.crc is None else self.crc


def archive(
    parts: Sequence[Part],
    *,
    after: bytes = b"",
    before_directory: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    large: bool = True,
    large_begin: int | None = None,
    begin: int | None = None,
    length: int | None = None,
    disk: int = 0,
) -> bytes:
    """The file. `large` adds the 64-bit end that torch always writes."""
    body, directory = b"", b""
    for part in parts:
        body += part.before
        header = len(body) if part.header is None else part.header
        described = bool((part.flags if part.local_flags is None else part.local_flags) & 8)
        size = len(part.data) if part.size is None else part.size
        packed = size if part.packed is None else part.packed
        sizes = part.local_sizes or ((0, 0, 0) if described else (part.true_crc, packed, size))
        flags = part.flags if part.local_flags is None else part.local_flags
        stamp = part.stamp if part.local_stamp is None else part.local_stamp
        name = part.path if part.local_name is None else part.local_name
        body += struct.pack(
            "<4sHHH4sIIIHH", b"PK\3\4", 0, flags, part.method, stamp, *sizes, len(name), len(part.extra)
        )
        body += name + part.extra + part.data
        if part.descriptor is not None:
            body += part.descriptor
        elif described:
            body += struct.pack("<4sIII", b"PK\7\x08", part.true_crc, packed, size)
        directory += struct.pack(
            "<4sHHHH4sIIIHHHHHHHI", b"PK\1\2", 0, 0, part.flags, part.method, part.stamp, part.true_crc, packed, size,
            len(part.path), len(part.central_extra), len(part.comment), part.disk, *part.attributes, header,
        ) + part.path + part.central_extra + part.comment  # fmt: skip
    body += before_directory
    at = len(body) if begin is None else begin
    many, long = len(parts) if count is None else count, len(directory) if length is None else length
    end = body + directory
    if large:
        record = len(end) if large_begin is None else large_begin
        end += struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 0, 0, 0, 0, many, many, long, at)
        end += struct.pack("<4sIQI", b"PK\6\7", 0, record, 1)
    return end + struct.pack("<4sHHHHIIH", b"PK\5\6", disk, disk, many, many, long, at, len(comment)) + comment + after


def parts(pickle: bytes, storages: Mapping[str, bytes]) -> list[Part]:
    """The members of a file of torch 2, in its order."""
    return [
        Part("data.pkl", pickle),
        Part(".format_version", b"1"),
        Part(".storage_alignment", b"64"),
        Part("byteorder", b"little"),
        *(Part(f"data/{key}", data) for key, data in storages.items()),
        Part("version", b"3\n"),
        Part(".data/serialization_id", b"0849488847965048735001968089867942165604"),
    ]


def bin_file(piece: bytes | None = None, storages: Mapping[str, bytes] | None = None, protocol: int = 2) -> bytes:
    """A `.bin` whose pickle holds one piece: by default a dict of one tensor of two numbers."""
    pickle = pickled(dict_of(a=tensor()) if piece is None else piece, protocol)
    return archive(parts(pickle, {"0": bytes(range(8))} if storages is None else storages))


def lying(which: str, **lies: object) -> bytes:
    """The good file with one member (by name) that lies."""
    good = parts(pickled(dict_of(a=tensor())), {"0": bytes(range(8))})
    return archive([replace(part, **lies) if part.name == which else part for part in good])  # type: ignore[arg-type]
