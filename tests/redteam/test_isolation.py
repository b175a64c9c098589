"""Who may know triggers: the red team, the demo and its showcase. Defence code imports none of it."""

from __future__ import annotations

import ast
from pathlib import Path

from helpers.floors import imports

import sanitizer

ROOT = Path(sanitizer.__file__).parent
SECRET = ("sanitizer.attacks", "sanitizer.redteam")
KNOWING = ("attacks", "redteam", "demo", "showcase.py")
ASKING = {"commands/redteam.py"}
"""The command that plants."""
NAMING = {"benchmark/plant.py", "benchmark/digests.py"}
"""What a suite wants planted: it names attacks, and knows no trigger."""


def users() -> dict[str, set[str]]:
    """Files that import secrets, and what each imports."""
    found: dict[str, set[str]] = {}
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        package = ".".join(("sanitizer", *path.relative_to(ROOT).parent.parts))
        for _, imported in imports(ast.parse(path.read_text(encoding="utf-8")), package):
            if imported.startswith(SECRET):
                found.setdefault(name, set()).add(imported)
    return found


def test_no_defence_imports_an_attack() -> None:
    outside = {name for name in users() if not name.startswith(KNOWING)}
    assert outside == ASKING | NAMING
    assert "redteam/plant.py" in users(), "the search finds what there is"


def test_a_suite_knows_attacks_by_name_alone() -> None:
    imported = set().union(*(found for name, found in users().items() if name in NAMING))
    assert {name.rpartition(".")[0] for name in imported} == {"sanitizer.redteam.registry"}
