"""The whole run again, in a private folder, and its tensors held against the result's."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import cast

from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.compare.stored import Stored
from sanitizer.compare.tensors import compare_tensors
from sanitizer.options import DataOptions, Dtype, RunOptions, VerifyOptions
from sanitizer.pipeline import run
from sanitizer.progress import Progress
from sanitizer.recipe import Recipe
from sanitizer.report import ClaimRecord, RunReport, TensorsRecord
from sanitizer.vet.inventory import needed

CLAIM = "the recipe, run again on the source and the data, gives these weights"


def rerun_claim(
    options: VerifyOptions,
    model: str,
    revision: str | None,
    base: str | None,
    data: DataOptions,
    here: Checkpoint,
    report: RunReport,
    recipe: Recipe,
    progress: Progress,
) -> ClaimRecord:
    """Run and compare. The same versions and the same hardware give the same bits; others need not.

    Raises what a run raises.
    """
    with tempfile.TemporaryDirectory(prefix="sanitizer-") as work:
        output = Path(work) / "again"
        words = RunOptions(
            model=model,
            revision=revision,
            data=data,
            base=base,
            recipe=recipe,
            output=output,
            layout=report.recipe.layout,
            seed=report.recipe.seed,
            dtype=cast(Dtype, report.recipe.dtype),  # it was opened in this before
            batch_size=report.recipe.batch_size,
            device=options.device,
            token=options.token,
            resume=False,
        )
        made = run(words, progress=progress).report
        if report.base is not None and made.base is not None and made.base.digest != report.base.digest:
            found_base = f"{made.base.name} is not the base of the report, by the digest of its vetted files"
            return ClaimRecord("rerun", CLAIM, "unknown", found_base)
        names = needed(path.name for path in output.iterdir() if path.is_file())
        fresh = Stored.of(Checkpoint.of_folder(output, LocalOrigin("again"), names))
        found = compare_tensors(fresh, Stored.of(here), progress=progress)
    if not found.differences:
        return ClaimRecord("rerun", CLAIM, "held", f"all {found.equal} tensors are equal, bit by bit")
    words_of_it = _apart(found)
    ours, theirs = asdict(made.tool), asdict(report.tool)
    other = [f"{key} {theirs[key]} there, {ours[key]} here" for key in ours if ours[key] != theirs[key]]
    if other:
        return ClaimRecord("rerun", CLAIM, "unknown", f"{words_of_it}; but it was made elsewhere: {', '.join(other)}")
    return ClaimRecord("rerun", CLAIM, "false", words_of_it)


def _apart(found: TensorsRecord) -> str:
    shapes = [difference.name for difference in found.differences if difference.what != "changed"]
    total = found.equal + len(found.differences)
    if shapes:
        return f"{len(found.differences)} of {total} tensors differ, {len(shapes)} of them in shape: {shapes[0]}"
    largest = max((difference.largest or 0.0 for difference in found.differences), default=0.0)
    return f"{len(found.differences)} of {total} tensors differ, by {largest:.2e} at most"
