"""The console script as a process: what it prints where, how it ends, and what it does not import."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

import sanitizer
from sanitizer import plugins

SCRIPT = "import sys; sys.argv[0] = 'sanitize'; from sanitizer.cli import main; main()"
HEAVY = {"torch", "transformers", "datasets", "pydantic", "numpy", "huggingface_hub"}


def process(*words: str, code: str = SCRIPT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "words", [["--help"], ["run", "--help"], ["strategies"], ["--version"], ["scna"], ["vet", "--help"]]
)
def test_nothing_heavy_is_imported_to_talk(words: list[str]) -> None:
    lines = SCRIPT.rpartition("; ")[0].split("; ")
    code = "\n".join([*lines, "try:", "    main()", "finally:", "    print(*sys.modules, file=sys.stderr)"])
    modules = set(process(*words, code=code).stderr.split())
    assert "sanitizer.cli" in modules
    assert modules & HEAVY == set()


def test_help_takes_less_than_half_a_second() -> None:
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert process("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Of processor time, and the least of three: how busy the machine is otherwise is not what is measured.
    assert min(seconds() for _ in range(3)) < 0.5


def test_results_go_to_stdout_and_errors_to_stderr() -> None:
    version = process("--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert sanitizer.__version__ in version.stdout
    wrong = process("strategies", "gradeint")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    known = ", ".join(plugins.names("sanitizer.strategies"))
    assert wrong.stderr == f"error: there is no strategy 'gradeint'; did you mean 'gradient'? known: {known}\n"


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    code = f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {SCRIPT!r}, 'schema', 'report'],"
    code += " stdout=subprocess.PIPE, stderr=subprocess.PIPE)\nchild.stdout.close()\n"
    code += "print(child.stderr.read().decode(), child.wait())"
    assert process(code=code).stdout.split() == ["141"]


def test_doctor_ends_well_and_is_quick() -> None:
    done = process("doctor", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["python"] == sys.version.split()[0]


def test_python_m_is_the_console_script() -> None:
    done = subprocess.run([sys.executable, "-m", "sanitizer", "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, process("--version").stdout)
