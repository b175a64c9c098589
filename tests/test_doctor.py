"""The checkup against other ways of asking the same machine."""

from __future__ import annotations

import platform
import shutil
import stat
import sys
from pathlib import Path

import psutil
import pytest

import sanitizer
from sanitizer import doctor


def test_it_agrees_with_the_libraries_themselves() -> None:
    import datasets
    import huggingface_hub
    import safetensors
    import torch
    import transformers

    checkup = doctor.examine()
    assert checkup.sanitizer == sanitizer.__version__
    assert checkup.python == platform.python_version()
    assert checkup.versions == {
        module.__name__: str(module.__version__)
        for module in (torch, transformers, huggingface_hub, safetensors, datasets)
    }


def test_it_agrees_with_psutil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    machine = doctor.examine().machine
    assert machine.memory == pytest.approx(psutil.virtual_memory().total, rel=0.01)
    assert machine.cpus <= (psutil.cpu_count() or 1)
    assert machine.output_free == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.05)


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("click>=8", None),
        ("click>=99,<100", "is outside"),
        ("no-such-thing-at-all>=1", "no-such-thing-at-all is not installed"),
        ("no-such-thing-at-all>=1; extra == 'dev'", None),
        ("no-such-thing-at-all; python_version < '3'", None),
    ],
)
def test_a_requirement_that_is_not_met_is_a_problem(requirement: str, said: str | None) -> None:
    found = list(doctor.outdated([requirement]))
    assert len(found) == (said is not None)
    assert said is None or (said in found[0] and "pip install" in found[0])


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for nvidia-smi, the only program on the path."""
    path = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", str(tmp_path))
    return path


def write(path: Path, body: str) -> None:
    path.write_text(f"#!{sys.executable}\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no nvidia-smi")
def test_graphics_are_what_the_driver_says(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.examine().machine.gpus == ()
    write(driver, "print('NVIDIA H200, 143771 MiB, 570.1')\nprint('NVIDIA H200, 143771 MiB, 570.1')")
    assert doctor.examine().machine.gpus == ("NVIDIA H200, 143771 MiB, 570.1",) * 2
    monkeypatch.setattr(doctor, "version", lambda name: "2.13.0+cpu" if name == "torch" else None)
    assert any("CPU build" in problem for problem in doctor.examine().problems)
    monkeypatch.setattr(doctor, "version", lambda name: "2.13.0" if name == "torch" else None)
    assert not any("CPU build" in problem for problem in doctor.examine().problems)
    write(driver, "raise SystemExit(9)")
    assert doctor.examine().machine.gpus == ("nvidia-smi does not answer: CalledProcessError",)
