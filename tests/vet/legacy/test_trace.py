"""Following any pickle: against pickletools for what instructions are, against the pickler for what it names."""

from __future__ import annotations

import collections
import os
import pickle
import pickletools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.vet.legacy.trace import HIDDEN, trace


class Calls:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.what = (function, arguments)

    def __reduce__(self) -> Any:
        return self.what


SYSTEM = f"{os.system.__module__}.system"
BYPASSES = {
    "INST": (b"(S'id'\nios\nsystem\n.", ["os.system"]),
    "OBJ": (b"(cos\nsystem\nS'id'\no.", ["os.system"]),
    "NEWOBJ_EX": (b"\x80\x04\x8c\x02os\x8c\x06system\x93)}\x92.", ["os.system"]),
    "names from the memo": (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940h\x00h\x01\x93)R.", ["os.system"]),
    "a name that is put together": (b"\x80\x04)\x8c\x06system\x93)R.", [HIDDEN]),
    "what fails after the call": (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R\xff", ["os.system"]),
    "without an end": (b"cos\nsystem\n(S'id'\ntR", ["os.system"]),
    "an import alone": (b"\x80\x02cantigravity\ngeohash\n.", ["antigravity.geohash"]),
    "values before it": (b"I0\n0F1.5\n0L1L\n0cos\nsystem\n(S'id'\ntR.", ["os.system"]),
    "an extension": (b"\x80\x02\x82\x01.", ["the extension registry"]),
    "values without an end": (b"\x80\x02" + b"I1\n0K\x010" * 1000, []),
}


@pytest.mark.parametrize("name", BYPASSES)
def test_bypasses(name: str) -> None:
    data, names = BYPASSES[name]
    found = trace(data)
    assert list(found.names) == names
    assert found.is_pickle


@pytest.mark.parametrize("protocol", range(6))
def test_what_the_pickler_writes_is_followed_to_its_end(protocol: int) -> None:
    value = [
        {"a": (1, 2.5, None, True, "ü", b"x" * 300, 1 << 90)},
        {3, 4},
        frozenset({5}),
        collections.OrderedDict(b=1),
    ]
    data = pickle.dumps([value, value, Calls(os.system, "id")], protocol)
    found = trace(data + b"junk")
    assert (found.ended, found.length) == (True, len(data))
    assert SYSTEM in found.names


@pytest.mark.parametrize(
    "data",
    [b"", b"cat\ndog\nbird\n", b"cat\ndog\nRabbit\n", b"Introduction\n", b"# title\n", b'{"a": 1}', b"N" * 5000,
     b"[PAD]\n[UNK]\n", b"import os\n", b"\x89PNG\r\n\x1a\n", b"(a) b\n", b"\x80\x04K\x01."],
)  # fmt: skip
def test_text_and_plain_values_are_no_pickles_that_matter(data: bytes) -> None:
    assert not trace(data).is_pickle


def test_every_instruction_of_the_language_is_known() -> None:
    """One that is not would end the following before what comes after it."""
    for code in pickletools.opcodes:
        if code.arg is None and code.name != "STOP":
            assert trace(b"N(N(N(NNNN)" + code.code.encode("latin1") + b"N").steps == 13, code.name


OPERATIONS = st.lists(
    st.sampled_from([code.code.encode("latin1") for code in pickletools.opcodes]) | st.binary(max_size=3)
)


@given(OPERATIONS)
def test_nothing_is_raised_and_no_instruction_is_read_otherwise_than_pickletools_reads_it(parts: list[bytes]) -> None:
    data = b"".join(parts)
    found = trace(data)
    assert 0 <= found.length <= len(data)
    if not found.ended:
        return
    steps = []
    for code, _, position in pickletools.genops(data):
        steps.append((code.name, position))
    assert len(steps) == found.steps
