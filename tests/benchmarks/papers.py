"""The table against the papers' numbers: what they publish beside what the same method does here.

    python tests/benchmarks/papers.py

Reads cards/papers/published.yaml and the report of the benchmark in cards/victims, and writes cards/papers/README.md.
Nothing is run: the same report gives the same page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined

from sanitizer.report import BenchmarkReport, BenchmarkRow
from sanitizer.schema import from_json

CARDS = Path(__file__).parents[2] / "cards"
PAGE = CARDS / "papers" / "README.md"

TEMPLATE = """\
# Against the papers' numbers

Clean accuracy / attack success in %, before → after. *Published* is what the paper prints; *here* is the same method
on the victims of `cards/victims`, the mean of {{ seeds }} seeds, which has intervals, prices and every other recipe.
The floor is how many of the same triggered texts a clean model gives to the target: no defence can be asked to go
below it.

| attack | method | published | here | `recipe` | floor here |
|---|---|---|---|---|---|
{% for row in rows -%}
| {{ row.victim }} | {{ row.method }} | {{ row.published }} | {{ row.here }} | `{{ row.recipe }}` | {{ row.floor }} |
{% endfor %}
Source of the published figures: {{ sources | join("; ") }}, as
`published.yaml` has them. Written by `python tests/benchmarks/papers.py` from that and the benchmark's report.

**What is comparable**: the task (SST-2), the kind of attack, and the method, as far as its paper and code tell it;
where ours departs, `sanitize strategies NAME` and `sanitize recipes show NAME` say so.

**What is not**: the models (theirs BERT, 110 M parameters and 144 heads; ours MiniLM-L6, 22.7 M and 72 heads), who
poisoned them and how, the triggered texts, and the clean texts that a defender has (1000 here). They give no floor. A
lower number on one side shows no better method; that a method does here what its paper reports, or does not, is all
that can be read off. `paper/pure` may fall to an accuracy of 85 %, as published; the other recipes stop at a loss of
two points.
"""


def page() -> str:
    """The page, from the two files as they are."""
    report = from_json((CARDS / "victims" / "results.json").read_text(encoding="utf-8"), "benchmark")
    assert isinstance(report, BenchmarkReport)
    published = yaml.safe_load((CARDS / "papers" / "published.yaml").read_text(encoding="utf-8"))
    rows = [row for table in published for row in _rows(table, report)]
    sources = list(dict.fromkeys(table["source"] for table in published))
    environment = Environment(undefined=StrictUndefined, trim_blocks=False, autoescape=False)
    words = {"rows": rows, "seeds": len(report.seeds), "sources": sources}
    return environment.from_string(TEMPLATE).render(words) + "\n"


def _rows(table: dict[str, Any], report: BenchmarkReport) -> list[dict[str, str]]:
    victim = next(victim for victim in report.victims if victim.name == table["victim"])
    measured = {row.recipe: row for row in report.rows if row.victim == victim.name}
    before = f"{100 * victim.accuracy.value:.1f}/{100 * victim.attack_success.value:.1f}"
    return [
        {
            "victim": victim.name,
            "method": row["method"],
            "published": f"{_pair(*table['before'])} → {_pair(*row['after'])}",
            "here": f"{before} → {_here(measured[row['recipe']], len(report.seeds))}",
            "recipe": row["recipe"],
            "floor": "—" if victim.floor is None else f"{100 * victim.floor.value:.1f}",
        }
        for row in table["rows"]
    ]


def _pair(accuracy: float, success: float) -> str:
    return f"{accuracy:.1f}/{success:.1f}"


def _here(row: BenchmarkRow, seeds: int) -> str:
    if row.accuracy is None or row.attack_success is None:
        return "not run"
    few = f" ({len(row.seeds)} of {seeds} seeds)" if len(row.seeds) < seeds else ""
    return _pair(100 * row.accuracy.mean, 100 * row.attack_success.mean) + few


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
