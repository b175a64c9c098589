"""A folder is a registry: packages made here, and the two that ship."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sanitizer import plugins
from sanitizer.errors import UsageError

VARIANCE = """
from dataclasses import asdict, dataclass
from typing import Literal

WORD = "variance"


@dataclass(frozen=True)
class Variance:
    rows: Literal["cls", "last"] = "cls"
    samples: int = 10
    rate: float = 0.5
    deep: bool = False
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = "planted_strategies"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "variance.py").write_text(VARIANCE)
    (folder / "broken.py").write_text("raise RuntimeError('imported')\n")
    (folder / "_private.py").touch()
    (folder / "notes.txt").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for module in (name, f"{name}.variance", f"{name}.broken"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return name


def test_names_are_file_names_found_without_importing(package: str) -> None:
    assert plugins.names(package) == ("broken", "variance")
    assert f"{package}.broken" not in sys.modules


def test_a_new_file_is_a_new_name(package: str, tmp_path: Path) -> None:
    (tmp_path / package / "mine.py").write_text("WORD = 'mine'\n")
    assert "mine" in plugins.names(package)
    assert plugins.load(package, "mine").WORD == "mine"


def test_load_imports_the_one_asked_for(package: str) -> None:
    assert plugins.load(package, "variance").WORD == "variance"
    assert f"{package}.broken" not in sys.modules
    with pytest.raises(RuntimeError, match="imported"):  # a plugin's own fault is not hidden
        plugins.load(package, "broken")


@pytest.mark.parametrize("name", ["varience", "_private", "notes", "os", "../variance", ""])
def test_an_unknown_name_is_a_usage_error_that_lists_the_known(package: str, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        plugins.load(package, name)
    assert repr(name) in caught.value.message
    assert caught.value.message.startswith("there is no planted_strategy ")
    assert caught.value.hint.endswith("known: broken, variance")


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ({}, {}),
        ({"samples": "20", "rate": "1e-3", "deep": "true", "rows": "last"}, (20, 0.001, True, "last")),
        ({"samples": 20, "rate": 0.001, "deep": True, "rows": "last"}, (20, 0.001, True, "last")),
    ],
    ids=["none", "typed", "yaml"],
)
def test_settings_become_parameters_of_the_right_type(
    package: str, settings: dict[str, object], changed: tuple[object, ...]
) -> None:
    built = plugins.build(package, "variance", settings)
    found = (built.samples, built.rate, built.deep, built.rows)
    assert found == (changed or (10, 0.5, False, "cls"))
    assert [type(value) for value in found] == [int, float, bool, str]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"sample": "3"}, "there is no parameter of variance 'sample'"),
        ({"samples": "many"}, "cannot be 'many'"),
        ({"samples": "1.5"}, "cannot be '1.5'"),
        ({"rate": "nan"}, "cannot be 'nan'"),
        ({"rate": "inf"}, "cannot be 'inf'"),
        ({"rows": "mean"}, "cannot be 'mean'"),
    ],
)
def test_a_setting_that_does_not_fit_is_a_usage_error(package: str, setting: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        plugins.build(package, "variance", setting)
    assert words in caught.value.message


def test_a_parameter_without_a_default_is_asked_for() -> None:
    @dataclass(frozen=True)
    class Needy:
        file: str
        rows: list[int] = field(default_factory=list)

    with pytest.raises(UsageError) as caught:
        plugins.fill(Needy, "needy", {"rows": []})
    assert (caught.value.message, caught.value.hint) == ("needy needs its parameter file", "--set file=…")
    assert plugins.fill(Needy, "needy", {"file": "a"}) == Needy("a")


def test_the_kinds_that_ship_have_their_singular() -> None:
    for package, kind in (("strategies", "strategy"), ("treatments", "treatment"), ("redteam.attacks", "attack")):
        with pytest.raises(UsageError, match=f"^there is no {kind} 'zzz'$"):
            plugins.load(f"sanitizer.{package}", "zzz")


def test_the_nearest_name_is_guessed_only_when_near() -> None:
    assert plugins.unknown("strategy", "gradeint", ["gradient", "bayesian"]).hint == (
        "did you mean 'gradient'? known: gradient, bayesian"
    )
    assert plugins.unknown("strategy", "zzz", iter(["gradient"])).hint == "known: gradient"
    assert plugins.unknown("parameter of random", "zzz", ()).hint == "known: none"
