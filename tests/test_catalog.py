"""Plugins described without importing them: the source text against what Python itself makes of it."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from pathlib import Path

import pytest

from sanitizer import catalog, plugins
from sanitizer.errors import SanitizerError, UsageError

CODE = '''"""Heads that sleep go first,
said on two lines.

Source: Somebody et al. 2024,
arXiv 1234.56789.

More words.
"""
raise RuntimeError("imported")

class Plain:
    not_a_parameter: int = 1

@dataclass(frozen=True)
class Sleepy:
    """Not a parameter's note."""

    rate: float
    samples: int = 10  # texts to read
    of: Literal["gate", "key"] = "gate"
    """What the gradient
    is taken of."""

    def score(self) -> None: ...
'''


def test_a_plugin_that_cannot_be_imported_is_still_described() -> None:
    entry = catalog.read("sleepy", CODE)
    assert entry.summary == "Heads that sleep go first, said on two lines."
    assert entry.source == "Somebody et al. 2024, arXiv 1234.56789."
    assert entry.text.endswith("More words.")
    assert entry.parameters == (
        catalog.Parameter("rate", "float", None),
        catalog.Parameter("samples", "int", "10", "texts to read"),
        catalog.Parameter("of", "Literal['gate', 'key']", "'gate'", "What the gradient is taken of."),
    )


def test_without_source_or_parameters_there_is_none() -> None:
    entry = catalog.read("bare", '"""One line."""')
    assert (entry.summary, entry.source, entry.parameters) == ("One line.", "", ())


BASE = """
from dataclasses import dataclass

@dataclass
class Other:
    no: int

@dataclass
class Base:
    yes: int  # here
"""


def test_a_plugin_that_writes_no_parameter_has_those_of_what_it_is_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "planted_base.py").write_text(BASE)
    monkeypatch.syspath_prepend(tmp_path)
    code = '"""One line."""\nfrom planted_base import Base, Other\n@dataclass\nclass Mine(Base):\n    {field}'
    assert catalog.read("mine", code.format(field="pass")).parameters == (
        catalog.Parameter("yes", "int", None, "here"),
    )
    assert catalog.read("mine", code.format(field="own: str")).parameters == (catalog.Parameter("own", "str", None),)
    assert "planted_base" not in sys.modules


def test_a_plugin_must_say_what_it_is() -> None:
    with pytest.raises(SanitizerError, match="mute has no docstring"):
        catalog.read("mute", "x = 1")


@pytest.mark.parametrize("package", ["sanitizer.strategies"])
def test_what_is_read_is_what_python_sees(package: str) -> None:
    for entry in catalog.entries(package):
        module = importlib.import_module(f"{package}.{entry.name}")
        cls = plugins.parameters_of(module)
        fields = {field.name: field.default for field in dataclasses.fields(cls)}
        assert {parameter.name: parameter.default for parameter in entry.parameters} == {
            name: None if default is dataclasses.MISSING else repr(default) for name, default in fields.items()
        }


def test_listing_imports_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "planted"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "sleepy.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "planted", raising=False)
    assert [entry.name for entry in catalog.entries("planted")] == ["sleepy"]
    assert "planted.sleepy" not in sys.modules
    with pytest.raises(UsageError, match="there is no planted 'sleepi'") as caught:
        catalog.describe("planted", "sleepi")
    assert "did you mean 'sleepy'?" in caught.value.hint
    sys.modules.pop("planted")


def test_a_folder_is_no_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planned" / "deep").mkdir(parents=True)
    (tmp_path / "planned" / "__init__.py").touch()
    (tmp_path / "planned" / "deep" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SanitizerError, match="not a single file"):
        catalog.describe("planned", "deep")
    sys.modules.pop("planned")
