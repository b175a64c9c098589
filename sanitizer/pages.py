"""Templates of Markdown pages, in which every value that is not a number arrives as a code span."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from sanitizer.markdown import inject

# In a wheel the templates lie inside the package; in a checkout they have one home, `cards/`.
_FOLDERS = (Path(__file__).parent / "templates", Path(__file__).parent.parent / "cards")


def template(name: str) -> Template:
    """A template by its file name. It may print a number, `Markup` made by `sanitizer.markdown`, or a code span."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDERS),
        finalize=inject,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  HTML escapes do not stop Markdown; `finalize` leaves nothing to escape
    )
    return environment.get_template(name)
