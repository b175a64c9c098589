"""Pages of what the registries hold, written by them: a new strategy, recipe or rule is on the site by itself.

`{registry} strategies` (or treatments, attacks, recipes, rules) describes every entry, each in a section of its own;
`{plugin} strategies gradient` gives one plugin's parameters, for the page that explains it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from sanitizer import catalog
from sanitizer.recipes import RECIPES
from sanitizer.redteam import registry
from sanitizer.vet.rules import catalogue

PACKAGES: Mapping[str, str] = MappingProxyType(
    {"strategies": "sanitizer.strategies", "treatments": "sanitizer.treatments"}
)


@dataclass(frozen=True)
class Row:
    """A name, what it is in one line, and what its section says, in Markdown."""

    name: str
    summary: str
    body: str


def rows(kind: str) -> Iterator[Row]:
    """Every entry of one registry."""
    match kind:
        case "recipes":
            for name, named in RECIPES.items():
                yield Row(name, named.about, f"{plain(named.about)}.\n\n```yaml\n{named.recipe.to_yaml()}```")
        case "rules":
            for rule in catalogue().values():
                what = f"{rule.text} ({rule.severity})"
                said = (f"{what}.", rule.why, f"What to do: {rule.hint}.")
                sources = (f"- <{source}>" if "://" in source else f"- {plain(source)}" for source in rule.sources)
                yield Row(rule.id, what, "\n\n".join([*map(plain, filter(None, said)), "\n".join(sources)]))
        case _:
            for entry in entries(kind):
                text = "\n\n".join(map(plain, re.split(r"\n\s*\n", entry.text)))
                yield Row(entry.name, entry.summary, f"{text}\n\n{parameters(entry)}")


def entries(kind: str) -> tuple[catalog.Entry, ...]:
    """The plugins of one kind, described from their source."""
    return registry.entries() if kind == "attacks" else catalog.entries(PACKAGES[kind])


def parameters(entry: catalog.Entry) -> str:
    """A table of the parameters that the plugin's own dataclass writes."""
    if not entry.parameters:
        return "It has no parameters of its own."
    noted = any(one.note for one in entry.parameters)
    lines = (
        ["| parameter | type | default | |", "|---|---|---|---|"]
        if noted
        else ["| parameter | type | default |", "|---|---|---|"]
    )
    for one in entry.parameters:
        cells = [code(one.name), code(one.type), "required" if one.default is None else code(one.default)]
        lines.append(f"| {' | '.join([*cells, plain(one.note)] if noted else cells)} |")
    return "\n".join(lines)


def anchor(kind: str, name: str) -> str:
    """The target of an entry's section."""
    return f"{kind}-{re.sub('[^a-z0-9]+', '-', name)}"


def code(text: str) -> str:
    """Code inside a table: a bar would begin the next cell."""
    return f"`{text}`".replace("|", "\\|")


def plain(text: str) -> str:
    """Prose of a docstring as Markdown: what stands in backticks stays, and nothing else is taken for markup."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(part if part[:1] == "`" else re.sub(r"([\\*_|<>\[\]$#{}~])", r"\\\1", part) for part in parts)


class Registry(SphinxDirective):
    """A table of all entries, and a section for each."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Written in Markdown, so that the page's own parser makes the nodes."""
        kind = self.arguments[0]
        found = tuple(rows(kind))
        lines = ["| name | |", "|---|---|"]
        lines += [f"| [`{row.name}`](#{anchor(kind, row.name)}) | {plain(row.summary)} |" for row in found]
        for row in found:
            lines += ["", f"({anchor(kind, row.name)})=", "", f"## `{row.name}`", ""]
            lines += [row.body]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


class Plugin(SphinxDirective):
    """One plugin's parameters, and where the rest is."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Fails the build for a plugin that is not there."""
        kind, name = self.arguments
        (entry,) = (entry for entry in entries(kind) if entry.name == name)
        where = f"[`{name}` in its own words](#{anchor(kind, name)})."
        return self.parse_text_to_nodes(f"Parameters:\n\n{parameters(entry)}\n\n{where}")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both directives."""
    app.add_directive("registry", Registry)
    app.add_directive("plugin", Plugin)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
