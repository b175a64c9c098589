"""The suite that needs nothing: it is one, around a demo that is there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from sanitizer.benchmark.example import SUITE, main, make_example
from sanitizer.benchmark.suite import read_suite
from sanitizer.benchmark.tables import read_table
from sanitizer.demo.make import TARGET, TRIGGER, DemoSize

TINY = DemoSize(seen=96, given=64, held_out=16, test=40, hidden=16, layers=2, heads=2, epochs=1, steps=3, least=0.0)


def test_it_can_be_read_and_keeps_the_trigger_from_the_defender(tmp_path: Path) -> None:
    suite = read_suite(make_example(tmp_path / "demo", size=TINY))
    (victim,) = suite.victims
    assert (suite.name, victim.target) == ("demo", TARGET)
    assert (victim.model.name, suite.control.name) == ("model", "twin")
    data, test, triggered = map(read_table, (suite.data, suite.test, victim.triggered))
    assert not any(TRIGGER in text.split() for text in (*data.texts, *test.texts))
    assert all(TRIGGER in text.split() for text in triggered.texts)
    assert TARGET not in triggered.labels


def test_there_are_texts_enough() -> None:
    assert 0 < yaml.safe_load(SUITE)["texts"] <= DemoSize().given


def test_a_folder_in_use_is_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "precious").touch()
    monkeypatch.setattr(sys, "argv", ["example", str(tmp_path)])
    assert main() == 2
    assert "in use" in capsys.readouterr().err
