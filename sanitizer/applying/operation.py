"""A plan held against a vetted model: everything is decided and checked here, before a byte is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import sanitizer
from sanitizer.applying.edits import Edit, edits_of
from sanitizer.applying.headplan import HeadPlan, check_digest, check_fits
from sanitizer.applying.rewrite import rewrite
from sanitizer.applying.target import LARGEST, Output, index_of, outputs_of
from sanitizer.checkpoint import Checkpoint
from sanitizer.filed import Filed
from sanitizer.gates import left_out as remark
from sanitizer.intake import Intake
from sanitizer.model.geometry import Split, split, without
from sanitizer.model.settings import carry, needs_loader, write_settings
from sanitizer.omitted import constants, parameters_of
from sanitizer.options import Layout
from sanitizer.output import files_of
from sanitizer.progress import Progress
from sanitizer.report import ApplyReport, HeadOutcome, PlanFile

REMOVAL = "remove"
"""The one treatment of a run that applying its plan repeats."""


@dataclass(frozen=True)
class Operation:
    """What is to be done. `constants` are tensors of older versions that no model of today has a place for."""

    plan: HeadPlan
    filed: Filed
    layout: Layout
    done: Split
    edits: Mapping[str, Edit]
    constants: tuple[str, ...]
    outputs: tuple[Output, ...]

    @classmethod
    def of(cls, plan: HeadPlan, intake: Intake, layout: Layout, *, other_model: bool = False) -> Operation:
        """Hold the plan against the files.

        Raises UsageError for a plan that does not fit or, without `other_model`, is not for these files; CorruptError
        for weights that do not fill the config's model, UnsupportedError for a model that is not known.
        """
        vetted, filed = intake.checkpoint, Filed.of(intake)
        geometry = filed.settings.geometry
        check_fits(plan, filed.settings.config.model_type, [layer.heads for layer in geometry.layers])
        check_digest(plan, vetted.digest, other_model=other_model)
        done = split(geometry, plan.heads) if layout == "compact" else Split((), plan.heads)
        tensors = filed.tensors
        edits = edits_of(geometry, done, filed.shapes)
        outputs = outputs_of(filed.headers, edits, filed.left_out, largest=LARGEST)
        return cls(plan, filed, layout, done, edits, constants(tensors), outputs)

    def write(self, target: Path, progress: Progress) -> None:
        """Write the model into an empty folder: the bytes that removing the heads in memory and saving would write.

        That holds for weights under the names that `save_pretrained` gives them, and up to `LARGEST` bytes. Without a
        model nobody knows others: they keep their names, and what no part of the model reads is carried along.
        """
        vetted, settings = self.filed.intake.checkpoint, self.filed.settings
        rewrite(vetted, self.filed.headers, self.outputs, self.edits, target, progress=progress)
        for name, content in index_of(self.outputs).items():
            (target / name).write_bytes(content)
        write_settings(settings, without(settings.geometry, self.done.cut), self.filed.dtype, vetted, target)
        carry(vetted, target)

    def report(self, written: Checkpoint | None = None) -> ApplyReport:
        """The record; `written` are the files of the result, None if there is none."""
        plan, filed = self.plan, self.filed
        vetted, settings = filed.intake.checkpoint, filed.settings
        outcomes = {**dict.fromkeys(self.done.cut, "removed"), **dict.fromkeys(self.done.zero, "zeroed")}
        left = without(settings.geometry, self.done.cut)
        return ApplyReport(
            sanitizer=sanitizer.__version__,
            transformers=version("transformers"),
            source=filed.source(),
            vetting=filed.intake.record,
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
            needs_loader=needs_loader(settings, left),
            written=written is not None,
            warnings=remark(self.constants, settings.architecture),
            files=() if written is None else files_of(written, vetted),
        )
