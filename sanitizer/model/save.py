"""Writing a treated model as a checkpoint folder: the same bytes for the same model, every time."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from sanitizer.checkpoint import Checkpoint
from sanitizer.model.precision import recast
from sanitizer.model.removed import describe
from sanitizer.model.settings import carry
from sanitizer.model.stated import DTYPES, common_dtype
from sanitizer.model.subject import Subject, stored_dtypes

_DTYPES = {stored: getattr(torch, name) for stored, name in DTYPES.items()}


def save(subject: Subject, vetted: Checkpoint, target: Path) -> None:
    """Write weights (in the dtypes they were stored in) and config; carry tokenizer and texts over byte for byte.

    The model in memory keeps its dtype and takes the rounding of the stored one: it equals what was written.
    """
    stored = stored_dtypes(vetted)
    config = copy.deepcopy(subject.model.config)
    config.dtype = _DTYPES.get(common_dtype(stored), torch.float32)
    config._attn_implementation = None
    describe(config, subject.anatomy)
    with _precision(subject, stored):
        subject.model.save_pretrained(target)
    config.save_pretrained(target)
    carry(vetted, target)


def needs_loader(target: Path) -> bool:
    """Whether a folder opens only after `import sanitizer.loading`."""
    return '"quantization_config"' in (target / "config.json").read_text(encoding="utf-8")


@contextmanager
def _precision(subject: Subject, stored: dict[str, str]) -> Iterator[None]:
    """Every tensor in its stored dtype within this context; buffers that are never stored keep their precision."""
    common = _DTYPES.get(common_dtype(stored), torch.float32)
    tensors: dict[str, Tensor] = dict(subject.model.named_parameters())
    tensors |= {name: buffer for name, buffer in subject.model.named_buffers() if name in stored}
    with recast(tensors, {name: _DTYPES.get(stored.get(name, ""), common) for name in tensors}):
        yield
