"""Reads imports and says which go up: the floors of the package, as data, and a checker for any tree.

A floor may import itself and the floors it names; nothing else of the package. Imports inside functions count, because
a floor is about what code depends on and not about when. Imports under `if TYPE_CHECKING` do not: they vanish at run
time, and a signature may name what it is handed from above.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "sanitizer"

SIDE_BY_SIDE = ("scan", "strategies", "treatments", "attacks")
"""Rooms on one floor, which never import each other."""

BELOW: Mapping[str, frozenset[str]] = {
    "words": frozenset(),
    "hub": frozenset({"words"}),
    "vet": frozenset({"words"}),
    # What transformers loads when a compact checkpoint is opened; it is part of the model floor.
    "model": frozenset({"words", "loading"}),
    "loading": frozenset({"words", "model"}),
    **{room: frozenset({"words", "model", "loading"}) for room in SIDE_BY_SIDE},
    "pipeline": frozenset({"words", "hub", "vet", "model", "loading", *SIDE_BY_SIDE}),
    "cli": frozenset({"words", "hub", "vet", "pipeline"}),
    # `sanitizer.run` and `sanitizer.scan`, resolved when they are first asked for.
    "package": frozenset({"words", "pipeline"}),
}
"""Floor -> the floors it may stand on."""

ROOMS: Mapping[str, str] = {
    **{room: room for room in ("hub", "vet", "model", *SIDE_BY_SIDE, "loading")},
    # The steps of a run that are long enough for a file of their own, and the demo, a run whose truth is known.
    **dict.fromkeys(
        (
            "pipeline",
            "intake",
            "trial",
            "trust",
            "records",
            "output",
            "documents",
            "vetting",
            "steps",
            "scanning",
            "publishing",
            "filed",
            "omitted",
            "forensics",
        ),
        "pipeline",
    ),
    **dict.fromkeys(("demo", "showcase", "benchmark", "guarding", "treating", "redteam", "applying"), "pipeline"),
    **dict.fromkeys(("verifying", "verify", "comparing", "compare", "engines", "fleet", "formats"), "pipeline"),
    **dict.fromkeys(("cli", "__main__", "commands", "terminal", "doctor"), "cli"),
}
"""Top-level module or folder -> its floor; whatever is not listed is a word."""

HEAVY = frozenset({"torch", "transformers", "numpy", "scipy", "accelerate"})
NETWORK = frozenset({"huggingface_hub", "datasets", "httpx2", "requests", "urllib3"})
BANNED: Mapping[str, frozenset[str]] = {
    "words": HEAVY | NETWORK,
    "hub": HEAVY,
    "vet": (HEAVY - {"numpy"}) | NETWORK | {"pickle"},
    **dict.fromkeys(("model", "loading", *SIDE_BY_SIDE, "pipeline"), NETWORK),
    "cli": HEAVY | NETWORK,
    "package": HEAVY | NETWORK,
}
"""Floor -> libraries it never imports, not even inside a function."""


@dataclass(frozen=True, order=True)
class Breach:
    """One import that is not allowed. Prints as `file:line floor imports what`."""

    file: str
    line: int
    floor: str
    imported: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.floor} imports {self.imported}"


def floor_of(module: str) -> str:
    """The floor of a dotted name such as `sanitizer.hub.push`."""
    return ROOMS.get(module.split(".")[1], "words") if "." in module else "package"


def breaches(root: Path) -> list[Breach]:
    """Every forbidden import of the package that lies in `root`."""
    found = []
    for path in sorted(root.rglob("*.py")):
        parts = (PACKAGE, *path.relative_to(root).with_suffix("").parts)
        module = ".".join(part for part in parts if part != "__init__")
        floor = floor_of(module)
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        for line, imported in imports(ast.parse(path.read_text(encoding="utf-8")), package):
            if not _allowed(floor, imported):
                found.append(Breach(str(path.relative_to(root)), line, floor, imported))
    return found


def imports(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that is imported at run time, relative names resolved in `package`.

    `from a import b` gives `a.b`: `b` may be a module.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and _type_checking(node.test):
            for other in node.orelse:
                yield from imports(ast.Module([other], []), package)
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        yield from imports(node, package)


def _type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _allowed(floor: str, imported: str) -> bool:
    top = imported.split(".")[0]
    if top != PACKAGE:
        return top not in BANNED[floor]
    target = floor_of(imported) if imported != PACKAGE else "words"
    return target == floor or target in BELOW[floor]
