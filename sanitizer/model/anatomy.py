"""Where the heads of a live model are: modules, and which rows of which weight belong to which head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from sanitizer.errors import UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.families import Family, HeadShape, family_of
from sanitizer.model.geometry import KEY, QUERY, VALUE, LayerGeometry, layer_of
from sanitizer.model.removed import removed_heads


@dataclass(frozen=True)
class Role:
    """Rows (output features) of one projection that hold one role of one head: `module.weight[rows]`."""

    module: nn.Module
    rows: range


@dataclass(frozen=True)
class LayerAnatomy(LayerGeometry):
    """One layer as it is now: its block and the attention in it."""

    block: nn.Module
    attention: nn.Module
    output: nn.Module

    def query(self, head: int) -> Role:
        """Rows of a query head."""
        return self._role(QUERY, head)

    def key(self, head: int) -> Role:
        """Rows of a key head (the one that query heads `head * group …` share)."""
        return self._role(KEY, head)

    def value(self, head: int) -> Role:
        """Rows of a value head, counted as key heads are."""
        return self._role(VALUE, head)

    def as_outputs(self, weight: Tensor) -> Tensor:
        """A projection's weight, or its gradient, as [output, input], whichever way the family stores it."""
        return weight.t() if isinstance(self.projections()[0], Conv1D) else weight

    def projections(self) -> tuple[nn.Module, ...]:
        """The one or three modules that make query, key and value."""
        return tuple(self.attention.get_submodule(name) for name in self.family.projections)

    def _role(self, role: int, head: int) -> Role:
        projection, rows = self.place(role, head)
        return Role(self.projections()[projection], rows)


@dataclass(frozen=True)
class Anatomy:
    """All attention layers of a model."""

    shape: HeadShape
    layers: tuple[LayerAnatomy, ...]

    @classmethod
    def of(cls, model: PreTrainedModel) -> Anatomy:
        """Find the layers of a model as it stands; its config may say that heads were cut out before."""
        return cls.built(model, removed_heads(model.config, HeadShape.of(model.config)))

    @classmethod
    def built(cls, model: PreTrainedModel, cut: Mapping[int, Sequence[int]]) -> Anatomy:
        """Find the layers of a model from whose tensors the heads `cut` (by layer) are missing.

        Raises UnsupportedError for an unknown family, or if the model is not built as its family's row says.
        """
        family, shape = family_of(model.config.model_type), HeadShape.of(model.config)
        try:
            modules = list(attrgetter(family.layers)(model.base_model))
            layers = tuple(
                _layer(index, module, family, shape, cut.get(index, ())) for index, module in enumerate(modules)
            )
        except AttributeError as error:
            raise UnsupportedError(
                f"this {model.config.model_type} model is built differently from what is known: {error}",
                hint="try another version of transformers within the supported range",
            ) from error
        return cls(shape, layers)

    def of_copy(self, model: PreTrainedModel) -> Anatomy:
        """The layers of a copy of the model as it stands."""
        every = range(self.shape.heads)
        return Anatomy.built(
            model, {layer.index: [head for head in every if head not in layer.original] for layer in self.layers}
        )

    def heads(self) -> tuple[HeadId, ...]:
        """Every head there is now."""
        return tuple(HeadId(layer.index, head) for layer in self.layers for head in range(layer.heads))

    def counts(self) -> tuple[int, ...]:
        """Query heads per layer."""
        return tuple(layer.heads for layer in self.layers)


def _layer(index: int, module: nn.Module, family: Family, shape: HeadShape, cut: Sequence[int]) -> LayerAnatomy:
    layer = layer_of(index, family, shape, cut)
    return LayerAnatomy(
        layer.index,
        layer.family,
        layer.original,
        layer.key_heads,
        layer.head_dim,
        block=module,
        attention=module.get_submodule(family.attention),
        output=module.get_submodule(family.output),
    )
