"""A card of which a part is written anew by every run, and the rest is its owner's: what they wrote around it stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

BEGIN, END = "<!-- sanitizer:begin -->", "<!-- sanitizer:end -->"
"""Lines around what is written anew each time. Values are code spans, so none can begin a line with these."""

OURS = frozenset(
    {"base_model", "base_model_relation", "library_name", "pipeline_tag", "license", "language", "tags", "datasets"}
    | {"model-index"}
)
"""Fields of the front matter that a run writes."""
FILLED = ("license", "language")
"""Those of them that an owner may fill in where the source does not say."""

_FRONT = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
_PART = re.compile(f"^{re.escape(BEGIN)}$.*?^{re.escape(END)}$", re.DOTALL | re.MULTILINE)


def around(card: str) -> tuple[str, str] | None:
    """What a card says before and after its own part, front matter aside; None unless it has exactly one such part."""
    body = _plain(card)
    parts = list(_PART.finditer(body))
    if len(parts) != 1:
        return None
    return body[: parts[0].start()], body[parts[0].end() :]


def own_part(card: str) -> str | None:
    """What a run wrote below the front matter; None unless there is exactly one such part."""
    parts = _PART.findall(_plain(card))
    return parts[0] if len(parts) == 1 else None


def kept(card: str, old: str | None, fields: Mapping[str, Any]) -> str:
    """A new `card`, in its place in the `old` one, whose front matter was read as `fields`.

    Text before and after the own part stays, and so do fields and tags that no run writes. An old card without such a
    part, whoever wrote it, is replaced. Doing it twice changes nothing.
    """
    rest = None if old is None else around(old)
    if rest is None:
        return card
    front = _FRONT.match(card)
    part = _PART.search(card)
    assert front is not None and part is not None  # it was made here
    ours: dict[str, Any] = yaml.safe_load(front[1])
    more = {key: value for key, value in fields.items() if key not in OURS or (key in FILLED and key not in ours)}
    tags = [tag for tag in _listed(fields.get("tags")) if tag not in ours["tags"] and not _own_tag(tag)]
    both = {**ours, "tags": [*ours["tags"], *tags], **more}
    text = front[1] if both == ours else yaml.safe_dump(both, sort_keys=False, width=2**31, allow_unicode=True)
    return f"---\n{text}---\n{rest[0]}{part[0]}{rest[1]}"


def _plain(card: str) -> str:
    """Without front matter, and with the ends of lines that are written here: editors of a Hub may send others."""
    return _FRONT.sub("", card.removeprefix("\ufeff").replace("\r\n", "\n"), count=1)


def _listed(value: object) -> list[str]:
    return [tag for tag in value if isinstance(tag, str)] if isinstance(value, list) else []


def _own_tag(tag: str) -> bool:
    return tag in ("sanitizer", "backdoor-defense", "pruned") or tag.startswith("sanitizer-")
