"""What a process takes from itself, seen from inside: each measure in a child, because none can be undone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sanitizer

ROOT = Path(sanitizer.__file__).parents[1]


def child(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    setup = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom pathlib import Path\nfrom sanitizer.vet import confine\n"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", setup + code, *words], capture_output=True, text=True, timeout=60, cwd="/"
    )


def held(function: str) -> bool:
    return bool(child(f"print(confine.{function})").stdout.strip())


def test_memory_has_an_end() -> None:
    code = "assert confine.limits(1 << 30)\ntry:\n    bytearray(2 << 30)\nexcept MemoryError:\n    print('refused')"
    assert child(code).stdout == "refused\n"


def test_no_file_is_written_and_few_are_open(tmp_path: Path) -> None:
    code = """
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
confine.limits(1 << 30)
try:
    Path(sys.argv[1]).write_bytes(b"x")
except OSError:
    print("not written")
files = []
try:
    for _ in range(1000):
        files.append(open("/dev/null"))
except OSError:
    print("too many")
"""
    assert child(code, str(tmp_path / "out")).stdout == "not written\ntoo many\n"
    assert (tmp_path / "out").stat().st_size == 0


def test_processor_time_has_an_end() -> None:
    done = child("assert confine.processor(1)\nwhile True:\n    pass")
    assert done.returncode in (-24, -9)


@pytest.mark.skipif(not held("no_network()"), reason="this system gives no network namespace")
def test_there_is_no_network() -> None:
    code = """
import socket
confine.no_network()
print([name for _, name in socket.if_nameindex() if name != "lo"])
for address in (("127.0.0.1", 80), ("192.0.2.1", 80)):
    try:
        socket.create_connection(address, timeout=5)
        print("connected")
    except OSError as error:
        print("unreachable" if error.errno in (101, 99) else error)
"""
    lines = child(code).stdout.splitlines()
    assert lines[0] == "[]"
    assert lines[2] == "unreachable"
    assert "connected" not in lines


@pytest.mark.skipif(not held("read_only([])"), reason="this system has no Landlock")
def test_only_what_is_named_can_be_read_and_nothing_run(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "secret").write_text("hf_secret")
    code = """
import subprocess
place = Path(sys.argv[1])
assert confine.read_only([place / "model", place / "missing", *confine.of_python()])
print((place / "model" / "config.json").read_text())
for work in (
    lambda: (place / "secret").read_text(),
    lambda: (place / "model" / "new").write_text("x"),
    lambda: (place / "model" / "config.json").unlink(),
    lambda: subprocess.run(["/bin/true"]),
):
    try:
        print("did it", work())
    except PermissionError:
        print("refused")
import colorsys
"""
    done = child(code, str(tmp_path))
    assert done.stdout.split("\n") == ["{}", "refused", "refused", "refused", "refused", ""]
    assert done.returncode == 0, "its own libraries can still be imported"


def test_it_ends_with_its_parent() -> None:
    """The child says its number and sleeps; its parent ends; so must the child."""
    code = """
import os, subprocess, time
inner = "from sanitizer.vet import confine; confine.no_privileges(); print('ready', flush=True)"
inner += "; import time; time.sleep(60)"
process = subprocess.Popen([sys.executable, "-c", inner], stdout=subprocess.PIPE, env={"PYTHONPATH": sys.path[0]})
process.stdout.readline()
print(process.pid, flush=True)
os._exit(0)
"""
    pid = int(child(code).stdout)
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        os.sched_yield()
        subprocess.run(["/bin/sleep", "0.05"], check=True)
    raise AssertionError("the child is still there")
