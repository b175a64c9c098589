"""What lies beside a model whose heads a plan took out: its card, the record, the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import yaml
from markupsafe import Markup

from sanitizer.card import MOST_ROWS, about, head_map
from sanitizer.checkpoint import FileDigest
from sanitizer.markdown import fence
from sanitizer.output import FOLDER, seal
from sanitizer.pages import template
from sanitizer.report import ApplyReport
from sanitizer.schema import write_report
from sanitizer.snippets import loading

TEMPLATE = "applied-card.md.jinja"
RECORD = f"{FOLDER}/apply.json"
"""Not `report.json`, which is a run's: `sanitize push` takes no folder of which nothing was measured."""


def write_documents(report: ApplyReport, folder: Path, *, name: str, hashed: Mapping[str, FileDigest]) -> None:
    """Write them all, and the sums over everything last; `hashed` are files of the folder whose digest is known.

    `name` is what the folder will be called once it is in its place.
    """
    (folder / FOLDER).mkdir()
    (folder / "README.md").write_text(render_card(report, folder=name), encoding="utf-8")
    write_report(report, folder / RECORD)
    seal(folder, hashed)


def render_card(report: ApplyReport, *, folder: str) -> str:
    """The card as Markdown with YAML front matter. Values from strangers appear as code spans only."""
    pruned = ["pruned"] if report.heads else []
    data = about(report.source) | {"tags": ["sanitizer", *pruned, "sanitizer-apply"]}
    return template(TEMPLATE).render(
        report=report,
        front=Markup(yaml.safe_dump(data, sort_keys=False, width=2**31)),  # noqa: S704  YAML, quoted by its own writer
        title=folder,
        outcomes=Counter(record.outcome for record in report.heads),
        head_map=fence(head_map(report), "text"),
        loading=fence(loading(report, f"./{folder}"), "python"),
        most=MOST_ROWS,
        count=lambda number: Markup(f"{number:,}"),  # noqa: S704  a number
    )
