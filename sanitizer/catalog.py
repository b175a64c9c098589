"""Plugins described from their source text, so that listing them imports none of them (and so no torch)."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sanitizer import plugins
from sanitizer.errors import SanitizerError


@dataclass(frozen=True)
class Parameter:
    """A field that a plugin's dataclass itself writes: `--set name=value` sets it.

    What it inherits can be set too and is not listed, unless it writes none itself.
    """

    name: str
    type: str
    default: str | None
    note: str = ""


@dataclass(frozen=True)
class Entry:
    """A plugin: the first line of its docstring, the paper it cites (`Source:`), the whole, and its parameters."""

    name: str
    summary: str
    source: str
    text: str
    parameters: tuple[Parameter, ...]


def entries(package: str) -> tuple[Entry, ...]:
    """Every plugin of a package, in order of name."""
    return tuple(describe(package, name) for name in plugins.names(package))


def describe(package: str, name: str) -> Entry:
    """One plugin. Raises UsageError for an unknown name, SanitizerError for a plugin that does not describe itself."""
    plugins.check(package, name)
    for folder in importlib.import_module(package).__path__:
        path = Path(folder, f"{name}.py")
        if path.is_file():
            return read(name, path.read_text(encoding="utf-8"))
    raise SanitizerError(f"{package}.{name} is not a single file", hint="a plugin is one .py file")


def read(name: str, code: str) -> Entry:
    """Describe a plugin from its source. Raises SanitizerError if it has no docstring."""
    module = ast.parse(code)
    text = ast.get_docstring(module)
    if not text:
        raise SanitizerError(f"{name} has no docstring", hint="its first line is what `sanitize strategies` shows")
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    source = next((part.removeprefix("Source:").strip() for part in paragraphs if part.startswith("Source:")), "")
    parameters = tuple(parameter for node in _dataclasses(module) for parameter in _parameters(node, code))
    if not parameters:
        parameters = tuple(_inherited(module))
    return Entry(name, paragraphs[0], source, text, parameters)


def _dataclasses(module: ast.Module) -> list[ast.ClassDef]:
    return [node for node in module.body if isinstance(node, ast.ClassDef) and _is_dataclass(node)]


def _inherited(module: ast.Module) -> Iterator[Parameter]:
    """What the classes write that the plugin's own one is made from, in the files that they are imported from."""
    homes = {
        alias.name: node.module for node in module.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    bases = {base.id for node in _dataclasses(module) for base in node.bases if isinstance(base, ast.Name)}
    for name in sorted(bases & homes.keys()):
        spec = importlib.util.find_spec(homes[name] or "")
        if spec is not None and spec.origin is not None:
            code = Path(spec.origin).read_text(encoding="utf-8")
            for node in _dataclasses(ast.parse(code)):
                if node.name == name:
                    yield from _parameters(node, code)


def _is_dataclass(node: ast.ClassDef) -> bool:
    names = (decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in node.decorator_list)
    return any(isinstance(name, ast.Name) and name.id == "dataclass" for name in names)


def _parameters(node: ast.ClassDef, code: str) -> list[Parameter]:
    lines = code.splitlines()
    found = []
    for field, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            default = ast.unparse(field.value) if field.value else None
            comment = lines[(field.end_lineno or field.lineno) - 1][field.end_col_offset or 0 :]
            note = _literal(after) or comment.strip().removeprefix("#").strip()
            found.append(Parameter(field.target.id, ast.unparse(field.annotation), default, note))
    return found


def _literal(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""
