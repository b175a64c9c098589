"""The header that the library writes, byte for byte."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from safetensors import TensorSpec, serialize

from sanitizer.vet.header import BYTES, TensorInfo, described, layout

COMMON = {"max_examples": 150, "deadline": None}

NAMES = {"F8_E5M2": "float8_e5m2", "F8_E4M3": "float8_e4m3fn", "F8_E8M0": "float8_e8m0fnu", "BOOL": "bool"}
NAMES |= {"F8_E5M2FNUZ": "float8_e5m2fnuz", "F8_E4M3FNUZ": "float8_e4m3fnuz", "BF16": "bfloat16", "C64": "complex64"}
NAMES |= {
    f"{short}{bits}": f"{long}{bits}" for short, long in (("I", "int"), ("U", "uint")) for bits in (8, 16, 32, 64)
}
NAMES |= {f"F{bits}": f"float{bits}" for bits in (16, 32, 64)}


@given(
    tensors=st.dictionaries(st.text("ab.é", min_size=1), st.tuples(st.sampled_from(sorted(BYTES)), st.integers(0, 3)))
)
def test_tensors_lie_where_the_library_puts_them(tensors: dict[str, tuple[str, int]]) -> None:
    zeros = np.zeros(64, np.uint8)
    specs = {
        name: TensorSpec(
            dtype=NAMES[dtype], shape=(2, size), data_ptr=zeros.ctypes.data, data_len=2 * size * BYTES[dtype]
        )
        for name, (dtype, size) in tensors.items()
    }
    header = layout({name: TensorInfo(dtype, (2, size), 0, 0) for name, (dtype, size) in tensors.items()})
    data = sum(tensor.end - tensor.start for tensor in header.tensors.values())
    assert described(header) + bytes(data) == serialize(specs, metadata={"format": "pt"})
