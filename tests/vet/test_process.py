"""A worker that is started before it is needed: used or not, it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.checkpoints import make

from sanitizer.options import VetOptions
from sanitizer.vet import process
from sanitizer.vetting import vet


def test_one_that_waits_gives_the_answer_that_a_new_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = VetOptions(str(make(tmp_path / "m")))
    new = vet(options)
    with process.started() as waiting:
        monkeypatch.setattr(process, "_BOOT", "raise SystemExit  # {root}")  # no other would answer
        assert vet(options, process=waiting) == new
        assert waiting.poll() is not None, "it answers once"


def test_one_that_nobody_asks_ends() -> None:
    with pytest.raises(KeyboardInterrupt), process.started() as waiting:
        assert waiting.poll() is None
        raise KeyboardInterrupt
    assert waiting.returncode == -9
    process.end(waiting)


def test_it_gets_neither_tokens_nor_the_working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setattr(process, "_BOOT", "import os; print(os.getcwd(), *os.environ)  # {root}")
    with process.started() as child:
        said, _ = child.communicate()
    place, *names = said.decode().split()
    assert place == "/"
    # Python itself adds LC_CTYPE.
    threads = {f"{library}_NUM_THREADS" for library in ("OPENBLAS", "OMP", "RAYON")}
    assert set(names) <= {"PATH", "LANG", "LC_ALL", "LC_CTYPE", *threads}
