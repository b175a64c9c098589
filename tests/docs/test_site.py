"""The site's own code: formulas, generated tables, and the watch over what pages load. Needs the extra `docs`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("sphinx")
pytest.importorskip("myst_parser")

from sanitizer import catalog, plugins
from sanitizer.recipes import RECIPES
from sanitizer.redteam import registry
from sanitizer.vet.rules import catalogue

DOCS = Path(__file__).parents[2] / "docs"


def extension(name: str) -> ModuleType:
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(DOCS / "_ext"))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("strategies", plugins.names("sanitizer.strategies")),
        ("treatments", plugins.names("sanitizer.treatments")),
        ("attacks", registry.names()),
        ("recipes", tuple(RECIPES)),
        ("rules", tuple(catalogue())),
    ],
)
def test_every_entry_of_a_registry_has_a_section(kind: str, names: tuple[str, ...]) -> None:
    found = tuple(extension("registries").rows(kind))
    assert tuple(row.name for row in found) == names
    assert all(row.summary and row.body for row in found)


def test_a_docstring_is_shown_as_it_is_written() -> None:
    from markdown_it import MarkdownIt

    text = "the sum |a_b|*2*, `x_y|z` in [0, 1) # ~ <b> $W$"
    shown = MarkdownIt("commonmark").parseInline(extension("registries").plain(text))[0].children or []
    assert "".join(token.content for token in shown) == text.replace("`", "")
    assert [token.type for token in shown if token.type not in {"text", "text_special"}] == ["code_inline"]


def test_parameters_are_those_of_the_plugin() -> None:
    (entry,) = (one for one in catalog.entries("sanitizer.strategies") if one.name == "gradient")
    table = extension("registries").parameters(entry)
    assert "| `samples` | `int` | `1024` |" in table
    assert extension("registries").parameters(catalog.read("none", '"""None."""')) == "It has no parameters of its own."


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        "<img alt='' src='http://example/badge.svg'>",
        "@import url(https://fonts.example/css);",
        "body { background: url('https://example/x.png') }",
    ],
)
def test_what_a_page_loads_from_elsewhere_is_found(text: str) -> None:
    assert len(extension("local").loads(text)) == 1


def test_links_and_what_lies_beside_a_page_are_not_loaded_from_elsewhere() -> None:
    text = '<a href="https://arxiv.org/x">x</a><script src="_static/x.js"></script><svg xmlns="http://www.w3.org/2000/svg">'
    assert extension("local").loads(text + '<link rel="stylesheet" href="../_static/x.css">') == []


def test_measured_tables_hold_the_numbers_of_the_published_page() -> None:
    measured = extension("measured")
    report = measured.from_json(measured.RESULTS.read_text(encoding="ascii"), "benchmark")
    table = measured.table(report, ("gradient", "random")).replace("\N{WORD JOINER}", "")
    page = (measured.RESULTS.parent / "README.md").read_text(encoding="utf-8").replace("**", "")
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "`" in line]
    assert len(lines) == 2 * len(report.victims)
    for _, recipe, accuracy, success, _, _ in lines:
        assert any(recipe in line and accuracy in line and success.split(" (")[0] in line for line in page.splitlines())
    with pytest.raises(KeyError):
        measured.table(report, ("gradeint",))
