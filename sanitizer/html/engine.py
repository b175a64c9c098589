"""Templates of pages and drawings: how a value enters one, how it is dressed, and the policy that allows nothing else.

Names and texts in a report come from strangers: Jinja escapes all of them, `clean` takes away what moves a cursor or
reorders a line, and the Content-Security-Policy runs and loads nothing but the style and the script written here.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from sanitizer.numbers import count, counted, held, percent, size, span
from sanitizer.text import clean

HERE = Path(__file__).parent
LONGEST = 400
"""Characters of one value that are shown."""
_COLOUR = re.compile(r"--(\w+): (#[0-9a-f]{6});")


def template(name: str) -> Template:
    """A template of this folder by its file name; whatever it prints is `shown` and then escaped."""
    return _environment().get_template(name)


def dress(*, scripted: bool = True) -> dict[str, object]:
    """What `base.html.jinja` wants of a page: its style, its script if any, and the policy that allows these alone."""
    style, script = _text("colours.css") + _text("page.css"), _text("page.js") if scripted else ""
    return {
        "style": Markup(style),  # noqa: S704  files of this package
        "script": Markup(script),  # noqa: S704  a file of this package
        "policy": policy(style, script),
    }


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy: this style, this script if any, and no connection, image, frame or form."""
    scripts = f"script-src '{_digest(script)}'; " if script else ""
    return f"default-src 'none'; style-src '{_digest(style)}'; {scripts}base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Palette:
    """The colours of the pages by name, as `#rrggbb`: on light paper, and where the reader prefers dark."""

    light: dict[str, str]
    dark: dict[str, str]


@cache
def palette() -> Palette:
    """As `colours.css` has them, which is the only place where a colour is chosen."""
    light, dark, _ = _text("colours.css").split("@media")
    return Palette(dict(_COLOUR.findall(light)), dict(_COLOUR.findall(dark)))


def shown(value: object) -> object:
    """For Jinja's `finalize`: text on one line, of what is seen alone, and not without end; escaping comes after."""
    if isinstance(value, Markup | int | float):
        return value
    text = clean(str(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def figure(value: object) -> object:
    """A number as short as it can be read: whole ones whole, others in four digits; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words: dict[str, Any] = {
        "count": count,
        "counted": counted,
        "held": held,
        "size": size,
        "span": span,
        "percent": percent,
        "grouped": lambda number: f"{number:,}",
        "figure": figure,
    }
    environment.filters.update(words)
    return environment


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
