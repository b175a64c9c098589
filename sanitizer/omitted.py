"""Which stored tensors a result leaves out, as far as names tell, and how many numbers the others have."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sanitizer.report import Finding
from sanitizer.vet.header import Header
from sanitizer.vet.legacy.ties import pairs_of
from sanitizer.vet.tied import APART

BUFFERS = re.compile(
    r"(?:\.|^)(?:(?:attn|attention)\.(?:masked_)?bias|embeddings\.(?:position_ids|token_type_ids)|rotary_emb\.inv_freq)$"
)
"""Constants that older versions of transformers stored and none of today has a place for."""


def left_out(config: Mapping[str, Any], names: Collection[str], findings: Iterable[Finding]) -> frozenset[str]:
    """Old constants, and the second name of what the config ties, unless the two were found to differ."""
    apart = any(finding.rule == APART.id for finding in findings)
    ties = () if apart else pairs_of(config)
    second = {name for name, source in ties if name in names and source in names}
    return frozenset({*second, *constants(names)})


def constants(names: Iterable[str]) -> tuple[str, ...]:
    """The old constants among names, sorted."""
    return tuple(sorted(name for name in names if BUFFERS.search(name)))


def parameters_of(headers: Iterable[Header], left_out: frozenset[str] = frozenset()) -> int:
    """Numbers in all tensors but those."""
    return sum(
        math.prod(tensor.shape) for header in headers for name, tensor in header.tensors.items() if name not in left_out
    )
