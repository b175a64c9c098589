"""Live subjects over tiny models, without the Hub and the gate in between."""

from __future__ import annotations

from pathlib import Path

import torch
from helpers.pico import CAUSAL, make_folder, make_model, make_tokenizer

from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.observe import IMPLEMENTATION, connect
from sanitizer.model.subject import Subject, open_subject

__all__ = ["checkpoint_of", "make_folder", "open_folder", "pico_subject"]


def pico_subject(family: str = "bert", *, seed: int = 0, **changes: object) -> Subject:
    """A random model as a subject, straight from memory."""
    model = make_model(family, seed=seed, **changes)
    model.set_attn_implementation(IMPLEMENTATION)
    anatomy = Anatomy.of(model)
    connect(anatomy)
    return Subject(model, make_tokenizer(), anatomy, "causal" if family in CAUSAL else "classification")


def checkpoint_of(folder: Path) -> Checkpoint:
    """Every file of a flat folder, by digest."""
    return Checkpoint.of_folder(folder, LocalOrigin(folder.name), [path.name for path in folder.iterdir()])


def open_folder(folder: Path, *, dtype: torch.dtype = torch.float32) -> Subject:
    """Open a folder on the CPU."""
    return open_subject(checkpoint_of(folder), device=torch.device("cpu"), dtype=dtype)
