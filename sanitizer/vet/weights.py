"""A model has weights, in safetensors or in a `.bin` that can be read as data."""

from __future__ import annotations

from collections.abc import Iterable

from sanitizer.checkpoint import Checkpoint
from sanitizer.report import Finding
from sanitizer.vet.inventory import weight_files
from sanitizer.vet.leftovers import PICKLES
from sanitizer.vet.rules import Rule

PICKLE_ONLY = Rule(
    "weights.pickle-only",
    "high",
    "the only weights are pickles, which can run code when they are loaded",
    "ask the author for safetensors; a state dict saved as pytorch_model.bin can be read too",
    why="Unpickling calls any function the file names; weights_only=True has been broken before.",
    sources=(
        "https://docs.python.org/3/library/pickle.html",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-32434",
    ),
)
NONE = Rule(
    "weights.none",
    "high",
    "there are no weights in safetensors, nor a pytorch_model.bin",
    "name the folder or repository of a transformers model that holds model.safetensors; merge adapters first",
    why="There is nothing to vet and nothing to treat.",
)


def required(checkpoint: Checkpoint, others: Iterable[str]) -> tuple[Finding, ...]:
    """Nothing if there are weights that can be read; else a finding for each pickle among `others`, or one for none."""
    if weight_files(checkpoint.files):
        return ()
    pickles = [name for name in sorted(others) if name.lower().endswith(tuple(PICKLES)) and _is_weights(name)]
    return tuple(PICKLE_ONLY.finding(name) for name in pickles) or (NONE.finding("."),)


def _is_weights(name: str) -> bool:
    """By the names that transformers, torch and PEFT give to weights; an optimizer's state is not weights."""
    return "/" not in name and not name.startswith(("optimizer", "scheduler", "training_args", "rng_state", "scaler"))
