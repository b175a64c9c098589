"""What lies beside a model: its card, its recipe to run again, the lock of what was used, the report, and sums."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import yaml

from sanitizer.card import FIGURE, render_card
from sanitizer.cardparts import around, kept
from sanitizer.errors import GateError, UsageError
from sanitizer.files import replace_text
from sanitizer.html.comparison import render_comparison
from sanitizer.html.figure import render_figure
from sanitizer.html.page import render_page
from sanitizer.html.read import read_report
from sanitizer.hub.finished import verified
from sanitizer.output import FOLDER, SUMS, seal
from sanitizer.recipe import Recipe
from sanitizer.report import CompareReport, RunReport
from sanitizer.schema import write_report
from sanitizer.vet.card import CAP as CARD_CAP
from sanitizer.vet.card import every_field

CARD = "README.md"


def write_documents(
    report: RunReport, recipe: Recipe, folder: Path, *, repo_name: str | None, name: str, old: str | None = None
) -> None:
    """Write them all; the sums over everything come last. Raises CorruptError for a report that does not validate.

    `name` is what the folder will be called once it is in its place; what its owner wrote around the own part of the
    `old` card there stays.
    """
    notes = folder / FOLDER
    notes.mkdir()
    (folder / CARD).write_text(_card(report, repo_name, name, old), encoding="utf-8")
    (notes / "recipe.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
    (notes / "lock.json").write_text(json.dumps(lock_of(report, recipe), indent=2) + "\n", encoding="utf-8")
    write_report(report, notes / "report.json")
    (notes / "report.html").write_text(render_page(report), encoding="utf-8")
    (folder / FIGURE).write_text(render_figure(report), encoding="utf-8")
    seal(folder)


def lock_of(report: RunReport, recipe: Recipe) -> dict[str, object]:
    """Everything that decides the outcome, and nothing that changes from run to run."""
    source, data, base = report.source, report.data, report.base
    return {
        "source": {"name": source.name, "commit": source.commit, "sha256": source.digest},
        **({} if base is None else {"base": {"name": base.name, "commit": base.commit, "sha256": base.digest}}),
        "data": {"name": data.name, "commit": data.commit, "sha256": data.sha256},
        "recipe": yaml.safe_load(recipe.to_yaml()),
        "budget": asdict(report.recipe.budget),
        "layout": report.recipe.layout,
        "seed": report.recipe.seed,
        "dtype": report.recipe.dtype,
        "batch_size": report.recipe.batch_size,
        "tool": asdict(report.tool),
    }


def card_of(folder: Path) -> str | None:
    """The card of a folder that is to be replaced; None where there is none that could be read."""
    path = folder / CARD
    if not path.is_file() or path.stat().st_size > CARD_CAP:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _card(report: RunReport, repo_name: str | None, name: str | None, old: str | None) -> str:
    card = render_card(report, repo_name=repo_name, folder=name)
    return kept(card, old, {} if old is None else every_field(old.encode()))


def address(report: RunReport, folder: Path, repo_name: str, *, old: str | None = None) -> None:
    """Make the card of a finished folder name the repository it goes to, and bring its figure.

    What the owner of the `old` card there wrote around its own part stays, else what is around it in the folder's.
    Raises GateError if any file was changed.
    """
    verified(folder)
    base = old if old is not None and around(old) is not None else card_of(folder)
    wanted = {CARD: _card(report, repo_name, None, base), FIGURE: render_figure(report)}
    there = {name: path.read_text(encoding="utf-8") for name in wanted if (path := folder / name).is_file()}
    if there != wanted:
        for name, text in wanted.items():
            (folder / name).write_text(text, encoding="utf-8")
        seal(folder)


def write_page(place: Path, target: Path | None = None) -> Path:
    """Render the page of a result folder, or of a report's file, and say where it is.

    Without `target` it lies beside its JSON; in a result folder it is summed too. Raises UsageError for a place without
    a report and for a `target` among a result's files, CorruptError for a report that is none, GateError for a folder
    that was changed since it was written.
    """
    source = place / FOLDER / "report.json" if place.is_dir() else place
    if not source.is_file():
        raise UsageError(
            f"{place} is not the result of a run: it has no {FOLDER}/report.json",
            hint="name the output of `sanitize MODEL`, or a file of `sanitize scan MODEL --json`",
        )
    page = render_page(read_report(source))
    own, folder = source.with_suffix(".html"), source.resolve().parent.parent
    target = target or own
    if not ((folder / SUMS).is_file() and target.resolve().is_relative_to(folder)):
        replace_text(target, page)
    elif target.resolve() != own.resolve():
        raise UsageError(f"{target} lies among the files of the result", hint="name a place outside, or leave out -o")
    elif not target.is_file() or target.read_text(encoding="utf-8") != page:
        _add_page(folder, target, page)
    return target


def write_comparison(report: CompareReport, target: Path) -> None:
    """Render the page of a comparison. Raises UsageError for a `target` among a result's files."""
    if any((folder / SUMS).is_file() for folder in target.resolve().parents):
        raise UsageError(f"{target} lies among the files of a result", hint="name a place outside of it")
    try:
        replace_text(target, render_comparison(report))
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}", hint="name another place") from error


def _add_page(folder: Path, target: Path, page: str) -> None:
    try:
        verified(folder)
    except GateError as error:
        raise GateError(
            f"{folder} was changed since it was written ({error.message.partition(':')[0]}), so no page is added to it",
            hint="-o FILE writes the page elsewhere",
        ) from error
    replace_text(target, page)
    seal(folder)
