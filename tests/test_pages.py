"""Templates: every value is a code span or a number, and one that is missing is an error."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from jinja2 import Environment, UndefinedError
from markupsafe import Markup

from sanitizer import pages

ROOT = Path(__file__).parents[1]


@pytest.fixture
def environment() -> Environment:
    return pages.template("benchmark.md.jinja").environment


def test_values_are_code_spans_numbers_are_bare(environment: Environment) -> None:
    text = environment.from_string("{{ a }} {{ b }} {{ c }}").render(a="<b>", b=1.5, c=Markup("**x**"))
    assert text == "`<b>` 1.5 **x**"


def test_what_is_not_there_is_an_error(environment: Environment) -> None:
    with pytest.raises(UndefinedError):
        environment.from_string("{{ a }}").render()


def test_every_template_is_in_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    here = sorted(f"cards/{path.name}" for path in (ROOT / "cards").glob("*.jinja"))
    assert len(here) >= 2
    assert {name: f"sanitizer/templates/{Path(name).name}" for name in here} == included
