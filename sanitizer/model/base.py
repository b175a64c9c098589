"""The base: the model that a suspect was made from, whose weights no attacker of the suspect has touched.

Its tensors are matched to the suspect's parameters by name and shape. A model that was saved without a head has its
names without the prefix of the inner model (`encoder.layer.0…` where a classifier has `bert.encoder.layer.0…`), and old
files call the weights of a LayerNorm gamma and beta; nothing else is guessed. A classifier's head is never taken from
the base, even if it has one of the same shape: it answers another question. Every parameter of every layer must have
its counterpart; what else has none is named in `lacking`.

The base is no more trusted than the suspect until it has been vetted: open it from what the gate has rebuilt.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import UsageError
from sanitizer.model.families import HeadShape
from sanitizer.model.subject import Subject

Shapes = Mapping[str, tuple[int, ...]]
HINT = "name the model that this one was made from"
_OLD = ((".LayerNorm.weight", ".LayerNorm.gamma"), (".LayerNorm.bias", ".LayerNorm.beta"))


def matched(wanted: Shapes, stored: Shapes, *, prefix: str) -> dict[str, str]:
    """For each wanted parameter the stored tensor that is its counterpart, by name; those that have none are left out.

    Tried in turn: the same name, the name without `prefix.`, and with it, each also as old files write it.
    """
    found = {}
    for name, shape in wanted.items():
        same = next((other for other in _names(name, prefix) if other in stored), None)
        if same is not None and stored[same] == shape:
            found[name] = same
    return found


def _names(name: str, prefix: str) -> Iterator[str]:
    start = f"{prefix}."
    for one in (name, name.removeprefix(start), start + name):
        yield one
        for new, old in _OLD:
            if one.endswith(new):
                yield one.removesuffix(new) + old


@dataclass(frozen=True)
class Base:
    """Where in the base's files the counterpart of each of the suspect's parameters lies, and which have none.

    Nothing is held in memory. `inner` are the layers' parameters, in order.
    """

    places: Mapping[str, tuple[Path, str]]
    inner: tuple[str, ...]
    lacking: tuple[str, ...]

    @classmethod
    def of(cls, checkpoint: Checkpoint, subject: Subject) -> Base:
        """Match a vetted folder, hashing its files again first, with a subject of which no head has been cut out.

        Raises UsageError where the folder holds another kind of model, or one of other layers.
        """
        checkpoint.verify()
        _check_kind(checkpoint, subject)
        stored: dict[str, tuple[int, ...]] = {}
        where: dict[str, Path] = {}
        for path in (checkpoint.path / name for name in checkpoint.files if name.endswith(".safetensors")):
            with safe_open(path, framework="pt") as tensors:
                for key in tensors.keys():  # noqa: SIM118
                    stored[key], where[key] = tuple(tensors.get_slice(key).get_shape()), path
        parameters = dict(subject.model.named_parameters())
        prefix = subject.model.base_model_prefix
        wanted = {
            name: tuple(weight.shape)
            for name, weight in parameters.items()
            if subject.task == "causal" or name.startswith(f"{prefix}.")
        }
        found = matched(wanted, stored, prefix=prefix)
        of_layers = {id(weight) for layer in subject.anatomy.layers for weight in layer.block.parameters()}
        inner = tuple(name for name, weight in parameters.items() if id(weight) in of_layers)
        without = [name for name in inner if name not in found]
        if without:
            raise UsageError(
                f"the base has no counterpart of {without[0]} {tuple(parameters[without[0]].shape)}"
                + (f" and {len(without) - 1} more" if len(without) > 1 else ""),
                hint=f"{HINT}; where heads were cut out of it, take the copy that still has them",
            )
        places = {name: (where[other], other) for name, other in found.items()}
        return cls(places, inner, tuple(name for name in parameters if name not in found))

    def read(self, names: Iterable[str]) -> Iterator[tuple[str, Tensor]]:
        """The base's weights for these parameters of the suspect, one at a time, on the CPU, in their own dtype."""
        for name in names:
            path, stored = self.places[name]
            with safe_open(path, framework="pt") as tensors:
                yield name, tensors.get_tensor(stored)

    @torch.no_grad()
    def put(self, subject: Subject, names: Iterable[str] | None = None) -> int:
        """Copy these weights (all, by default) into the subject, in its own dtype; how many numbers that were.

        Heads that were removed stay removed. Raises UsageError where heads were cut out meanwhile.
        """
        parameters, numbers = dict(subject.model.named_parameters()), 0
        for name, tensor in self.read(self.places if names is None else names):
            self.fits(name, parameters[name], tensor)
            parameters[name].copy_(tensor)
            numbers += tensor.numel()
        subject.hold()
        return numbers

    @staticmethod
    def fits(name: str, weight: Tensor, counterpart: Tensor) -> None:
        """Raises UsageError where the subject's weight lost heads after it had been matched."""
        if weight.shape != counterpart.shape:
            raise UsageError(
                f"{name} is {tuple(weight.shape)} without the heads that were removed, and {tuple(counterpart.shape)} "
                "in the base",
                hint="put `remove` behind it in the recipe, or keep the shapes with --layout dense",
            )

    def similarity(self, subject: Subject) -> float:
        """Cosine of the subject's and the base's layers, all their matrices taken as one vector.

        Close to one for a model and its base, to zero for two models that were trained apart.
        """
        parameters, dot, mine, theirs = dict(subject.model.named_parameters()), 0.0, 0.0, 0.0
        for name, tensor in self.read(name for name in self.inner if parameters[name].dim() > 1):
            one, other = parameters[name].detach().double().cpu(), tensor.double()
            dot += float((one * other).sum())
            mine, theirs = mine + float(one.square().sum()), theirs + float(other.square().sum())
        return dot / max(math.sqrt(mine * theirs), 1e-30)


def _check_kind(checkpoint: Checkpoint, subject: Subject) -> None:
    kind, config = subject.model.config.model_type, subject.model.config
    found = json.loads(checkpoint.read("config.json")).get("model_type")
    if found != kind:
        raise UsageError(f"the base is a {found} model, the suspect a {kind} one", hint=HINT)
    theirs, ours = (
        HeadShape.of(type(config).from_pretrained(checkpoint.path, local_files_only=True)),
        HeadShape.of(config),
    )
    if theirs != ours:
        raise UsageError(
            f"the base has {theirs.layers} layers of {theirs.heads} heads of size {theirs.head_dim}, "
            f"the suspect {ours.layers} of {ours.heads} of {ours.head_dim}",
            hint=HINT,
        )
