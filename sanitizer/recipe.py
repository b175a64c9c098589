"""A recipe: one strategy, and the treatments in their order.

As YAML, which a run writes and `--recipe` reads::

    strategy: gradient
    settings: {of: gate, samples: 1024}
    treatments:
      - remove
      - finetune: {epochs: 3, learning_rate: 2.0e-05}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sanitizer.errors import UsageError
from sanitizer.plugins import unknown

Settings = Mapping[str, Any]
EXAMPLE = "a recipe is YAML that begins with a line like: strategy: gradient"


@dataclass(frozen=True)
class Step:
    """One treatment by name, with the parameters that differ from its defaults."""

    name: str
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """Names and settings as given; `sanitizer.plugins` turns them into objects and checks them."""

    strategy: str
    settings: Settings = field(default_factory=dict)
    treatments: tuple[Step, ...] = (Step("remove"), Step("finetune"))

    def to_yaml(self, *, one_line: bool = False) -> str:
        """Read back by `from_yaml` to an equal recipe."""
        treatments = [{step.name: dict(step.settings)} if step.settings else step.name for step in self.treatments]
        words = {"strategy": self.strategy, "settings": dict(self.settings), "treatments": treatments}
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
        for key in words.keys() - {"strategy", "settings", "treatments"}:
            raise unknown("recipe key", str(key), ("strategy", "settings", "treatments"))
        settings = words.get("settings") or {}
        treatments = words.get("treatments", ["remove", "finetune"])
        if not isinstance(settings, dict) or not isinstance(treatments, list):
            raise UsageError(f"{name}: settings must be a mapping and treatments a list", hint=EXAMPLE)
        return cls(words["strategy"], settings, tuple(_step(entry, name) for entry in treatments))

    @classmethod
    def from_file(cls, path: Path) -> Recipe:
        """Raises UsageError if the file cannot be read or is no recipe."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UsageError(f"recipe {path} cannot be read: {why}", hint=EXAMPLE) from error
        return cls.from_yaml(text, name=str(path))


def _step(entry: object, name: str) -> Step:
    match entry:
        case str():
            return Step(entry)
        case dict() if len(entry) == 1:
            ((treatment, settings),) = entry.items()
            if isinstance(treatment, str) and isinstance(settings, dict | None):
                return Step(treatment, settings or {})
    raise UsageError(f"{name}: {entry!r} is no treatment", hint="write `- remove` or `- finetune: {epochs: 3}`")
