"""Children: how they end is told, and none is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import sanitizer
from sanitizer.engines.children import Children, Ended, KilledError
from sanitizer.errors import IncompleteError


def run(folder: Path, code: str, *, children: Children | None = None, timeout: float = 60.0) -> Ended:
    (folder / "modules").mkdir(exist_ok=True)
    (folder / "modules" / "child_of_test.py").write_text(code)
    return (children or Children(3)).run(
        ["child_of_test"], folder, log=folder / "log", timeout=timeout, accepted=(0, 4)
    )


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def test_output_code_place_and_surroundings(tmp_path: Path) -> None:
    code = (
        "import os, sys, tempfile, sanitizer\n"
        "print(os.getcwd(), os.environ['OMP_NUM_THREADS'], os.environ['HF_HUB_OFFLINE'], sys.stdin.read() == '')\n"
        "print(tempfile.gettempdir())\n"
        "sys.exit(4)"
    )
    ended = run(tmp_path, code)
    assert ended.code == 4
    assert ended.output.split() == [str(tmp_path.resolve()), "3", "1", "True", str(tmp_path.resolve())]


def test_threads_of_the_surroundings_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert run(tmp_path, "import os; print(os.environ['OMP_NUM_THREADS'])").output == "7\n"


def test_nothing_that_lies_in_the_folder_is_imported(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    assert run(tmp_path, "import json; print(json.dumps(1))").output == "1\n"


def test_the_most_memory_is_that_of_the_child(tmp_path: Path) -> None:
    """Asked from a small process, as a benchmark is: a child begins with what its parent held before it."""
    (tmp_path / "modules").mkdir()
    for name, size in (("small", 1), ("large", 200_000_000)):
        (tmp_path / "modules" / f"{name}_child.py").write_text(f"x = bytearray(b'1') * {size}")
    code = (
        "from pathlib import Path\n"
        "from sanitizer.engines.children import Children\n"
        "here = Path('.')\n"
        "for name in ('small', 'large'):\n"
        "    ended = Children(1).run([f'{name}_child'], here, log=here / 'log', timeout=60, accepted=(0,))\n"
        "    print(ended.memory)\n"
    )
    package = str(Path(sanitizer.__file__).parents[1])
    paths = os.pathsep.join((package, os.environ["PYTHONPATH"]))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    small, large = map(int, done.stdout.split())
    assert 200e6 < large < 400e6
    assert small < 150e6


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise ValueError('no\\x1b[2J\\nway')", "way"),
        ("import sys; sys.exit('error: first\\nerror: out of memory\\n  hint')", "out of memory"),
        ("import sys; sys.exit(9)", "exit code 9"),
        ("import os; os.kill(os.getpid(), 9)", r"killed \(SIGKILL\), most likely out of memory"),
        ("import os; os.kill(os.getpid(), 15)", r"killed \(SIGTERM\)"),
    ],
)
def test_a_failure_is_one_line(tmp_path: Path, code: str, says: str) -> None:
    with pytest.raises(IncompleteError, match=says) as caught:
        run(tmp_path, code)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(("number", "kind"), [(9, KilledError), (15, KilledError), (11, IncompleteError)])
def test_only_a_kill_from_outside_is_one(tmp_path: Path, number: int, kind: type[Exception]) -> None:
    with pytest.raises(IncompleteError) as caught:
        run(tmp_path, f"import os; os.kill(os.getpid(), {number})")
    assert type(caught.value) is kind


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(IncompleteError, match="took longer than 0 s"):
        run(tmp_path, "import time; time.sleep(600)", timeout=0.4)


def test_an_interrupted_child_interrupts(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "import sys; sys.exit(130)")


def test_stop_ends_what_runs_and_lets_nothing_begin(tmp_path: Path) -> None:
    children, ended = Children(1), []

    def work() -> None:
        try:
            code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)"
            run(tmp_path, code, children=children)
        except KeyboardInterrupt as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text()):
        time.sleep(0.01)
    children.stop()
    thread.join(timeout=60)
    assert len(ended) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "", children=children)


def test_the_interpreter_is_ours(tmp_path: Path) -> None:
    assert run(tmp_path, "import sys; print(sys.executable)").output.strip() == sys.executable


def test_a_pause_ends_when_they_are_stopped() -> None:
    children = Children(1)
    threading.Timer(0.1, children.stop).start()
    began = time.monotonic()
    children.pause(60)
    assert time.monotonic() - began < 50


def test_the_surroundings_can_be_added_to(tmp_path: Path) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "child_of_test.py").write_text("import os; print(os.environ['HF_HUB_OFFLINE'])")
    ended = Children(1).run(
        ["child_of_test"], tmp_path, log=tmp_path / "log", timeout=60, accepted=(0,), env={"HF_HUB_OFFLINE": "0"}
    )
    assert ended.output == "0\n"
