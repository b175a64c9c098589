"""Lines over two logarithmic axes as an SVG document that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 760, 460, 70, 50, 34, 170
COLOURS = ("#0b5fa5", "#b5450b", "#2f7d32", "#7b3fa0", "#8a6d00", "#00838f", "#ad1457", "#455a64")
Points = Sequence[tuple[float, float]]


def plot(lines: Mapping[str, Points], *, x: str, y: str) -> str:
    """One line per name, through its points in order; numbers must be above zero. Decades have grid lines."""
    values = [point for points in lines.values() for point in points]
    ranges = [_decades([point[axis] for point in values]) for axis in (0, 1)]

    def place(point: tuple[float, float]) -> str:
        share = [(math.log10(point[axis]) - low) / (high - low) for axis, (low, high) in enumerate(ranges)]
        return (
            f"{LEFT + share[0] * (WIDTH - LEFT - RIGHT):.1f},{HEIGHT - BOTTOM - share[1] * (HEIGHT - BOTTOM - TOP):.1f}"
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for axis, (low, high) in enumerate(ranges):
        for decade in range(low, high + 1):
            ends = [(10.0**decade, 10.0**end) if axis == 0 else (10.0**end, 10.0**decade) for end in ranges[1 - axis]]
            parts.append(f'<polyline points="{place(ends[0])} {place(ends[1])}" fill="none" stroke="#ddd"/>')
            at = place(ends[0]).split(",")
            shift = 'dy="18" text-anchor="middle"' if axis == 0 else 'dx="-8" dy="4" text-anchor="end"'
            parts.append(f'<text x="{at[0]}" y="{at[1]}" {shift}>{10.0**decade:g}</text>')
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(map(place, points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for point in points:
            left, top = place(point).split(",")
            parts.append(f'<circle cx="{left}" cy="{top}" r="3" fill="{colour}"/>')
        parts.append(
            f'<text x="{WIDTH - RIGHT + 14}" y="{TOP + 12 + 18 * number}" fill="{colour}">{escape(name)}</text>'
        )
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x)}</text>')
    parts.append(f'<text x="16" y="{TOP - 16}">{escape(y)}</text></svg>')
    return "\n".join(parts) + "\n"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)
