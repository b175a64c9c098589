"""Formulas as MathML, which browsers draw themselves: no script, no fonts. The converter is that of docutils."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

LOG = logging.getLogger(__name__)


def _drawn(node: nodes.Node, *, inline: bool) -> str:
    try:
        drawn = str(latex2mathml.tex2mathml(node.astext(), as_block=not inline))
    except MathError as error:
        LOG.warning("formula %r: %s", node.astext(), error, location=node)
        return ""
    # Bars as high as what is between them, which browsers take for operators in the middle otherwise.
    return re.sub("<mo>([|‖])</mo>", r'<mo stretchy="true" symmetric="true">\1</mo>', drawn)


def inline(translator: Any, node: nodes.math) -> None:
    """A formula in a line."""
    translator.body.append(_drawn(node, inline=True))
    raise nodes.SkipNode


def block(translator: Any, node: nodes.math_block) -> None:
    """A formula of its own, which scrolls by itself where the page is narrow."""
    translator.body.append(f'<div class="math">{_drawn(node, inline=False)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer `mathml`."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
