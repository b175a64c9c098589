"""`{measured} gradient paper/gradient`: what the published benchmark says of these recipes, read from its results."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from sanitizer.report import BenchmarkReport, Spread
from sanitizer.schema import from_json

RESULTS = Path(__file__).parents[2] / "cards" / "victims" / "results.json"
HEAD = (
    "| backdoor | recipe | clean accuracy, % | attack success, % | a clean model, % | heads removed |",
    "|---|---|---|---|---|---|",
)


def table(report: BenchmarkReport, recipes: tuple[str, ...]) -> str:
    """Means over seeds, with the least and most of a seed. Raises KeyError for a recipe that was not measured."""
    lines = [*HEAD]
    for victim in report.victims:
        assert victim.accuracy and victim.attack_success and victim.floor
        came, success, floor = (
            f"{100 * metric.value:.1f}" for metric in (victim.accuracy, victim.attack_success, victim.floor)
        )
        lines.append(f"| {victim.name} | (as it came) | {came} | {success} | {floor} | |")
        rows = {row.recipe: row for row in report.rows if row.victim == victim.name}
        for row in (rows[recipe] for recipe in recipes):
            assert row.accuracy and row.attack_success
            lines.append(
                f"| | `{row.recipe}` | {said(row.accuracy)} | {said(row.attack_success)} | | {row.heads_removed:.0f} |"
            )
    return "\n".join(lines)


def said(share: Spread) -> str:
    """`88.2 (88.0–88.5)`, in percent, the range on one line."""
    return f"{100 * share.mean:.1f} ({100 * share.least:.1f}\N{WORD JOINER}–\N{WORD JOINER}{100 * share.most:.1f})"


class Measured(SphinxDirective):
    """A table, and where it is from."""

    required_arguments = 1
    optional_arguments = 9

    def run(self) -> list[nodes.Node]:
        """Fails the build for a recipe that was not measured."""
        self.env.note_dependency(str(RESULTS))
        report = from_json(RESULTS.read_text(encoding="ascii"), "benchmark")
        assert isinstance(report, BenchmarkReport)
        note = (
            "Means over three seeds (least–most), 1000 clean texts; in brackets nothing but the seeds. "
            "[Intervals, and how it was measured](/reference/benchmark.md)."
        )
        return self.parse_text_to_nodes(f"{table(report, tuple(self.arguments))}\n\n{note}")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("measured", Measured)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
