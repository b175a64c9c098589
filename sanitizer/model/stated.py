"""What the files of a checkpoint say about it, without opening it: its task, and the dtype of its weights."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sanitizer.errors import UnsupportedError
from sanitizer.model.families import family_of
from sanitizer.report import Task

_TASKS: dict[str, Task] = {
    "ForSequenceClassification": "classification",
    "ForCausalLM": "causal",
    "LMHeadModel": "causal",
}
DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""safetensors' words and torch's."""


def task_of(config: dict[str, Any]) -> tuple[str, Task]:
    """Architecture and task of a config. Raises UnsupportedError for a task this version cannot measure."""
    family_of(str(config.get("model_type")))
    architectures = config.get("architectures") or ["(none declared)"]
    architecture = str(architectures[0])
    for suffix, task in _TASKS.items():
        if architecture.endswith(suffix):
            if task == "classification" and config.get("problem_type") in {"regression", "multi_label_classification"}:
                raise UnsupportedError(f"{config['problem_type']} heads are not supported, single-label ones are")
            return architecture, task
    raise UnsupportedError(
        f"architecture {architecture} is neither a sequence classifier nor a causal language model",
        hint=f"supported: *{', *'.join(_TASKS)}",
    )


def common_dtype(dtypes: dict[str, str]) -> str:
    """The dtype most tensors have; ties go to the first in the alphabet."""
    counts = Counter(dtypes.values())
    return min(counts, key=lambda dtype: (-counts[dtype], dtype))
