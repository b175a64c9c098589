"""The picture: every number of the report where its axis says, and nothing of a stranger's as markup."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from helpers.published import published
from helpers.records import make_benchmark

from sanitizer.benchmark.plot import COLOURS, LEFT, NAME, PANEL, render_plot
from sanitizer.html.engine import palette
from sanitizer.report import BenchmarkReport, NamedRecipe
from sanitizer.schema import from_json

SVG = "{http://www.w3.org/2000/svg}"


def drawn(report: BenchmarkReport) -> ElementTree.Element:
    return ElementTree.fromstring(render_plot(report))


def test_attack_success_lies_where_the_axis_says() -> None:
    report = make_benchmark()
    (row,) = [row for row in report.rows if row.attack_success is not None][:1]
    picture = drawn(report)
    dots = {group.findtext(f"{SVG}title"): group.find(f"{SVG}circle") for group in picture.iter(f"{SVG}g")}
    assert row.attack_success is not None
    wanted = f"{row.recipe}: {100 * row.attack_success.mean:.1f} %"
    (dot,) = [found for title, found in dots.items() if title is not None and title.startswith(wanted)]
    assert dot is not None
    assert float(dot.get("cx", "nan")) == pytest.approx(LEFT + PANEL * row.attack_success.mean, abs=0.1)


def test_one_dot_for_every_number_that_there_is() -> None:
    report = make_benchmark()
    measured = sum((row.accuracy is not None) + (row.attack_success is not None) for row in report.rows)
    assert len(list(drawn(report).iter(f"{SVG}circle"))) == measured
    assert measured > 0


def test_names_of_strangers_are_text() -> None:
    report = make_benchmark()
    bad = "<script>alert(1)</script>&"
    victims = tuple(replace(victim, name=bad) for victim in report.victims)
    recipes = tuple(NamedRecipe(bad, recipe.recipe) for recipe in report.recipes[:1])
    rows = tuple(replace(row, victim=bad, recipe=bad) for row in report.rows[:1])
    picture = drawn(replace(report, name=bad, victims=victims[:1], recipes=recipes, rows=rows))
    assert not list(picture.iter(f"{SVG}script"))
    assert bad in [text.text for text in picture.iter(f"{SVG}text")]


def test_a_table_without_any_number_is_drawn_too() -> None:
    report = make_benchmark()
    rows = tuple(replace(row, accuracy=None, attack_success=None) for row in report.rows)
    victims = tuple(replace(victim, accuracy=None, attack_success=None, floor=None) for victim in report.victims)
    assert not list(drawn(replace(report, rows=rows, victims=victims)).iter(f"{SVG}circle"))


def test_every_colour_is_one_of_the_pages_and_is_set_before_it_is_used() -> None:
    text = render_plot(make_benchmark())
    light, dark = re.findall(r"svg \{(( --\w+: #[0-9a-f]{6};)+)", text)
    for (said, _), face in ((light, palette().light), (dark, palette().dark)):
        assert dict(re.findall(r"--(\w+): (#\w+);", said)) == {name: face[name] for name in COLOURS}
    assert set(re.findall(r"var\(--(\w+)\)", text)) == set(COLOURS)
    assert set(re.findall(r"#[0-9a-f]{6}", text)) <= {*palette().light.values(), *palette().dark.values()}


def test_every_published_picture_is_what_its_results_render_to() -> None:
    assert published()
    for place in published():
        report = from_json((place / "results.json").read_text(encoding="ascii"), "benchmark")
        assert isinstance(report, BenchmarkReport)
        assert (place / NAME).read_text(encoding="utf-8") == render_plot(report)
