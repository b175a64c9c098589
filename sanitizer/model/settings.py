"""The config of a checkpoint as transformers reads and writes it, without building the model.

`transformers` imports torch for its configs already; the modelling code, half as large again, stays out.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, GenerationConfig, PreTrainedTokenizerBase
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
)

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import CorruptError
from sanitizer.model.families import HeadShape, family_of
from sanitizer.model.geometry import Geometry, Layers, layer_of
from sanitizer.model.removed import describe, removed_heads
from sanitizer.model.stated import DTYPES, task_of
from sanitizer.report import Task

CONFIG, GENERATION = "config.json", "generation_config.json"
_CLASSES = {
    "classification": MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    "causal": MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
}


@dataclass(frozen=True)
class Settings:
    """A config object of transformers, the class and the task it names, and the heads it tells of."""

    config: Any
    architecture: str
    task: Task
    geometry: Layers


def read_settings(checkpoint: Checkpoint) -> Settings:
    """What opening the checkpoint would find in its config.

    Raises UnsupportedError for a family, a task or a layout that is not known, CorruptError for an architecture that
    is not of the config's type.
    """
    stated = json.loads(checkpoint.read(CONFIG))
    architecture, task = task_of(stated)
    model_type = stated["model_type"]
    if _CLASSES[task].get(model_type) != architecture:
        raise not_of_its_type(architecture, model_type)
    config = CONFIG_MAPPING[model_type].from_dict(stated)
    if needs_padding(config, task):
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.path, trust_remote_code=False, local_files_only=True)
        pad(tokenizer)
        config.pad_token_id = tokenizer.pad_token_id
    shape = HeadShape.of(config)
    cut = removed_heads(config, shape)
    layers = tuple(layer_of(index, family_of(model_type), shape, cut.get(index, ())) for index in range(shape.layers))
    return Settings(config, architecture, task, Layers(shape, layers))


def write_settings(settings: Settings, left: Geometry, dtype: str, vetted: Checkpoint, target: Path) -> None:
    """config.json of the model with the heads of `left`, and what else a model that generates gets where it has none.

    `dtype` is the one of most of its tensors, in safetensors' words. The bytes are those that
    `sanitizer.model.save.save` writes.
    """
    if settings.task == "causal" and GENERATION not in vetted.files:
        GenerationConfig.from_pretrained(
            vetted.path, config_file_name=CONFIG, local_files_only=True, _from_model_config=True
        ).save_pretrained(target)
    config = _described(settings, left)
    config.dtype = DTYPES.get(dtype, "float32")
    config.save_pretrained(target)


def needs_loader(settings: Settings, left: Geometry) -> bool:
    """Whether the model with the heads of `left` opens only after `import sanitizer.loading`."""
    return getattr(_described(settings, left), "quantization_config", None) is not None


def carry(vetted: Checkpoint, target: Path) -> None:
    """Copy what is neither weights nor config, byte for byte, over what a library may have written by that name."""
    for name in vetted.files:
        if name != CONFIG and ".safetensors" not in name:
            (target / name).unlink(missing_ok=True)
            vetted.copy(name, target / name)


def not_of_its_type(architecture: str, model_type: str) -> CorruptError:
    """The config names two different models."""
    return CorruptError(
        f"{architecture} is not an architecture of {model_type} models",
        hint="the config names two different models; ask the author which one it is",
    )


def pad(tokenizer: PreTrainedTokenizerBase) -> None:
    """Have a tokenizer pad by some token."""
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token


def needs_padding(config: Any, task: Task) -> bool:
    """Whether a classifier's config does not say which token is padding: it would take the last one for the text's."""
    return config.get_text_config().pad_token_id is None and task == "classification"


def _described(settings: Settings, left: Geometry) -> Any:
    config = copy.deepcopy(settings.config)
    describe(config, left)
    return config
