"""A warning, and so a failed build, for whatever a built page would load from elsewhere: networks may be hostile."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

LOG = logging.getLogger(__name__)
LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|object|embed)\b[^>]*?\b(?:src|data)=[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|<link\b(?![^>]*rel=[\"']?canonical)[^>]*?\bhref=[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|@import\s+(?:url\()?[\"']?((?:https?:)?//[^\"'\s);]+)"
    r"|url\([\"']?((?:https?:)?//[^\"'\s)]+)",
    re.IGNORECASE,
)


def loads(text: str) -> list[str]:
    """Addresses that a browser would fetch by itself to show this page or style; links to click are none."""
    return [next(filter(None, found)) for found in LOADED.findall(text)]


def look(app: Sphinx, error: Exception | None) -> None:
    """Read every page and style of the site."""
    if error is None and app.builder.format == "html":
        for path in sorted(Path(app.outdir).rglob("*")):
            if path.suffix in {".html", ".css"}:
                for address in loads(path.read_text(encoding="utf-8")):
                    LOG.warning("%s loads %s", path.relative_to(app.outdir), address)


def setup(app: Sphinx) -> dict[str, bool]:
    """Look when all is written."""
    app.connect("build-finished", look)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
