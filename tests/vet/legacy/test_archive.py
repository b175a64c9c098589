"""The zip reader: what it accepts, zipfile and torch's own reader see alike; every lie is refused."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.bins import Part, archive, bin_file, dict_of, lying, parts, pickled, tensor
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sanitizer.errors import CorruptError, IncompleteError, RefusedError
from sanitizer.vet.legacy.archive import Member, check_sums, read_archive, read_member

GOOD = bin_file()
PICKLE = pickled(dict_of(a=tensor()))
PARTS = parts(PICKLE, {"0": bytes(range(8))})


def members(data: bytes) -> dict[str, Member]:
    stream = io.BytesIO(data)
    found = read_archive(stream, len(data), "f.bin")
    check_sums(stream, found, "f.bin")
    return dict(found)


def contents(data: bytes) -> dict[str, bytes]:
    return {name: data[member.begin : member.begin + member.size] for name, member in members(data).items()}


def refused(data: bytes) -> str:
    with pytest.raises((RefusedError, CorruptError)) as caught:
        members(data)
    return caught.value.findings[0].rule if isinstance(caught.value, RefusedError) else "corrupt"


def by_zipfile(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert not opened.comment
        return {info.filename.partition("/")[2]: opened.read(info) for info in opened.infolist()}


def by_torch(data: bytes) -> dict[str, bytes]:
    reader: Any = torch._C.PyTorchFileReader(io.BytesIO(data))
    return {name: reader.get_record(name) for name in reader.get_all_records()}


def saved(path: Path, what: Any = None) -> bytes:
    torch.save({"a": torch.arange(6.0), "b": torch.empty(0), "c": torch.ones(3)} if what is None else what, path)
    return path.read_bytes()


def test_what_torch_writes_today(tmp_path: Path) -> None:
    for name in ("pytorch_model.bin", "a.b.c.bin", "größe.bin", "with space.bin"):
        data = saved(tmp_path / name)
        assert contents(data) == by_zipfile(data) == by_torch(data)
    buffer = io.BytesIO()
    torch.save({}, buffer)
    assert contents(buffer.getvalue()) == by_torch(buffer.getvalue())


def test_what_torch_writes_with_other_settings(tmp_path: Path) -> None:
    """Without checksums, and aligned to pages; both are options of torch.serialization."""
    torch.serialization.set_crc32_options(False)
    try:
        data = saved(tmp_path / "m.bin")
    finally:
        torch.serialization.set_crc32_options(True)
    assert all(member.crc == 0 for member in members(data).values())
    assert contents(data) == by_torch(data)
    before = torch.utils.serialization.config.save.storage_alignment
    torch.utils.serialization.config.save.storage_alignment = 4096
    try:
        data = saved(tmp_path / "m.bin")
    finally:
        torch.utils.serialization.config.save.storage_alignment = before
    assert contents(data) == by_zipfile(data) == by_torch(data)
    assert all(member.begin % 4096 == 0 for member in members(data).values())


def test_what_older_torch_wrote() -> None:
    """1.6 to 2.0: version first or last, no byteorder, no id, storages called by their address."""
    for older in (
        [Part("version", b"2\n"), Part("data.pkl", PICKLE), Part("data/94370112812480", bytes(8))],
        [Part("data.pkl", PICKLE), Part("data/0", bytes(8)), Part("version", b"3\n")],
        [Part("data.pkl", PICKLE), Part("byteorder", b"little"), Part("data/0", bytes(8)), Part("version", b"3\n")],
    ):
        data = archive(older)
        assert contents(data) == by_zipfile(data) == by_torch(data)


def test_what_zipfile_writes() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for part in PARTS:
            opened.writestr("m/" + str(part.name), part.data)
    data = buffer.getvalue()
    assert contents(data) == by_zipfile(data) == by_torch(data)


def test_members_beyond_four_gigabytes(tmp_path: Path) -> None:
    """The sizes and places that need 64 bits, as torch writes them, in a file that is mostly a hole."""
    length = 1 << 32
    sizes, at = struct.pack("<HHQQ", 1, 16, length, length), 0
    pickle = archive([Part("data.pkl", PICKLE)], large=False)[:-22]
    pickle = pickle[: pickle.index(b"PK\1\2")]
    at = len(pickle)
    local = struct.pack("<4sHHHIIIIHH", b"PK\3\4", 0, 0x808, 0, 0, 0, 0, 0, len("model/data/0"), len(sizes))
    local += b"model/data/0" + sizes
    described = struct.pack("<4sIQQ", b"PK\7\x08", 0, length, length)
    after = at + len(local) + length + len(described)
    place = struct.pack("<HHQ", 1, 8, after)
    version = struct.pack("<4sHHHIIIIHH", b"PK\3\4", 0, 0x808, 0, 0, 0, 0, 0, len("model/version"), len(place))
    version += b"model/version" + place + b"3\n" + struct.pack("<4sIQQ", b"PK\7\x08", 0, 2, 2)

    def entry(name: bytes, size: int, header: int, extra: bytes) -> bytes:
        fixed = struct.pack(
            "<4sHHHHIIIIHHHHHII", b"PK\1\2", 0, 0, 0x808, 0, 0, 0, size, size, len(name), len(extra), 0, 0, 0, 0, header
        )
        return fixed + name + extra

    directory = entry(b"model/data.pkl", len(PICKLE), 0, b"")
    directory += entry(b"model/data/0", 0xFFFFFFFF, at, sizes)
    directory += entry(b"model/version", 2, 0xFFFFFFFF, place)
    begin = after + len(version)
    end = begin + len(directory)
    tail = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 0, 0, 0, 0, 3, 3, len(directory), begin)
    tail += struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    tail += struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 3, 3, len(directory), 0xFFFFFFFF, 0)
    # Without checksums: nobody needs to read four gigabytes of nothing.
    pickle = pickle.replace(struct.pack("<4sI", b"PK\7\x08", zlib.crc32(PICKLE)), b"PK\7\x08" + bytes(4))
    path = tmp_path / "m.bin"
    with path.open("wb") as sink:
        sink.write(pickle + local)
        sink.seek(after - len(described))
        sink.write(described + version + directory + tail)
    with path.open("rb") as stream:
        found = read_archive(stream, path.stat().st_size, "m.bin")
    assert found["data/0"] == Member(at + len(local), length, 0)
    reader: Any = torch._C.PyTorchFileReader(str(path))
    assert {name: reader.get_record_offset(name) for name in found} == {n: m.begin for n, m in found.items()}
    with zipfile.ZipFile(path) as opened:
        assert {i.filename[6:]: i.file_size for i in opened.infolist()} == {n: m.size for n, m in found.items()}


def test_read_and_check() -> None:
    found = members(GOOD)
    stream = io.BytesIO(GOOD)
    assert read_member(stream, found["version"], 2, "f.bin") == b"3\n"
    with pytest.raises(RefusedError):
        read_member(stream, found["version"], 1, "f.bin")
    assert list(found) == [str(part.name) for part in PARTS]


@settings(max_examples=300)
@given(st.data())
def test_what_of_spoilt_archives_is_accepted_others_read_alike(data: st.DataObject) -> None:
    spoilt = bytearray(GOOD)
    special = [i for i in range(len(spoilt)) if spoilt[i : i + 2] == b"PK"]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(spoilt) - 1) | st.sampled_from(special).flatmap(
            lambda at: st.integers(at, at + 45)
        )) % len(spoilt)  # fmt: skip
        match data.draw(st.sampled_from(["change", "insert", "delete", "copy"])):
            case "change":
                spoilt[place] = data.draw(st.sampled_from([0, 1, 2, 8, 0x80, 0xFF, ord("P"), spoilt[place] ^ 1]))
            case "insert":
                spoilt[place:place] = data.draw(st.binary(min_size=1, max_size=30))
            case "delete":
                del spoilt[place : place + data.draw(st.integers(1, 30))]
            case "copy":
                other = data.draw(st.integers(0, len(spoilt) - 1))
                spoilt[place : place + 30] = spoilt[other : other + 30]
    try:
        ours = contents(bytes(spoilt))
    except (RefusedError, CorruptError):
        return
    assert ours == by_zipfile(bytes(spoilt)) == by_torch(bytes(spoilt)) == contents(GOOD)


def test_every_byte_that_may_be_another_is_another_for_nobody() -> None:
    """One byte at a time, in five ways: where it makes no difference here, it makes none for zipfile and torch."""
    good, passed = contents(GOOD), set()
    for place, byte in enumerate(GOOD):
        for other in {0, 0xFF, byte ^ 1, byte ^ 0x10, byte ^ 0x80} - {byte}:
            spoilt = GOOD[:place] + bytes([other]) + GOOD[place + 1 :]
            try:
                ours = contents(spoilt)
            except (RefusedError, CorruptError):
                continue
            passed.add(place)
            assert ours == good == by_zipfile(spoilt) == by_torch(spoilt), (place, other)
    assert 0 < len(passed) < len(GOOD) // 20, "who wrote it, and the rights of a file"


@given(st.binary(min_size=1, max_size=200))
@example(GOOD)
@example(b"PK\5\6" + bytes(18))
@example(GOOD[-22:])
def test_nothing_stands_before_or_after_or_between(junk: bytes) -> None:
    assert refused(junk + GOOD) in ("archive.layout", "corrupt", "archive.members")
    assert refused(GOOD + junk) in ("archive.layout", "corrupt", "archive.members")
    assert refused(lying("version", before=junk)) == "archive.layout"
    assert refused(archive(PARTS, before_directory=junk)) == "archive.layout"
    assert refused(archive(PARTS, comment=junk)) == "archive.layout"


@pytest.mark.parametrize("large", [True, False])
def test_cut_off_is_corrupt_not_refused(large: bool) -> None:
    whole = archive(PARTS, large=large)
    for kept in (0, 4, 30, 200, len(whole) - 100, len(whole) - 22, len(whole) - 1):
        with pytest.raises(IncompleteError, match=r"f\.bin is truncated"):
            members(whole[:kept])


def test_a_file_that_shrinks_while_it_is_read_is_corrupt() -> None:
    with pytest.raises(CorruptError, match="truncated"):
        read_archive(io.BytesIO(GOOD[:100] + GOOD[300:]), len(GOOD), "f.bin")
    found = members(GOOD)
    with pytest.raises(CorruptError, match="truncated"):
        check_sums(io.BytesIO(GOOD[:40]), found, "f.bin")


def test_a_wrong_checksum_is_corrupt() -> None:
    at = members(GOOD)["data/0"].begin
    spoilt = GOOD[:at] + b"\xff" + GOOD[at + 1 :]
    with pytest.raises(CorruptError, match=r"f\.bin is damaged: data/0"):
        members(spoilt)
    assert refused(lying("data/0", crc=0)) == "corrupt", "one zero among others is no option of torch"


EXTRA = struct.pack("<HHQQ", 1, 16, 8, 8)
LIES: dict[str, tuple[bytes, str]] = {
    "deflated": (lying("data/0", method=8), "archive.packed"),
    "bzip2": (lying("data.pkl", method=12), "archive.packed"),
    "encrypted": (lying("data/0", flags=0x809), "archive.packed"),
    "strongly encrypted": (lying("data/0", flags=0x848), "archive.packed"),
    "masked headers": (lying("data/0", flags=0x2808), "archive.packed"),
    "patched": (lying("data/0", flags=0x828), "archive.packed"),
    "local encrypted": (lying("data/0", local_flags=0x809), "archive.layout"),
    "two sizes": (lying("data/0", packed=4), "archive.layout"),
    "size too large": (lying("data/0", size=9), "archive.layout"),
    "size too small": (lying("data/0", size=7), "archive.layout"),
    "local name": (lying("data/0", local_name=b"model/data/1"), "archive.layout"),
    "local name of another length": (lying("data/0", local_name=b"model/data/00"), "archive.layout"),
    "local time": (lying("data/0", local_stamp=b"\1\0\0\0"), "archive.layout"),
    "local version": (GOOD.replace(b"PK\1\2\0\0\0\0", b"PK\1\2\0\0\x14\0"), "archive.layout"),
    "local size": (lying("data/0", local_sizes=(0, 8, 9)), "archive.layout"),
    "local checksum": (lying("data/0", flags=0x800, local_sizes=(1, 8, 8)), "archive.layout"),
    "local size without descriptor": (lying("data/0", flags=0x800, local_sizes=(0, 0, 0)), "archive.layout"),
    "no descriptor": (lying("data/0", descriptor=b""), "archive.layout"),
    "descriptor lies": (lying("data/0", descriptor=struct.pack("<4sIII", b"PK\7\x08", 0, 8, 8)), "archive.layout"),
    "descriptor without sign": (lying("data/0", descriptor=bytes(12)), "archive.layout"),
    "long descriptor lies": (lying("data/0", descriptor=struct.pack("<4sIQQ", b"PK\7\x08", 0, 8, 8)), "archive.layout"),
    "wrong place": (lying("data/0", header=0), "archive.layout"),
    "place beyond": (lying("data/0", header=1 << 31), "archive.layout"),
    "other disk": (lying("data/0", disk=1), "archive.layout"),
    "directory of DOS": (lying("data/0", attributes=(0, 0x10, 0)), "archive.layout"),
    "read-only of DOS": (lying("data/0", attributes=(0, 0x01, 0)), "archive.layout"),
    "text": (lying("data/0", attributes=(1, 0, 0)), "archive.layout"),
    "directory of Unix": (lying("data/0", attributes=(0, 0, 0o040755)), "archive.layout"),
    "link": (lying("data/0", attributes=(0, 0, 0o120777)), "archive.layout"),
    "device": (lying("data/0", attributes=(0, 0, 0o060600)), "archive.layout"),
    "comment of a member": (lying("data/0", comment=b"x"), "archive.layout"),
    "64-bit field that is not needed": (lying("data/0", central_extra=EXTRA), "archive.layout"),
    "64-bit field that lies": (lying("data/0", extra=struct.pack("<HHQQ", 1, 16, 9, 9)), "archive.layout"),
    "64-bit field too short": (lying("data/0", extra=struct.pack("<HHI", 1, 4, 8)), "archive.layout"),
    "64-bit field without need": (lying("data/0", size=0xFFFFFFFF), "archive.layout"),
    "field of a packer": (lying("data/0", extra=b"UT\x05\0\1\0\0\0\0"), "archive.layout"),
    "field of another name": (lying("data/0", extra=b"up\x01\0x", central_extra=b"up\x01\0x"), "archive.layout"),
    "padding that speaks": (lying("data/0", extra=b"FB\x02\0ZX"), "archive.layout"),
    "padding twice": (lying("data/0", extra=b"FB\x01\0ZFB\x01\0Z"), "archive.layout"),
    "padding too long": (lying("data/0", extra=b"FB\x09\0Z"), "archive.layout"),
    "padding cut": (lying("data/0", extra=b"FB"), "archive.layout"),
    "too many": (archive(PARTS, count=len(PARTS) + 1), "archive.layout"),
    "too few": (archive(PARTS, count=len(PARTS) - 1), "archive.layout"),
    "two disks": (archive(PARTS, disk=1), "archive.layout"),
    "directory elsewhere": (archive(PARTS, begin=0), "archive.layout"),
    "directory beyond": (archive(PARTS, begin=1 << 30), "archive.layout"),
    "long directory": (archive(PARTS, length=1 << 20), "archive.layout"),
    "64-bit end elsewhere": (archive(PARTS, large_begin=0), "archive.layout"),
    "none": (archive([]), "archive.members"),
    "no pickle": (archive([part for part in PARTS if part.name != "data.pkl"]), "archive.members"),
    "no version": (archive([part for part in PARTS if part.name != "version"]), "archive.members"),
    "two pickles": (archive([*PARTS, Part("data.pkl", PICKLE)]), "archive.members"),
    "two storages": (archive([*PARTS, Part("data/0", bytes(8))]), "archive.members"),
    "two pickles in two folders": (archive([*PARTS, Part("data.pkl", PICKLE, "other/")]), "archive.members"),
    "pickle of another case": (archive([*PARTS, Part("DATA.PKL", PICKLE)]), "archive.members"),
    "TorchScript": (archive([*PARTS, Part("constants.pkl", b"\x80\x02).")]), "archive.members"),
    "code": (archive([*PARTS, Part("code/__torch__.py", b"")]), "archive.members"),
    "version of TorchScript": (archive([*PARTS, Part(".data/version", b"3\n")]), "archive.members"),
    "folder": (archive([*PARTS, Part("data/")]), "archive.members"),
    "path": (archive([*PARTS, Part("data/../../x", b"")]), "archive.members"),
    "absolute": (archive([*PARTS, Part(b"/etc/passwd")]), "archive.members"),
    "no folder": (archive([Part(part.name, part.data, "") for part in PARTS]), "archive.members"),
    "backslash": (archive([*PARTS, Part("data\\0")]), "archive.members"),
    "nul": (archive([*PARTS, Part("data/1\0")]), "archive.members"),
    "other digits": (archive([*PARTS, Part("data/١")]), "archive.members"),
    "not utf-8": (archive([*PARTS, Part(b"model/data/\xff")]), "archive.members"),
    "umlaut without flag": (archive([Part(part.name, part.data, "ä/", flags=8) for part in PARTS]), "archive.members"),
    "hidden character": (archive([Part(part.name, part.data, "a\u202e/") for part in PARTS]), "archive.members"),
    "long name": (archive([Part(part.name, part.data, "a" * 600 + "/") for part in PARTS]), "archive.members"),
    "version with a message": (lying("version", data=b"3\nhello"), "archive.members"),
    "byteorder": (lying("byteorder", data=b"middle"), "archive.members"),
    "alignment": (lying(".storage_alignment", data=b"-1"), "archive.members"),
    "id": (lying(".data/serialization_id", data=b"x" * 40), "archive.members"),
    "id too long": (lying(".data/serialization_id", data=b"1" * 100), "archive.layout"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_lies(name: str) -> None:
    data, rule = LIES[name]
    assert refused(data) == rule


def test_the_truth_is_not_refused() -> None:
    """The same assembly without a lie, in every form that torch and zipfile have for it."""
    for truth in (
        GOOD,
        archive(PARTS, large=False),
        lying("data/0", extra=b""),
        lying("data/0", extra=b"FB\0\0"),
        lying("data/0", extra=b"FB\x02\0\0\0"),
        lying("data/0", flags=0x800),
        lying("data/0", flags=0),
        lying("data/0", descriptor=struct.pack("<4sIQQ", b"PK\7\x08", zlib.crc32(bytes(range(8))), 8, 8)),
        lying("data/0", extra=EXTRA),
        lying("data/0", stamp=b"\1\2\3\4"),
        lying("data/0", attributes=(0, 0, 0o100644)),
        lying("data/0", attributes=(0, 0, 0o600)),
        GOOD.replace(b"PK\1\2\0\0", b"PK\1\2\x1e\3"),
        archive([Part(part.name, part.data, "größe/") for part in PARTS]),
    ):
        assert contents(truth) == contents(GOOD) == by_zipfile(truth) == by_torch(truth)


def test_a_directory_of_many_megabytes_is_not_read() -> None:
    length = (16 << 20) + 1
    lie = archive(PARTS, length=length, begin=len(GOOD) - 98)
    hole = GOOD[: len(GOOD) - 98] + bytes(length) + lie[-98:]
    fixed = hole[:-98] + hole[-98:].replace(struct.pack("<QI", len(lie) - 98, 1), struct.pack("<QI", len(hole) - 98, 1))
    assert refused(fixed) == "archive.layout"
