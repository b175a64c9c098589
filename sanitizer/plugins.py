"""A folder is a registry: the modules of a package are its plugins, and their names are the names users type."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType

from sanitizer.errors import UsageError


def names(package: str) -> tuple[str, ...]:
    """The plugins of a package, sorted; found by file name, without importing any of them."""
    path = importlib.import_module(package).__path__
    return tuple(sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_")))


def load(package: str, name: str) -> ModuleType:
    """Import one plugin. Raises UsageError naming the nearest and all known names."""
    known = names(package)
    if name not in known:
        raise unknown(package.rpartition(".")[2].removesuffix("s"), name, known)
    return importlib.import_module(f"{package}.{name}")


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not there: what it might have meant, and what there is."""
    options = tuple(known)
    near = difflib.get_close_matches(name, options, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return UsageError(f"there is no {kind} {name!r}", hint=f"{guess}known: {', '.join(options)}")
