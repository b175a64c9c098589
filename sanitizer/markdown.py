"""One way for a value to enter Markdown: as a code span, in which nothing is markup.

Names, labels and findings come from strangers. Inside a code span there are no links, images, HTML, emphasis or
autolinks (GitHub's and the Hub's readers link bare URLs in plain text, whatever is escaped), and a backslash escape
keeps every value on one line without the two characters that could end a span or a table's cell.
"""

from __future__ import annotations

from markupsafe import Markup

LONGEST = 300
"""Characters of one value that are shown."""

_STRUCTURE = frozenset("\\`|")


def visible(text: str) -> str:
    r"""Printable text without backticks and pipes, the rest as Python escapes: `a|b` is `a\x7cb`, a newline `\x0a`.

    One value, one spelling: `codecs.decode` with `unicode_escape` reads an ASCII value back.
    """
    return "".join(character if _shown(character) else _escape(character) for character in text)


def code(value: object) -> Markup:
    """A code span of one line, cut after `LONGEST` characters; a dash for an empty value."""
    text = visible(str(value))
    if not text.strip():
        return Markup("—")
    # A code span keeps its inner spaces, except that one space at both ends is stripped: so write none there.
    return Markup(f"`{text.strip() if len(text) <= LONGEST else text[:LONGEST].strip() + '…'}`")  # noqa: S704


def fence(text: str, language: str) -> Markup:
    """A fenced block of lines made here, whose values went through `visible` or `repr`.

    A value inside a line cannot close the fence: a closing fence has its line to itself.
    """
    return Markup(f"```{language}\n{text}\n```")  # noqa: S704


def inject(value: object) -> object:
    """For Jinja's `finalize`: whatever a template prints is a code span unless this module or a number made it."""
    return value if isinstance(value, Markup | int | float) else code(value)


def _shown(character: str) -> bool:
    return character.isprintable() and character not in _STRUCTURE


def _escape(character: str) -> str:
    if character == "\\":
        return "\\\\"
    point = ord(character)
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
