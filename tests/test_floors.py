"""Imports only go down. The checker is shown able to fail before it is believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.floors import BELOW, SIDE_BY_SIDE, breaches, floor_of

import sanitizer

ROOT = Path(sanitizer.__file__).parent


def test_imports_only_go_down() -> None:
    assert [str(breach) for breach in breaches(ROOT)] == []


def test_the_checker_reads_the_whole_package() -> None:
    floors = {floor_of(f"sanitizer.{path.stem}") for path in ROOT.iterdir() if not path.name.startswith("_")}
    assert floors | {"package"} == set(BELOW)


@pytest.mark.parametrize(
    ("file", "code", "imported"),
    [
        ("heads.py", "import torch", "torch"),
        ("heads.py", "def late():\n    import numpy.linalg", "numpy.linalg"),
        ("heads.py", "from sanitizer.model import surgery", "sanitizer.model.surgery"),
        ("heads.py", "from sanitizer import pipeline", "sanitizer.pipeline"),
        ("hub/push.py", "from transformers import AutoModel", "transformers.AutoModel"),
        ("hub/push.py", "from sanitizer.vet import gate", "sanitizer.vet.gate"),
        ("vet/gate.py", "from .. import model", "sanitizer.model"),
        ("vet/gate.py", "class A:\n    def open(self):\n        from ..model import save", "sanitizer.model.save"),
        ("vet/gate.py", "import pickle", "pickle"),
        ("vet/__init__.py", "from . import gate\nfrom ..hub import push", "sanitizer.hub.push"),
        ("model/save.py", "import huggingface_hub.constants", "huggingface_hub.constants"),
        ("model/save.py", "from sanitizer.strategies.a import A", "sanitizer.strategies.a.A"),
        ("strategies/a.py", "from sanitizer.treatments import remove", "sanitizer.treatments.remove"),
        ("attacks/a.py", "from sanitizer.pipeline import run", "sanitizer.pipeline.run"),
        ("pipeline.py", "from datasets import load_dataset", "datasets.load_dataset"),
        ("pipeline.py", "from sanitizer.terminal import story", "sanitizer.terminal.story"),
        ("commands/run.py", "def run():\n    import torch", "torch"),
        ("commands/run.py", "from sanitizer.model.subject import Subject", "sanitizer.model.subject.Subject"),
        ("a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import torch", "torch"),
    ],
)  # fmt: skip
def test_an_import_that_goes_up_is_found(tmp_path: Path, file: str, code: str, imported: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(code)
    (found,) = breaches(tmp_path)
    assert (found.file, found.imported) == (file, imported)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("hub/push.py", "import huggingface_hub\nfrom sanitizer.errors import HubError"),
        ("model/save.py", "import torch\nfrom sanitizer.heads import HeadId\nimport sanitizer.loading"),
        ("strategies/a.py", "from sanitizer.model.context import Context"),
        ("pipeline.py", "from sanitizer.strategies import gradient\nfrom sanitizer.hub.push import push"),
        ("commands/run.py", "from sanitizer import pipeline\nfrom sanitizer.terminal import story\nimport sys"),
        ("heads.py", "if TYPE_CHECKING:\n    import torch\n    from sanitizer.model import subject"),
    ],
)  # fmt: skip
def test_an_import_that_goes_down_is_not(tmp_path: Path, file: str, code: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(code)
    assert breaches(tmp_path) == []


def test_rooms_of_one_floor_do_not_know_each_other() -> None:
    for room in SIDE_BY_SIDE:
        assert not BELOW[room] & set(SIDE_BY_SIDE)


def test_floors_have_no_cycle_but_the_loader() -> None:
    """`loading` is split from `model` only because users import it by that name."""
    above: set[tuple[str, str]] = {(floor, below) for floor, belows in BELOW.items() for below in belows}
    assert {(a, b) for a, b in above if (b, a) in above} == {("model", "loading"), ("loading", "model")}
