"""The figure of a model card: the map of the heads, and each metric before and after, as one SVG.

A card is read on light and dark pages and as an image, which takes no style from the page around it: so the drawing
brings its own sheet of paper, has its colours as attributes, and a style for readers who prefer dark.
"""

from __future__ import annotations

from dataclasses import dataclass

from sanitizer.html.cost import Row, costs
from sanitizer.html.engine import palette, template
from sanitizer.html.maps import Frame, Ink, Map, draw, frame
from sanitizer.html.traits import traits
from sanitizer.html.verdict import done
from sanitizer.report import RunReport

WIDTH, EDGE = 520, 24
"""Of the drawing and of its margin, in CSS pixels: narrow enough for its letters to be read on a phone."""
MOST_SIDE = 36.0
"""Pixels that a head may be wide."""
TOP, LEGEND, MARKS, METRIC, BOTTOM = 84.0, 62.0, 24.0, 72.0, 44.0
"""Pixels above the map; for its scale, for the marks below that, for each metric, and for the last line."""


@dataclass(frozen=True)
class Layout:
    """Where things lie, in pixels: the corner of head L0.H0, the side of a head, what is below the map, the height.

    `legend` is what lies between the map and the metrics.
    """

    left: float
    top: float
    side: float
    below: float
    legend: float
    height: float

    @classmethod
    def of(cls, drawn: Frame, metrics: int, *, marked: bool) -> Layout:
        """As large as the sheet allows."""
        side = min(MOST_SIDE, (WIDTH - 2 * EDGE) / (drawn.width + drawn.left))
        left = EDGE + drawn.left * side
        below = TOP + side * (drawn.top + drawn.height)
        legend = LEGEND + MARKS * marked
        return cls(left, TOP + side * drawn.top, side, below, legend, below + legend + METRIC * metrics + BOTTOM)


def render_figure(report: RunReport) -> str:
    """The SVG, to be written as UTF-8. The same report gives the same drawing.

    Heads that are still there are shaded by the score that chose, or by importance where scores decided nothing.
    Raises CorruptError for a report whose grids are not those of its model's heads.
    """
    found = {trait.name: trait for trait in traits(report)}
    shade = found.get("Score", found["Importance"])
    treatment, looks = draw(found["Treatment"]), found.get("Forensics")
    gone = [ink for ink in treatment.inks if ink.word != "kept"]
    suspects = () if looks is None else _inks(draw(looks), "suspect")
    shape, rows, colours = frame(report.source.heads), costs(report), palette()
    return template("figure.svg.jinja").render(
        title=done(report),
        shade=draw(shade),
        by=f"score ({report.recipe.strategy.name})" if "Score" in found else "importance",
        gone=gone,
        marks=treatment.marks,
        suspects=suspects,
        metrics=rows,
        tested=report.data.test,
        frame=shape,
        at=Layout.of(shape, len(rows), marked=bool(gone or suspects)),
        width=WIDTH,
        edge=EDGE,
        metric=METRIC,
        light=colours.light,
        dark=colours.dark,
        span=_span(rows),
    )


def _inks(drawn: Map, word: str) -> tuple[Ink, ...]:
    return tuple(ink for ink in drawn.inks if ink.word == word)


def _span(rows: tuple[Row, ...]) -> bool:
    """Whether any metric has a least value that the budget asks for."""
    return any(row.floor is not None for row in rows)
