"""Text from strangers on its way to a terminal or a log: what is shown is what is there."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that move a cursor, reorder what is read, or have no agreed shape."""


def clean(text: str) -> str:
    """One line without control, bidirectional, invisible or unassigned characters; tabs and newlines become spaces.

    Cleaning twice changes nothing.
    """
    kept = (" " if character.isspace() else character for character in text if _shown(character))
    return " ".join("".join(kept).split())


def _shown(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in _HIDDEN
