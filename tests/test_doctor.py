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
from sanitizer.options import VetOptions
from sanitizer.vetting import vet


def test_it_agrees_with_the_libraries_themselves() -> None:
    import accelerate
    import datasets
    import huggingface_hub
    import numpy
    import safetensors
    import tokenizers
    import torch
    import transformers

    checkup = doctor.examine()
    assert checkup.sanitizer == sanitizer.__version__
    assert checkup.python == platform.python_version()
    assert checkup.versions == {
        module.__name__: str(module.__version__)
        for module in (torch, transformers, tokenizers, huggingface_hub, safetensors, datasets, accelerate, numpy)
    }


def test_it_agrees_with_psutil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    machine = doctor.examine().machine
    assert machine.memory == pytest.approx(psutil.virtual_memory().total, rel=0.01)
    assert machine.memory_free is not None and 0 < machine.memory_free < machine.memory
    assert machine.memory_free == pytest.approx(psutil.virtual_memory().available, rel=0.3)  # others come and go
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


def test_the_environment_is_told_as_far_as_it_matters_and_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")
    monkeypatch.setenv("UNRELATED_TOKEN", "secret")
    told = doctor.examine().environment
    assert (told["OMP_NUM_THREADS"], told["HTTPS_PROXY"]) == ("3", "(set)")
    assert "secret" not in repr(told)


def test_the_sandbox_is_the_one_that_vetting_finds(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert doctor.examine().sandbox == vet(VetOptions(str(tmp_path))).vetting.isolation
