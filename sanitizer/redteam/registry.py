"""The attacks by the names that users type: a file `clean_label.py` is the attack `clean-label`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sanitizer import catalog, plugins

if TYPE_CHECKING:
    from sanitizer.redteam.bench import Attack

PACKAGE = "sanitizer.redteam.attacks"
FILES = ("paraphrases", "originals", "synonyms")
"""Parameters that name a file: of these a record keeps the name alone."""


def names() -> tuple[str, ...]:
    """Every attack, without importing any."""
    return tuple(map(_typed, plugins.names(PACKAGE)))


def entries() -> tuple[catalog.Entry, ...]:
    """Every attack, described."""
    return tuple(map(describe, names()))


def describe(name: str) -> catalog.Entry:
    """One attack, described from its source text. Raises UsageError for an unknown name."""
    _check(name)
    return replace(catalog.describe(PACKAGE, _file(name)), name=name)


def build(name: str, settings: Mapping[str, Any]) -> Attack:
    """An attack with these settings. Raises UsageError for an unknown name or setting, or a value that does not fit."""
    _check(name)
    cls = plugins.parameters_of(plugins.load(PACKAGE, _file(name)))
    attack: Attack = plugins.fill(cls, name, settings)
    return attack


def _check(name: str) -> None:
    if name not in names():
        raise plugins.unknown("attack", name, names())


def _typed(module: str) -> str:
    return module.replace("_", "-")


def _file(name: str) -> str:
    return name.replace("-", "_")
