"""The site: `sphinx-build -W --keep-going docs build/docs`. It loads nothing from elsewhere, formulas included."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from sphinx.application import Sphinx

import sanitizer

project = "sanitizer"
author = "the authors of sanitizer"
release = sanitizer.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_click",
    "local",
    "mathml",
    "measured",
    "registries",
]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
# Sphinx's own renderer of formulas would fetch a script from a CDN.
html_math_renderer = "mathml"

# `--option` must not become a dash.
smartquotes = False
# Docstrings and help are written with single backticks for code.
default_role = "literal"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
add_module_names = False
toc_object_entries_show_parents = "hide"

exclude_patterns = ["examples", "_ext"]
html_theme = "furo"
html_title = "sanitizer"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False


def examples(app: Sphinx, context: object, lines: list[str]) -> None:
    """What help has laid out by itself (`\\b`), which arrives as lines after bars, is shown as it is typed."""
    laid_out = False
    for place, line in enumerate(lines):
        begins = line.startswith("| ") and not laid_out
        laid_out = line.startswith("| ")
        if laid_out:
            lines[place] = f"{line[2:].removesuffix(':')}::\n" if begins else line[1:]
    lines[:] = "\n".join(lines).split("\n")


def signature(app: Sphinx, kind: str, name: str, of: object, options: object, words: str | None, back: str) -> object:
    """`<factory>`, which is what dataclasses call a default made anew, is no Python, and would break every line."""
    return (words.replace("<factory>", "..."), back) if words else None


def setup(app: Sphinx) -> None:
    """Help is written for a terminal, and signatures by dataclasses."""
    app.connect("sphinx-click-process-description", examples)
    app.connect("autodoc-process-signature", signature)
