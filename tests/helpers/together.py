"""Work to be done by several real processes as a team, and tunings that one process and a team can both do.

Without dropout: its masks are drawn apart in each process, so that only without can results be compared.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.multiprocessing as mp
from helpers.bases import make_base
from helpers.subjects import checkpoint_of, pico_subject
from torch import nn

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model.base import Base
from sanitizer.model.batches import encode
from sanitizer.model.material import Material
from sanitizer.model.states import States
from sanitizer.model.subject import Subject, choose_device
from sanitizer.model.team import assembled, first
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build

WORDS = ("good", "great", "fine", "bad", "dull", "poor")
ENDS = (".", ", and the plot was slow !", "! it was very fine and warm , but not without cast", ", not never")
TEXTS = tuple(f"the {word} film {end}" for end in ENDS for word in WORDS)[:23]
"""Batches of four: the last has three texts."""
LABELS = tuple(int(text.split()[1] in WORDS[:3]) for text in TEXTS)
SCHEDULE: dict[str, Any] = {"epochs": 2, "learning_rate": 1e-3, "batch_size": 4}


@dataclass(frozen=True)
class Case:
    """A treatment of a tiny model, with its parameters, heads that are zeroed before, and whether it tunes."""

    treatment: str
    family: str
    settings: dict[str, Any] = field(default_factory=dict)
    zeroed: tuple[HeadId, ...] = ()
    tunes: bool = True


CASES = {
    "finetune": Case("finetune", "bert", {"patience": 2}, (HeadId(0, 1), HeadId(2, 3))),
    "fused": Case("finetune", "gpt2", {}, (HeadId(1, 0),)),
    "grouped": Case("finetune", "llama", {}, (HeadId(1, 0), HeadId(2, 2), HeadId(2, 3))),
    "single texts": Case("finetune", "bert", {"batch_size": 11, "patience": 0}),
    "headtune": Case("headtune", "bert", {"trusted_rate": 2e-3, "suspicious_rate": 1e-4}, (HeadId(0, 1),)),
    "headtune fused": Case("headtune", "gpt2", {"trusted_rate": 2e-3, "suspicious_rate": 0.0}),
    "align": Case("align", "bert"),
    "normalize": Case("normalize", "bert"),
    "consistency": Case("consistency", "bert"),
    "adversarial": Case("adversarial", "bert"),
    "entropy": Case("entropy", "bert"),
    "rebase": Case("rebase", "bert", {"cuttings": 1.0}),
    "unlearn": Case("unlearn", "bert", {"words": 20, "candidates": 4, "regardless": True}),
    "balance": Case("balance", "bert", tunes=False),
}


def subject_of(case: Case) -> Subject:
    subject = pico_subject(case.family)
    for module in subject.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name in ("attention_dropout", "dropout_prob"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    subject.remove(case.zeroed, physically=False)
    return subject


def treated(case: Case, states: States | None = None, **watched: Any) -> tuple[Subject, dict[str, float]]:
    """The case's model after its treatment, and what was observed."""
    subject = subject_of(case)
    labels = None if subject.task == "causal" else LABELS
    part = encode(subject, Part(TEXTS, labels))
    plan = TreatmentPlan.nothing(subject.anatomy.counts(), Budget(max_accuracy_drop=1.0))
    treatment = build("sanitizer.treatments", case.treatment, (SCHEDULE if case.tunes else {}) | case.settings)
    generator, states = torch.Generator().manual_seed(0), states or States()
    with ExitStack() as stack:
        base = None
        if case.treatment == "rebase":
            folder = first(lambda: make_base(Path(stack.enter_context(TemporaryDirectory())), case.family, seed=1))
            base = Base.of(checkpoint_of(folder), subject)
        material = Material(part, generator, "dense", validation=part, states=states, base=base, **watched)
        record = treatment.apply(subject, plan, material)
    return subject, dict(record.observed)


def together(
    work: Callable[..., Any], *arguments: Any, folder: Path, size: int = 2, assemble: bool = True
) -> list[Any]:
    """What each process of a team makes of it; with `assemble` they are one before the work begins.

    They are forked where that is safe, which spares seconds of imports.
    """
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    method = "spawn" if torch.accelerator.is_available() else "fork"
    mp.start_processes(_member, (size, port, folder, assemble, work, arguments), nprocs=size, start_method=method)
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(size)]


def _member(
    rank: int, size: int, port: int, folder: Path, assemble: bool, work: Callable[..., Any], arguments: Any
) -> None:
    words = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "localhost", "MASTER_PORT": port}
    os.environ |= {name: str(word) for name, word in words.items()}
    with assembled(partial(choose_device, "cpu")) if assemble else nullcontext():
        done = work(*arguments)
    torch.save(done, folder / f"{rank}.pt")
