from __future__ import annotations

import json
from types import MappingProxyType

from sanitizer.applying.edits import Edit
from sanitizer.applying.target import LARGEST, index_of, outputs_of
from sanitizer.vet.header import Header, TensorInfo

HEADERS = {
    "model-00001-of-00002.safetensors": Header(
        MappingProxyType({"b": TensorInfo("F16", (4, 2), 0, 16), "c": TensorInfo("F32", (2,), 16, 24)}), {}, 100
    ),
    "model-00002-of-00002.safetensors": Header(
        MappingProxyType({"a": TensorInfo("F16", (3,), 0, 6), "gone": TensorInfo("I64", (5,), 6, 46)}), {}, 100
    ),
}
EDITS = {"b": Edit(0, (), (range(1), range(2, 3)))}
GONE = frozenset({"gone"})


def test_shards_become_one_file_in_the_librarys_order() -> None:
    (whole,) = outputs_of(HEADERS, EDITS, GONE, largest=LARGEST)
    assert (whole.name, whole.sources) == ("model.safetensors", tuple(HEADERS))
    assert dict(whole.header.tensors) == {
        "c": TensorInfo("F32", (2,), 0, 8),
        "a": TensorInfo("F16", (3,), 8, 14),
        "b": TensorInfo("F16", (2, 2), 14, 22),
    }
    assert index_of((whole,)) == {}


def test_what_is_too_large_for_one_file_stays_in_its_shards_with_an_index() -> None:
    assert len(outputs_of(HEADERS, EDITS, GONE, largest=22)) == 1
    outputs = outputs_of(HEADERS, EDITS, GONE, largest=21)
    assert [(output.name, output.sources) for output in outputs] == [(name, (name,)) for name in HEADERS]
    (content,) = index_of(outputs).values()
    first, second = HEADERS
    assert json.loads(content) == {
        "metadata": {"total_size": 22},
        "weight_map": {"a": second, "b": first, "c": first},
    }
