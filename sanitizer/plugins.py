"""A folder is a registry: the modules of a package are its plugins, and their names are the names users type."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import pkgutil
import typing
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from sanitizer.errors import UsageError


def names(package: str) -> tuple[str, ...]:
    """The plugins of a package, sorted; found by file name, without importing any of them."""
    path = importlib.import_module(package).__path__
    return tuple(sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_")))


def check(package: str, name: str) -> None:
    """Raises UsageError naming the nearest and all known names, unless there is a plugin of this name."""
    known = names(package)
    if name not in known:
        raise unknown(_singular(package.rpartition(".")[2]), name, known)


def load(package: str, name: str) -> ModuleType:
    """Import one plugin. Raises UsageError for an unknown name."""
    check(package, name)
    return importlib.import_module(f"{package}.{name}")


def build(package: str, name: str, settings: Mapping[str, Any]) -> Any:
    """The plugin's one dataclass, made with these settings; raises what `fill` does."""
    return fill(parameters_of(load(package, name)), name, settings)


def fill(cls: Any, name: str, settings: Mapping[str, Any]) -> Any:
    """A dataclass made with these settings (words as typed, or values from YAML); `name` is what to call it.

    Raises UsageError for a parameter it does not have, one it needs and is not given, and a value that does not fit.
    """
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    fields = dataclasses.fields(cls)
    known = tuple(field.name for field in fields)
    for key in settings:
        if key not in known:
            raise unknown(f"parameter of {name}", key, known)
    for field in fields:
        bare = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if bare and field.name not in settings:
            raise UsageError(f"{name} needs its parameter {field.name}", hint=f"--set {field.name}=…")
    checked = {}
    for key, kind in typing.get_type_hints(cls, include_extras=True).items():
        if key in settings:
            try:
                checked[key] = TypeAdapter(kind, config=ConfigDict(allow_inf_nan=False)).validate_python(settings[key])
            except ValidationError as error:
                raise UsageError(
                    f"{key} of {name} cannot be {settings[key]!r}", hint=error.errors()[0]["msg"].lower()
                ) from error
    return cls(**checked)


def parameters_of(module: ModuleType) -> Any:
    """The frozen dataclass a plugin module defines: its fields are the plugin's parameters."""
    (cls,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.__name__
    )
    return cls


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not there: what it might have meant, and what there is."""
    options = tuple(known)
    near = difflib.get_close_matches(name, options, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return UsageError(f"there is no {kind} {name!r}", hint=f"{guess}known: {', '.join(options) or 'none'}")


def _singular(word: str) -> str:
    return word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")
