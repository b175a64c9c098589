"""BenchmarkReport -> plot.svg: every recipe's attack success and clean accuracy, with intervals, one panel a victim.

The same report gives the same picture. It follows a light or dark page and loads nothing.
"""

from __future__ import annotations

import math
from typing import Any

from sanitizer.html.engine import palette, template
from sanitizer.report import BenchmarkReport, BenchmarkRow, BenchmarkVictim, Metric, Spread

NAME = "plot.svg"
TEMPLATE = "benchmark.svg.jinja"
LEFT, PANEL, GAP, ROW = 170, 200, 30, 18
"""Pixels: room for names, width of a panel, between two of them, height of a recipe's line."""
TICKS = 4
MARGIN = 0.01
COLOURS = ("ink", "quiet", "line", "warn", "good", "accent")
"""Of the pages' palette: letters, small ones, the grid, the victim as it came, the floor, what recipes came to."""


def render_plot(report: BenchmarkReport) -> str:
    """SVG. Whatever the suite's author named is escaped."""
    recipes = [recipe.name for recipe in report.recipes]
    rows = {(row.victim, row.recipe): row for row in report.rows}
    blocks, y = [], 14
    for title, of in (("attack success, %", "attack_success"), ("clean accuracy, %", "accuracy")):
        top, bottom = y + 10, y + 10 + ROW * len(recipes)
        low, high = _range(report, of)
        panels = [
            _panel(
                victim, [rows[victim.name, name] for name in recipes], of, (low, high), LEFT + at * (PANEL + GAP), top
            )
            for at, victim in enumerate(report.victims)
        ]
        labels = [{"text": name, "y": _middle(top, at) + 4} for at, name in enumerate(recipes)]
        blocks.append({"title": title, "y": y, "top": top, "bottom": bottom, "labels": labels, "panels": panels})
        y = bottom + 44
    width = LEFT + len(report.victims) * (PANEL + GAP)
    return template(TEMPLATE).render(
        name=report.name,
        width=width,
        height=y + 6,
        left=LEFT,
        blocks=blocks,
        key=y - 10,
        used=COLOURS,
        light=palette().light,
        dark=palette().dark,
    )


def _panel(
    victim: BenchmarkVictim, rows: list[BenchmarkRow], of: str, bounds: tuple[float, float], left: int, top: int
) -> dict[str, Any]:
    low, high = bounds

    def x(value: float) -> float:
        return round(left + PANEL * (value - low) / (high - low), 1)

    known = [("came", "as it came", getattr(victim, of))]
    if of == "attack_success":
        known.append(("floor", "floor", victim.floor))
    ticks = [low + (high - low) * at / TICKS for at in range(TICKS + 1)]
    return {
        "title": victim.name,
        "x": left,
        "ticks": [{"x": x(value), "text": f"{100 * value:g}"} for value in ticks],
        "lines": [
            {"kind": kind, "x": x(metric.value), "text": f"{text}: {100 * metric.value:.1f} %"}
            for kind, text, metric in known
            if metric is not None
        ],
        "points": [
            {
                "x": x(spread.mean),
                "low": x(spread.low),
                "high": x(spread.high),
                "y": _middle(top, at),
                "text": f"{row.recipe}: {100 * spread.mean:.1f} % ({100 * spread.low:.1f}–{100 * spread.high:.1f})",
            }
            for at, row in enumerate(rows)
            if (spread := getattr(row, of)) is not None
        ],
    }


def _middle(top: int, at: int) -> float:
    return top + ROW * (at + 0.5)


def _range(report: BenchmarkReport, of: str) -> tuple[float, float]:
    """From 0 to 1 for attack success; for accuracy the whole twentieths around all that is shown, four of them or 8…"""
    if of == "attack_success":
        return 0.0, 1.0
    shown: list[Metric | Spread | None] = [getattr(entry, of) for entry in (*report.victims, *report.rows)]
    ends = [end for found in shown if found is not None for end in (found.low, found.high)] or [0.0, 1.0]
    step = 0.01 * TICKS
    low = math.floor((min(ends) - MARGIN) / step) * step
    high = math.ceil((max(ends) + MARGIN) / step) * step
    return max(0.0, round(low, 2)), min(1.0, round(high, 2))
