"""A vetted model as its files say it is: config, headers of the weights, and its record. No model is built."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sanitizer.checkpoint import HubOrigin
from sanitizer.errors import CorruptError
from sanitizer.intake import Intake
from sanitizer.model.settings import Settings, read_settings
from sanitizer.model.stated import common_dtype
from sanitizer.omitted import left_out, parameters_of
from sanitizer.report import SourceRecord
from sanitizer.vet.card import words_of
from sanitizer.vet.header import Header, TensorInfo
from sanitizer.vet.shapes import MISSING, SHAPE
from sanitizer.vet.tensors import headers


@dataclass(frozen=True)
class Filed:
    """`headers` are those of each file of weights, in the rebuilt copy; `left_out` are tensors that no model needs."""

    intake: Intake
    settings: Settings
    headers: Mapping[str, Header]
    left_out: frozenset[str]

    @classmethod
    def of(cls, intake: Intake) -> Filed:
        """Read them.

        Raises CorruptError for weights that do not fill the config's model, and what `read_settings` raises.
        """
        for finding in intake.record.findings:
            if finding.rule in (SHAPE.id, MISSING.id):
                raise CorruptError(f"{finding.file}: {finding.message}", hint=finding.hint)
        vetted, there = intake.checkpoint, headers(intake.checkpoint)
        names = [name for header in there.values() for name in header.tensors]
        leave = left_out(json.loads(vetted.read("config.json")), names, intake.record.findings)
        return cls(intake, read_settings(vetted), there, leave)

    @property
    def tensors(self) -> Mapping[str, TensorInfo]:
        """Every tensor by its name."""
        return {name: tensor for header in self.headers.values() for name, tensor in header.tensors.items()}

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Of every tensor, by its name."""
        return {name: tensor.shape for name, tensor in self.tensors.items()}

    @property
    def dtype(self) -> str:
        """Of most tensors, in safetensors' words."""
        return common_dtype({name: tensor.dtype for name, tensor in self.tensors.items()})

    def source(self) -> SourceRecord:
        """The record of the model as it is."""
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
            dtype=self.dtype,
            layers=len(layers),
            heads=tuple(layer.heads for layer in layers),
            parameters=parameters_of(self.headers.values(), self.left_out),
            license=license_name if isinstance(license_name, str) else None,
            language=words_of(card.get("language")),
            base_models=words_of(card.get("base_model")),
            labels=tuple(str(name) for _, name in labels) if self.settings.task == "classification" else (),
        )
