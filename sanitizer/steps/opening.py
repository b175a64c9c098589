"""The model of a run on this machine: whole on one device, or spread over several places and then never tuned."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sanitizer.applying.headplan import HeadPlan
from sanitizer.applying.operation import Operation
from sanitizer.auto import AUTO
from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import UnsupportedError
from sanitizer.intake import Intake
from sanitizer.model.placement import choose_spread, spread_over, weight_bytes
from sanitizer.model.save import save
from sanitizer.model.subject import Subject, choose_device, choose_dtype, open_subject
from sanitizer.options import Layout, ScanOptions
from sanitizer.plan import TreatmentPlan
from sanitizer.progress import Progress
from sanitizer.recipe import Recipe

REMOVAL = "remove"
"""The one treatment that needs no gradient of a weight."""
TUNED_SCORES = {"sparsity": {}, "gradient": {"of": "key"}}
"""Strategies that take gradients of weights, and with which settings they do."""


def opened(options: ScanOptions, checkpoint: Checkpoint, folder: Path) -> Subject:
    """Open it where the options say; `folder` is for weights that are changed where they are kept on disk."""
    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device)
    need = weight_bytes(checkpoint, dtype)
    spread = choose_spread(options.device, options.max_memory, folder, need=need)
    return open_subject(checkpoint, device=device, dtype=dtype, spread=spread)


def demand_whole(subject: Subject, recipe: Recipe | None, *, base: bool) -> None:
    """Raises UnsupportedError if the model is spread and the recipe, if any, would take gradients of its weights.

    Nor is a spread model compared with its base.
    """
    if not subject.spread:
        return
    hint = "`--recipe remove-only` tunes nothing; or give one device memory for all of it"
    if base:
        raise UnsupportedError("--base needs a model whose weights are all in one place", hint="leave it out")
    if recipe is None:
        return
    tuning = [step.name for step in (*recipe.prepare, *recipe.treatments) if step.name != REMOVAL]
    if recipe.strategy == AUTO or tuning:
        what = "auto" if recipe.strategy == AUTO else tuning[0]
        raise UnsupportedError(f"{what} tunes weights, and this model is spread over {_where(subject)}", hint=hint)
    asked = TUNED_SCORES.get(recipe.strategy)
    if asked is not None and asked.items() <= dict(recipe.settings).items():
        raise UnsupportedError(f"{recipe.strategy} needs gradients of weights that are not all in one place", hint=hint)


def spread_remark(subject: Subject) -> tuple[str, ...]:
    """What a reader of the report should know about where it was computed; empty for a model that is whole."""
    return (f"the model was spread over {_where(subject)}",) if subject.spread else ()


def write_model(
    subject: Subject, plan: TreatmentPlan, intake: Intake, layout: Layout, target: Path, progress: Progress
) -> None:
    """Save it. One that is spread is written out of the vetted files instead, in blocks: only heads were removed."""
    if not subject.spread:
        save(subject, intake.checkpoint, target)
        return
    target.mkdir(parents=True, exist_ok=True)
    heads = HeadPlan("the plan", "", tuple(sorted(plan.remove)), digest=intake.checkpoint.digest)
    Operation.of(heads, intake, layout).write(target, progress)


def _where(subject: Subject) -> str:
    """Shares of the weights by place: `cpu (40 %), disk (60 %)`."""
    sizes: Counter[str] = Counter()
    places = spread_over(subject.model)
    for name, weight in subject.model.named_parameters():
        module = next((part for part in _parents(name) if part in places), "")
        sizes[str(places.get(module, ""))] += weight.numel()
    whole = sum(sizes.values())
    return ", ".join(f"{place} ({100 * size / whole:.0f} %)" for place, size in sorted(sizes.items()))


def _parents(name: str) -> list[str]:
    """`a.b.c`, `a.b`, `a` and the model itself."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), -1, -1)]
