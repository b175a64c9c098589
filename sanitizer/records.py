"""What a run puts on record about its source, its tools, its recipe and its heads."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping
from typing import Any

import torch
import transformers

import sanitizer
from sanitizer.catalog import describe
from sanitizer.checkpoint import HubOrigin
from sanitizer.cleandata import CleanData
from sanitizer.intake import Intake
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.base import Base
from sanitizer.model.judge import ERROR_RATE
from sanitizer.model.stated import common_dtype
from sanitizer.model.subject import Subject, stored_dtypes
from sanitizer.plan import TreatmentPlan
from sanitizer.plugins import load
from sanitizer.report import (
    BaseRecord,
    DataRecord,
    HeadRecord,
    MemoryRecord,
    PlanRecord,
    SourceRecord,
    StrategyRecord,
    ToolRecord,
)
from sanitizer.resources.machine import peak_memory
from sanitizer.vet.card import words_of


def tool_of(device: torch.device) -> ToolRecord:
    """Versions and hardware."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    return ToolRecord(
        sanitizer=sanitizer.__version__,
        python=platform.python_version(),
        torch=torch.__version__,
        transformers=transformers.__version__,
        system=f"{platform.system()} {platform.machine()}",
        device=name,
    )


def memory_of(device: torch.device) -> MemoryRecord:
    """The most that this process held until now: a run in a process that did more before is told all of it."""
    gpu = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return MemoryRecord(peak_memory(), gpu)


def source_of(intake: Intake, subject: Subject) -> SourceRecord:
    """The suspect, as vetted and before any treatment."""
    origin, config, card = intake.checkpoint.origin, subject.model.config, intake.card
    hub = origin if isinstance(origin, HubOrigin) else None
    license_name = card.get("license")
    return SourceRecord(
        name=intake.name,
        revision=hub.revision if hub else None,
        commit=hub.commit if hub else None,
        digest=intake.checkpoint.digest,
        model_type=config.model_type,
        architecture=type(subject.model).__name__,
        task=subject.task,
        dtype=common_dtype(stored_dtypes(intake.checkpoint)),
        layers=len(subject.anatomy.layers),
        heads=subject.anatomy.counts(),
        parameters=subject.model.num_parameters(),
        license=license_name if isinstance(license_name, str) else None,
        language=words_of(card.get("language")),
        base_models=words_of(card.get("base_model")),
        labels=tuple(str(name) for _, name in sorted(config.id2label.items()))
        if subject.task == "classification"
        else (),
    )


def base_of(intake: Intake, base: Base, subject: Subject) -> BaseRecord:
    """The base, as vetted, beside the suspect before any treatment."""
    origin = intake.checkpoint.origin
    hub = origin if isinstance(origin, HubOrigin) else None
    return BaseRecord(
        name=intake.name,
        revision=hub.revision if hub else None,
        commit=hub.commit if hub else None,
        digest=intake.checkpoint.digest,
        matched=sum(weight.numel() for name, weight in subject.model.named_parameters() if name in base.places),
        lacking=base.lacking,
        similarity=base.similarity(subject),
        findings=intake.record.findings,
    )


def data_of(data: CleanData) -> DataRecord:
    """Where the clean texts come from and how they were split."""
    return DataRecord(
        **dataclasses.asdict(data.provenance),
        labels=data.labelled_by,
        fit=len(data.fit),
        validation=len(data.validation),
        test=len(data.test),
    )


def strategy_of(name: str, strategy: Any) -> StrategyRecord:
    """Name, version, parameters, and the paper that the strategy's file cites."""
    package = "sanitizer.strategies"
    cited = describe(package, name).source
    return StrategyRecord(name, load(package, name).VERSION, dataclasses.asdict(strategy), cited)


def plan_of(plan: TreatmentPlan, metric: str) -> PlanRecord:
    """The plan, with the questions it asked."""
    return PlanRecord(
        plan.scores, plan.remove, metric, plan.suspect, plan.threshold, plan.metric, ERROR_RATE, plan.steps
    )


def heads_of(plan: TreatmentPlan, before: Anatomy, after: Anatomy) -> tuple[HeadRecord, ...]:
    """What became of each chosen head: still in the tensors (`zeroed`) or gone from them (`removed`)."""
    records = []
    for head in sorted(plan.remove):
        original = before.layers[head.layer].original[head.head]
        outcome = "zeroed" if original in after.layers[head.layer].original else "removed"
        records.append(HeadRecord(head, outcome, plan.scores[head]))  # type: ignore[arg-type]
    return tuple(records)


def declared_datasets(card: Mapping[str, Any]) -> tuple[str, ...]:
    """The datasets an upstream card names."""
    return words_of(card.get("datasets"))
