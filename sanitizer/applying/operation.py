"""A plan held against a vetted model: everything is decided and checked here, before a byte is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import sanitizer
from sanitizer.applying.edits import Edit, edits_of
from sanitizer.applying.headplan import HeadPlan, check_digest, check_fits
from sanitizer.applying.names import constants, left_out
from sanitizer.applying.rewrite import rewrite
from sanitizer.applying.target import LARGEST, Output, index_of, outputs_of, parameters_of
from sanitizer.checkpoint import Checkpoint, HubOrigin
from sanitizer.errors import CorruptError
from sanitizer.gates import left_out as remark
from sanitizer.intake import Intake
from sanitizer.model.geometry import Split, split, without
from sanitizer.model.settings import Settings, carry, needs_loader, read_settings, write_settings
from sanitizer.model.stated import common_dtype
from sanitizer.options import Layout
from sanitizer.output import files_of
from sanitizer.progress import Progress
from sanitizer.report import ApplyReport, HeadOutcome, PlanFile, SourceRecord
from sanitizer.vet.card import words_of
from sanitizer.vet.header import Header
from sanitizer.vet.shapes import MISSING, SHAPE
from sanitizer.vet.tensors import headers

REMOVAL = "remove"
"""The one treatment of a run that applying its plan repeats."""


@dataclass(frozen=True)
class Operation:
    """What is to be done. `constants` are tensors of older versions that no model of today has a place for."""

    plan: HeadPlan
    intake: Intake
    layout: Layout
    settings: Settings
    done: Split
    headers: Mapping[str, Header]
    edits: Mapping[str, Edit]
    left_out: frozenset[str]
    constants: tuple[str, ...]
    outputs: tuple[Output, ...]

    @classmethod
    def of(cls, plan: HeadPlan, intake: Intake, layout: Layout, *, other_model: bool = False) -> Operation:
        """Hold the plan against the files.

        Raises UsageError for a plan that does not fit or, without `other_model`, is not for these files; CorruptError
        for weights that do not fill the config's model, UnsupportedError for a model that is not known.
        """
        vetted, record = intake.checkpoint, intake.record
        for finding in record.findings:
            if finding.rule in (SHAPE.id, MISSING.id):
                raise CorruptError(f"{finding.file}: {finding.message}", hint=finding.hint)
        settings = read_settings(vetted)
        geometry = settings.geometry
        check_fits(plan, settings.config.model_type, [layer.heads for layer in geometry.layers])
        check_digest(plan, vetted.digest, other_model=other_model)
        done = split(geometry, plan.heads) if layout == "compact" else Split((), plan.heads)
        there = headers(vetted)
        tensors = {name: tensor for header in there.values() for name, tensor in header.tensors.items()}
        edits = edits_of(geometry, done, {name: tensor.shape for name, tensor in tensors.items()})
        leave = left_out(json.loads(vetted.read("config.json")), tensors, record.findings)
        outputs = outputs_of(there, edits, leave, largest=LARGEST)
        return cls(plan, intake, layout, settings, done, there, edits, leave, constants(tensors), outputs)

    def write(self, target: Path, progress: Progress) -> None:
        """Write the model into an empty folder: the bytes that removing the heads in memory and saving would write.

        That holds for weights under the names that `save_pretrained` gives them, and up to `LARGEST` bytes. Without a
        model nobody knows others: they keep their names, and what no part of the model reads is carried along.
        """
        vetted = self.intake.checkpoint
        rewrite(vetted, self.headers, self.outputs, self.edits, target, progress=progress)
        for name, content in index_of(self.outputs).items():
            (target / name).write_bytes(content)
        write_settings(self.settings, without(self.settings.geometry, self.done.cut), self._dtype, vetted, target)
        carry(vetted, target)

    def report(self, written: Checkpoint | None = None) -> ApplyReport:
        """The record; `written` are the files of the result, None if there is none."""
        plan, vetted = self.plan, self.intake.checkpoint
        outcomes = {**dict.fromkeys(self.done.cut, "removed"), **dict.fromkeys(self.done.zero, "zeroed")}
        left = without(self.settings.geometry, self.done.cut)
        return ApplyReport(
            sanitizer=sanitizer.__version__,
            transformers=version("transformers"),
            source=self._source(),
            vetting=self.intake.record,
            plan=PlanFile(
                plan.name,
                plan.sha256,
                plan.model,
                plan.digest,
                other_model=plan.digest != vetted.digest,
                not_repeated=tuple(name for name in plan.treatments if name != REMOVAL),
            ),
            layout=self.layout,
            heads=tuple(HeadOutcome(head, outcomes[head]) for head in sorted(outcomes)),  # type: ignore[arg-type]
            parameters_after=parameters_of(output.header for output in self.outputs),
            needs_loader=needs_loader(self.settings, left),
            written=written is not None,
            warnings=remark(self.constants, self.settings.architecture),
            files=() if written is None else files_of(written, vetted),
        )

    @property
    def _dtype(self) -> str:
        return common_dtype(
            {name: tensor.dtype for header in self.headers.values() for name, tensor in header.tensors.items()}
        )

    def _source(self) -> SourceRecord:
        origin, config, card = self.intake.checkpoint.origin, self.settings.config, self.intake.card
        hub = origin if isinstance(origin, HubOrigin) else None
        license_name, labels = card.get("license"), sorted(config.id2label.items())
        layers = self.settings.geometry.layers
        return SourceRecord(
            name=self.intake.name,
            revision=hub.revision if hub else None,
            commit=hub.commit if hub else None,
            digest=self.intake.checkpoint.digest,
            model_type=config.model_type,
            architecture=self.settings.architecture,
            task=self.settings.task,
            dtype=self._dtype,
            layers=len(layers),
            heads=tuple(layer.heads for layer in layers),
            parameters=parameters_of(self.headers.values(), self.left_out),
            license=license_name if isinstance(license_name, str) else None,
            language=words_of(card.get("language")),
            base_models=words_of(card.get("base_model")),
            labels=tuple(str(name) for _, name in labels) if self.settings.task == "classification" else (),
        )
