"""A recipe: one strategy, the treatments in their order, and the budget.

As YAML, which a run writes and `--recipe` reads; all but `strategy` may be left out::

    strategy: gradient
    settings: {of: gate, samples: 1024}
    prepare:                   # done before scoring; heads are scored and chosen on the result, which is then undone
      - finetune: {epochs: 3}
    budget: {min_accuracy: 0.85, step: 10}
    treatments:
      - remove
      - finetune: {epochs: 3, learning_rate: 2.0e-05}

The budget's words are those of `sanitizer.plan.Budget`: `max_accuracy_drop` or `min_accuracy`, `max_heads`,
`per_layer`, `floor_per_layer` and `step`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sanitizer.errors import UsageError
from sanitizer.plugins import unknown

Settings = Mapping[str, Any]
KEYS = ("strategy", "settings", "prepare", "budget", "treatments")
EXAMPLE = "a recipe is YAML that begins with a line like: strategy: gradient"


@dataclass(frozen=True)
class Step:
    """One treatment by name, with the parameters that differ from its defaults."""

    name: str
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """Names and settings as given; `sanitizer.plugins` turns them into objects and checks them.

    `prepare` is what is done to the weights before heads are scored and chosen; the weights are put back afterwards.
    """

    strategy: str
    settings: Settings = field(default_factory=dict)
    treatments: tuple[Step, ...] = (Step("remove"), Step("finetune"))
    budget: Settings = field(default_factory=dict)
    prepare: tuple[Step, ...] = ()

    def to_yaml(self, *, one_line: bool = False) -> str:
        """Read back by `from_yaml` to an equal recipe."""
        words: dict[str, Any] = {"strategy": self.strategy, "settings": dict(self.settings)}
        if self.prepare:
            words["prepare"] = _words(self.prepare)
        if self.budget:
            words["budget"] = dict(self.budget)
        words["treatments"] = _words(self.treatments)
        import yaml

        width = 2**31 if one_line else 80
        return yaml.safe_dump(words, sort_keys=False, default_flow_style=one_line, width=width)

    @classmethod
    def from_yaml(cls, text: str, *, name: str = "recipe") -> Recipe:
        """Raises UsageError naming what is wrong."""
        import yaml

        try:
            words = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise UsageError(f"{name} is no YAML: {str(error).splitlines()[0]}", hint=EXAMPLE) from error
        if not isinstance(words, dict) or not isinstance(words.get("strategy"), str):
            raise UsageError(f"{name} names no strategy", hint=EXAMPLE)
        for key in words.keys() - set(KEYS):
            raise unknown("recipe key", str(key), KEYS)
        settings, budget = words.get("settings") or {}, words.get("budget") or {}
        treatments, prepare = words.get("treatments", ["remove", "finetune"]), words.get("prepare") or []
        if not isinstance(settings, dict) or not isinstance(budget, dict):
            raise UsageError(f"{name}: settings and budget must be mappings", hint=EXAMPLE)
        if not isinstance(treatments, list) or not isinstance(prepare, list):
            raise UsageError(f"{name}: treatments and prepare must be lists", hint=EXAMPLE)
        return cls(words["strategy"], settings, _steps(treatments, name), budget, _steps(prepare, name))

    @classmethod
    def from_file(cls, path: Path) -> Recipe:
        """Raises UsageError if the file cannot be read or is no recipe."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UsageError(f"recipe {path} cannot be read: {why}", hint=EXAMPLE) from error
        return cls.from_yaml(text, name=str(path))


def _words(steps: tuple[Step, ...]) -> list[object]:
    return [{step.name: dict(step.settings)} if step.settings else step.name for step in steps]


def _steps(entries: list[object], name: str) -> tuple[Step, ...]:
    return tuple(_step(entry, name) for entry in entries)


def _step(entry: object, name: str) -> Step:
    match entry:
        case str():
            return Step(entry)
        case dict() if len(entry) == 1:
            ((treatment, settings),) = entry.items()
            if isinstance(treatment, str) and isinstance(settings, dict | None):
                return Step(treatment, settings or {})
    raise UsageError(f"{name}: {entry!r} is no treatment", hint="write `- remove` or `- finetune: {epochs: 3}`")
