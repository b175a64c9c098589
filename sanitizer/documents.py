"""What lies beside a model: its card, the recipe to run again, the lock of what was used, the report, the sums."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import yaml

from sanitizer.card import render_card
from sanitizer.hub.finished import verified
from sanitizer.output import FOLDER, seal
from sanitizer.recipe import Recipe
from sanitizer.report import RunReport
from sanitizer.schema import write_report


def write_documents(report: RunReport, recipe: Recipe, folder: Path, *, repo_name: str | None, name: str) -> None:
    """Write them all; the sums over everything come last. Raises CorruptError for a report that does not validate.

    `name` is what the folder will be called once it is in its place.
    """
    notes = folder / FOLDER
    notes.mkdir()
    (folder / "README.md").write_text(render_card(report, repo_name=repo_name, folder=name), encoding="utf-8")
    (notes / "recipe.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
    (notes / "lock.json").write_text(json.dumps(lock_of(report, recipe), indent=2) + "\n", encoding="utf-8")
    write_report(report, notes / "report.json")
    seal(folder)


def lock_of(report: RunReport, recipe: Recipe) -> dict[str, object]:
    """Everything that decides the outcome, and nothing that changes from run to run."""
    source, data = report.source, report.data
    return {
        "source": {"name": source.name, "commit": source.commit, "sha256": source.digest},
        "data": {"name": data.name, "commit": data.commit, "sha256": data.sha256},
        "recipe": yaml.safe_load(recipe.to_yaml()),
        "budget": asdict(report.recipe.budget),
        "layout": report.recipe.layout,
        "seed": report.recipe.seed,
        "dtype": report.recipe.dtype,
        "batch_size": report.recipe.batch_size,
        "tool": asdict(report.tool),
    }


def address(report: RunReport, folder: Path, repo_name: str) -> None:
    """Make the card of a finished folder name the repository it goes to. Raises GateError if any file was changed."""
    verified(folder)
    card = render_card(report, repo_name=repo_name)
    path = folder / "README.md"
    if path.read_text(encoding="utf-8") != card:
        path.write_text(card, encoding="utf-8")
        seal(folder)
