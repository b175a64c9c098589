"""What a rule is. Every doubt the gate can have is a `Rule`, declared beside the code that has it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sanitizer.errors import RefusedError
from sanitizer.report import Fate, Finding, Severity, TemplateRecord
from sanitizer.text import clean

LONGEST = 160
"""Characters of a stranger's text that a message may repeat."""


@dataclass(frozen=True)
class Rule:
    """`id` is stable for users and policies (`family.word`); `text` says what is wrong, `hint` what to do.

    `why` says what could happen, and `sources` where that is on record: advisories, specifications.
    """

    id: str
    severity: Severity
    text: str
    hint: str
    why: str = ""
    sources: tuple[str, ...] = ()

    def finding(self, file: str, detail: str = "") -> Finding:
        """The doubt about one file. Both words may come from a stranger and are cleaned here."""
        message = f"{self.text}: {excerpt(detail)}" if detail else self.text
        return Finding(self.id, self.severity, shown(file), message, self.hint)

    def refuse(self, file: str, detail: str = "") -> RefusedError:
        """For readers that must stop at the first violation."""
        finding = self.finding(file, detail)
        return RefusedError(f"{finding.file}: {finding.message}", findings=(finding,), hint=self.hint)


@dataclass(frozen=True)
class Verdict:
    """What becomes of one file, and why."""

    fate: Fate
    reason: str
    findings: tuple[Finding, ...] = ()
    templates: tuple[TemplateRecord, ...] = ()


def excerpt(text: str) -> str:
    """A stranger's text, cleaned and cut, for a message."""
    short = clean(text[: 4 * LONGEST])
    return short if len(short) <= LONGEST else f"{short[: LONGEST - 1]}…"


def shown(name: str) -> str:
    """A file's name as a report may show it: unchanged if printable, else with the rest written as escapes."""
    return name if name.isprintable() else ascii(name)[1:-1]


def refused(*findings: Finding) -> Verdict:
    """The model needs this file and it must not be used."""
    return Verdict("refused", findings[0].message, findings)


def catalogue() -> Mapping[str, Rule]:
    """Every rule of every family, by id. Raises ValueError if two rules share an id."""
    rules: dict[str, Rule] = {}
    path = importlib.import_module(__package__).__path__
    for module in pkgutil.walk_packages(path, f"{__package__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Rule) and rules.setdefault(value.id, value) != value:
                raise ValueError(f"two rules are called {value.id}")
    return MappingProxyType(dict(sorted(rules.items())))
