"""Who examines which kind of file: the one place where a kind meets its rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sanitizer.checkpoint import Checkpoint
from sanitizer.vet import card, config, licence, safetensors, shards, tokenizer
from sanitizer.vet.inventory import Kind
from sanitizer.vet.rules import Verdict


@dataclass(frozen=True)
class Family:
    """The rules of one kind of file: `examine` gives its fate, `write` the rebuilt file if that fate is `rebuilt`."""

    examine: Callable[[Checkpoint, str], Verdict]
    write: Callable[[Checkpoint, str, Path], None] | None = None


FAMILIES: Mapping[Kind, Family] = MappingProxyType(
    {
        "config": Family(config.examine, config.write),
        "generation": Family(config.examine, config.write),
        "weights": Family(safetensors.examine, safetensors.write),
        "index": Family(shards.examine, shards.write),
        "tokenizer": Family(tokenizer.examine_tokenizer),
        "settings": Family(tokenizer.examine_settings, tokenizer.write_settings),
        "vocabulary": Family(tokenizer.examine_vocabulary),
        "words": Family(tokenizer.examine_words),
        "pieces": Family(tokenizer.examine_pieces),
        "template": Family(tokenizer.examine_template),
        "licence": Family(licence.examine),
        "card": Family(card.examine),
    }
)
