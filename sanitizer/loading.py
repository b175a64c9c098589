"""Teaches stock transformers to open checkpoints whose heads were cut out.

After ``import sanitizer.loading``, ``AutoModel….from_pretrained(folder)`` and ``pipeline(model=folder)`` open a compact
checkpoint, save it again and train it. Without it, transformers stops with an error about sizes: loud, never wrong.

How: the config's ``quantization_config`` is the one hook by which transformers calls registered code between building a
model and loading its weights. Nothing is quantized; the projections are shrunk to the shapes of the stored tensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedModel
from transformers.quantizers import HfQuantizer, register_quantization_config, register_quantizer
from transformers.quantizers.auto import AUTO_QUANTIZER_MAPPING
from transformers.utils.quantization_config import QuantizationConfigMixin

from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.families import HeadShape
from sanitizer.model.removed import METHOD, REMOVED_HEADS, check_removed
from sanitizer.model.surgery import cut


class RemovedHeads(QuantizationConfigMixin):  # type: ignore[misc]
    """Which heads a compact checkpoint lacks, by layer, counted as in the unpruned model."""

    def __init__(self, removed_heads: Mapping[str, Sequence[int]], **unused: Any) -> None:
        self.quant_method = METHOD
        setattr(self, REMOVED_HEADS, {str(layer): list(heads) for layer, heads in removed_heads.items()})


class RemovedHeadsLoader(HfQuantizer):  # type: ignore[misc]
    """Shrinks the attention projections of a model that is built but not loaded yet."""

    def _process_model_before_weight_loading(self, model: PreTrainedModel, **kwargs: Any) -> PreTrainedModel:
        removed = check_removed(getattr(self.quantization_config, REMOVED_HEADS), HeadShape.of(model.config))
        heads = [HeadId(layer, head) for layer, gone in removed.items() for head in gone]
        cut(model, Anatomy.built(model, {}), heads)
        return model

    def _process_model_after_weight_loading(self, model: PreTrainedModel, **kwargs: Any) -> PreTrainedModel:
        """Nothing is quantized: take the marks off that would keep trainers and compilers away from the model.

        The config keeps its entry, so that saving again writes the same layout.
        """
        del model.hf_quantizer, model.quantization_method
        model.is_quantized = False
        for module in model.modules():
            if isinstance(module, PreTrainedModel):
                module.config._is_quantized = False
        return model

    def is_serializable(self) -> bool:
        """Saving again writes the same layout."""
        return True

    @property
    def is_trainable(self) -> bool:
        """The weights are ordinary parameters."""
        return True


if METHOD not in AUTO_QUANTIZER_MAPPING:  # a reloaded module must not register twice
    register_quantization_config(METHOD)(RemovedHeads)
    register_quantizer(METHOD)(RemovedHeadsLoader)
