"""Who examines which kind of file: the one place where a kind meets its rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from sanitizer.checkpoint import Checkpoint
from sanitizer.vet import card, config, licence, pieces, safetensors, shards, template, tokenizer, tokenizer_json
from sanitizer.vet.inventory import Kind
from sanitizer.vet.legacy import family as pickled
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
        "pickle": Family(pickled.examine, pickled.write),
        "pickle-index": Family(shards.examine, shards.write),
        "tokenizer": Family(tokenizer_json.examine),
        "settings": Family(tokenizer.examine_settings, tokenizer.write_settings),
        "vocabulary": Family(tokenizer.examine_vocabulary),
        "words": Family(tokenizer.examine_words),
        "pieces": Family(pieces.examine),
        "template": Family(template.examine),
        "processor": Family(template.examine_processor),
        "licence": Family(licence.examine),
        "card": Family(card.examine),
    }
)


def families(*, drop_chat_template: bool = False) -> Mapping[Kind, Family]:
    """The families, or those that leave every chat template behind."""
    if not drop_chat_template:
        return FAMILIES
    settings = Family(
        partial(tokenizer.examine_settings, templates=False), partial(tokenizer.write_settings, templates=False)
    )
    left = {"settings": settings, "template": Family(template.drop), "processor": Family(template.drop)}
    return MappingProxyType({**FAMILIES, **left})
