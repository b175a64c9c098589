"""Report, recipe and lock: whether they are valid, and whether they tell one story."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import sanitizer
from sanitizer.checkpoint import Checkpoint
from sanitizer.documents import lock_of
from sanitizer.errors import CorruptError, RefusedError, SanitizerError
from sanitizer.gates import unfit
from sanitizer.recipe import Recipe, Step
from sanitizer.report import ClaimRecord, RunReport, TreatmentRecord
from sanitizer.resolve import budget_for, budget_of
from sanitizer.schema import from_json, to_json
from sanitizer.verify.listing import LOCK, RECIPE, REPORT, several
from sanitizer.vet.jsonstrict import parse_object

CAP = 64 << 20
"""Bytes of one paper that are read."""


def text_of(checkpoint: Checkpoint, name: str) -> str | None:
    """A paper as text, None if it is not there. Raises CorruptError for one that is too large or no text."""
    if name not in checkpoint.files:
        return None
    if checkpoint.files[name].size > CAP:
        raise CorruptError(f"{name} is larger than {CAP >> 20} MiB")
    try:
        return checkpoint.read(name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorruptError(f"{name} is not UTF-8") from error


def report_claim(checkpoint: Checkpoint) -> tuple[RunReport | None, ClaimRecord]:
    """The report, if it is one, and whether it is of its schema.

    Another version's report may have other fields, so what is JSON and not of this schema is unknown.
    """
    claim = f"{REPORT} is the report of a run"
    try:
        text = text_of(checkpoint, REPORT)
        if text is None:
            return None, ClaimRecord("report", claim, "unknown", f"there is no {REPORT}")
        parse_object(text.encode(), REPORT)
    except (CorruptError, RefusedError) as error:
        return None, ClaimRecord("report", claim, "false", error.message)
    try:
        report = from_json(text, "report")
    except CorruptError as error:
        found = f"sanitizer {sanitizer.__version__} cannot read it: {error.message}"
        return None, ClaimRecord("report", claim, "unknown", found)
    assert isinstance(report, RunReport)
    return report, ClaimRecord("report", claim, "held", f"it is of its schema; it tells of {_run(report)}")


def complete(checkpoint: Checkpoint, report: RunReport) -> bool:
    """Whether the file of this report says all that this version records; what an earlier one wrote lacks something."""
    return bool(json.loads(text_of(checkpoint, REPORT) or "null") == json.loads(to_json(report)))


def recipe_claim(checkpoint: Checkpoint, report: RunReport) -> tuple[Recipe | None, ClaimRecord]:
    """The recipe, if it is one, and whether it is that of the report."""
    claim = f"{RECIPE} is the recipe that the report tells of"
    try:
        text = text_of(checkpoint, RECIPE)
        if text is None:
            return None, ClaimRecord("recipe", claim, "unknown", f"there is no {RECIPE}")
        recipe = Recipe.from_yaml(text, name=RECIPE)
        wrong = list(_other_recipe(recipe, report))
    except SanitizerError as error:
        return None, ClaimRecord("recipe", claim, "false", error.message)
    if wrong:
        return recipe, ClaimRecord("recipe", claim, "false", several(wrong))
    return recipe, ClaimRecord("recipe", claim, "held", "strategy, treatments, their parameters and the budget agree")


def lock_claim(checkpoint: Checkpoint, report: RunReport, recipe: Recipe | None) -> ClaimRecord:
    """Whether the lock says what report and recipe say."""
    claim = f"{LOCK} pins what the report tells of"
    try:
        text = text_of(checkpoint, LOCK)
        if text is None:
            return ClaimRecord("lock", claim, "unknown", f"there is no {LOCK}")
        if recipe is None:
            return ClaimRecord("lock", claim, "unknown", f"there is no {RECIPE} to hold it against")
        found = parse_object(text.encode(), LOCK)
    except (CorruptError, RefusedError) as error:
        return ClaimRecord("lock", claim, "false", error.message)
    wanted = json.loads(json.dumps(lock_of(report, recipe)))
    wrong = [f"{key} differs" for key in sorted(wanted.keys() | found.keys()) if wanted.get(key) != found.get(key)]
    if wrong:
        return ClaimRecord("lock", claim, "false", several(wrong))
    return ClaimRecord("lock", claim, "held", "source, data, recipe, seed and versions agree")


def _run(report: RunReport) -> str:
    source = report.source
    at = f" at commit {source.commit}" if source.commit else ""
    return f"{source.name}{at}, treated with {report.recipe.strategy.name} on {report.data.name}"


def _other_recipe(recipe: Recipe, report: RunReport) -> Iterator[str]:
    told = report.recipe
    if recipe.strategy != told.strategy.name:
        yield f"the strategy is {recipe.strategy}, the report says {told.strategy.name}"
    if _plain(recipe.settings) != _plain(told.strategy.parameters):
        yield "the parameters of the strategy differ"
    if budget_of(budget_for(recipe)) != told.budget:
        yield "the budget differs"
    yield from _other_steps("prepare", recipe.prepare, told.prepare, report.prepare, report)
    yield from _other_steps("treatments", recipe.treatments, told.treatments, report.treatments, report)


def _other_steps(
    what: str, steps: Sequence[Step], names: Sequence[str], records: Sequence[TreatmentRecord], report: RunReport
) -> Iterator[str]:
    """`remove` records the layout, which is no parameter of a recipe: so a record may say more than its step."""
    taken = [step for step in steps if not unfit(step.name, report.data.labels, report.data.origin)]
    if [step.name for step in taken] != list(names) or list(names) != [record.name for record in records]:
        yield f"{what} are {[step.name for step in taken]}, the report says {list(names)}"
        return
    for step, record in zip(taken, records, strict=True):
        told = _plain(record.parameters)
        if any(key not in told or told[key] != value for key, value in _plain(step.settings).items()):
            yield f"the parameters of {step.name} differ"


def _plain(values: Any) -> dict[str, Any]:
    """As JSON has them: tuples are lists there."""
    found: dict[str, Any] = json.loads(json.dumps(dict(values)))
    return found
