from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from sanitizer.errors import UsageError
from sanitizer.resources.memory import out_of_memory, read_memory, read_size, shown


def test_sizes_are_read_in_both_kinds_of_units() -> None:
    assert read_memory("cuda:0=20GiB, cpu=1.5gb") == {"cuda:0": 20 * 2**30, "cpu": 1_500_000_000}
    assert read_memory("cpu=0MB") == {"cpu": 0}


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("9", 9),
        ("500M", 5 * 10**8),
        ("4 GB", 4 * 10**9),
        ("1.5gib", 3 * 2**29),
        ("1k", 1000),
        ("2KiB", 2048),
        ("0.5TB", 5 * 10**11),
        ("1Ti", 2**40),
        ("0MB", 0),
    ],
)
def test_one_size_is_read_alike_alone_and_as_a_share(words: str, size: int) -> None:
    assert read_size(words) == size
    assert read_memory(f"cpu={words}") == {"cpu": size}


@pytest.mark.parametrize("words", ["", "GB", "-1GB", "1e9", "4iB", "4XB", "٤GB", "1 000", "4GBB", "1.GB"])
def test_what_is_no_size_is_refused(words: str) -> None:
    with pytest.raises(UsageError, match="no amount of memory"):
        read_size(words)


@pytest.mark.parametrize("words", ["", "20GiB", "cuda=1GB", "cpu=", "cpu=-1GB", "gpu:0=1GB", "cpu=1GB,", "cpu=1e3GB"])
def test_anything_else_is_refused_with_the_form(words: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_memory(words)
    assert "cuda:0=20GiB,cpu=60GiB" in refused.value.hint


def test_a_device_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        read_memory("cpu=1GB,CPU=2GB")


def test_what_is_shown_reads_back() -> None:
    assert read_memory(shown({"cuda:1": 5_000_000, "cpu": 123_000_000})) == {"cuda:1": 5_000_000, "cpu": 123_000_000}


def test_torch_itself_says_it_in_words_that_are_known() -> None:
    with pytest.raises(RuntimeError) as refused:
        torch.empty(10**15)
    assert out_of_memory(refused.value)
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"))
    assert out_of_memory(MemoryError())


def test_other_errors_are_not_a_lack_of_memory() -> None:
    with pytest.raises(RuntimeError) as refused:
        torch.ones(2) @ torch.ones(3)
    assert not out_of_memory(refused.value)
    assert not out_of_memory(ValueError("out of memory"))


def test_it_needs_no_torch() -> None:
    code = "import sys, sanitizer.resources.memory; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
