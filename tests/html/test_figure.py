"""The figure of a card: an XML parser reads it, and the report says what must be in it."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from helpers.payloads import PAYLOADS, poisoned
from helpers.records import PLAN, RECIPE, SCAN, make_report

from sanitizer.heads import HeadId
from sanitizer.html.engine import palette
from sanitizer.html.figure import WIDTH, render_figure
from sanitizer.report import HeadRecord, Metric, RunReport

SVG = "{http://www.w3.org/2000/svg}"


def read(report: RunReport) -> ElementTree.Element:
    return ElementTree.fromstring(render_figure(report))


def texts(drawing: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in drawing.iter(f"{SVG}text")]


def drawn(drawing: ElementTree.Element, style: str) -> set[tuple[int, int]]:
    """(layer, head) of the cells of one colour."""
    found = set()
    for path in drawing.iter(f"{SVG}path"):
        if path.get("class") == style:
            for head, layer, run in re.findall(r"M(\d+) (\d+)h(\d+)", path.get("d", "")):
                found |= {(int(layer), int(head) + step) for step in range(int(run))}
    return found


def test_every_head_that_went_and_every_suspect_is_where_it_was() -> None:
    drawing = read(make_report())
    assert drawn(drawing, "line-gone") == {(0, 1), (1, 0), (2, 2)}
    assert drawn(drawing, "line-odd") == {(1, 0)}
    shades = set().union(*(drawn(drawing, f"line-s{step}") for step in range(10)))
    assert shades == {(layer, head) for layer in range(3) for head in range(4)}
    assert drawn(drawing, "line-s9") == {(2, 3)}  # 0.61, the greatest


def test_its_words_are_those_of_the_report() -> None:
    said = texts(read(make_report()))
    assert said[0] == "2 removed and 1 zeroed of 12 heads"
    for words in ("removed", "zeroed", "looks planted", "89.1 % (87.0–90.9)", "88.5 % (86.4–90.3)", "−0.6 points"):
        assert words in said
    assert said[-1] == "95 % intervals, 1038 held-out texts; dashed: what the budget asks for"


def test_an_interval_lies_where_its_numbers_say() -> None:
    """Loss 0.28 to 0.35 before, 0.29 to 0.37 after: on one line of 0.09, the second begins a ninth of it later."""
    paths = [path.get("d", "") for path in read(make_report()).iter(f"{SVG}path") if path.get("stroke-width") == "2"]
    places = [tuple(map(float, re.fullmatch(r"M([\d.]+) [\d.]+H([\d.]+)", path).groups())) for path in paths]  # type: ignore[union-attr]
    (start, end), (later, last) = places[2:]
    assert (later - start) / (last - start) == pytest.approx(0.01 / 0.09, abs=0.01)
    assert (end - start) / (last - start) == pytest.approx(0.07 / 0.09, abs=0.01)


def test_nothing_that_did_not_happen_is_in_the_legend() -> None:
    quiet = make_report(heads=(), scan=replace(SCAN, forensics=None), after=(Metric("loss", 0.3, 0.2, 0.4, 9),))
    said = texts(read(quiet))
    assert not {"removed", "zeroed", "looks planted"} & set(said)
    assert said[0] == "None removed of 12 heads"


def test_scores_that_decided_nothing_are_not_shown() -> None:
    budget = replace(RECIPE.budget, max_heads=0)
    unscored = make_report(recipe=replace(RECIPE, budget=budget), heads=())
    assert "Layers down, heads across; shaded by importance" in texts(read(unscored))
    assert "Layers down, heads across; shaded by score (gradient)" in texts(read(make_report()))


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_hostile_names_are_texts(payload: str) -> None:
    drawing, plain = read(poisoned(payload)), read(poisoned("plain"))
    assert [element.tag for element in drawing.iter()] == [element.tag for element in plain.iter()]
    assert [sorted(element.keys()) for element in drawing.iter()] == [
        sorted(element.keys()) for element in plain.iter()
    ]


def test_it_asks_for_nothing_and_runs_nothing() -> None:
    text = render_figure(make_report())
    assert re.findall(r"https?://[^\"' ]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|href|@import|url\(|\son\w+=|<image|<foreignObject", text)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3."""

    def light(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("face", ["light", "dark"])
def test_letters_can_be_read_on_its_own_paper_in_both_faces(face: str) -> None:
    colours = getattr(palette(), face)
    assert contrast(colours["ink"], colours["sheet"]) > 7
    assert contrast(colours["quiet"], colours["sheet"]) > 4.5
    assert contrast(colours["gone"], colours["sheet"]) > 3


def test_every_colour_has_a_dark_face() -> None:
    assert palette().light.keys() == palette().dark.keys()
    drawing = read(make_report())
    style = next(drawing.iter(f"{SVG}style")).text or ""
    classes = {element.get("class", "") for element in drawing.iter()} - {""}
    for name in " ".join(classes).split():
        assert f".{name} {{" in style


@pytest.mark.parametrize("shape", [(1, 1), (32, 32), (6, 64), (80, 4)])
def test_any_shape_fits_on_the_sheet(shape: tuple[int, int]) -> None:
    layers, heads = shape
    grid = tuple((0.5,) * heads for _ in range(layers))
    safety = replace(SCAN.safety, score=grid, classes=tuple(("trusted",) * heads for _ in range(layers)))
    scan = replace(SCAN, importance=grid, mean_similarity=grid, safety=safety, forensics=None)
    report = make_report(
        source=replace(make_report().source, layers=layers, heads=(heads,) * layers),
        scan=scan,
        plan=replace(PLAN, scores=replace(PLAN.scores, grid=grid)),
        heads=(HeadRecord(HeadId(layers - 1, heads - 1), "removed", 0.5),),
    )
    drawing = read(report)
    moved = next(group for group in drawing.iter(f"{SVG}g") if "scale" in group.get("transform", ""))
    left, top, side = map(float, re.findall(r"[\d.]+", moved.get("transform", "")))
    assert left + heads * side <= WIDTH
    assert top + layers * side < float(drawing.get("height", "0"))


def test_the_same_report_gives_the_same_drawing() -> None:
    assert render_figure(make_report()) == render_figure(make_report())
