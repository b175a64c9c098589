"""Whether a card says what its report says: it is rendered again, and must be the same text."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import yaml

import sanitizer
from sanitizer.card import metadata, render_card
from sanitizer.cardparts import own_part
from sanitizer.checkpoint import Checkpoint, HubOrigin, LocalOrigin, Origin
from sanitizer.errors import CorruptError, UsageError
from sanitizer.report import ClaimRecord, RunReport
from sanitizer.source import HubRef
from sanitizer.verify.listing import CARD, several
from sanitizer.verify.papers import complete, text_of
from sanitizer.vet.rules import excerpt

CLAIM = "the card says what the report says, and nothing else"
_TITLE = re.compile(r"^# `([^`\n]+)`$", re.MULTILINE)
_FRONT = re.compile(r"\A---\n(.*?)^---$", re.DOTALL | re.MULTILINE)
_FACTS = ("model-index", "base_model")
"""Fields of the front matter that are claims about the run."""


def card_claim(checkpoint: Checkpoint, report: RunReport) -> ClaimRecord:
    """Hold the card against the one that this report gives.

    Other numbers make it false. Other words may be those of another version, or somebody's own: that is unknown. So are
    other rows beside a report that lacks what this version records: its card was another, too.
    """
    try:
        text = text_of(checkpoint, CARD)
    except CorruptError as error:
        return ClaimRecord("card", CLAIM, "false", error.message)
    if text is None:
        return ClaimRecord("card", CLAIM, "unknown", f"there is no {CARD}")
    named = _TITLE.search(text)
    places = _places(named[1] if named else "", checkpoint.origin)
    cards = {place: render_card(report, repo_name=place.repo, folder=place.folder) for place in places}
    said = next((place for place, card in cards.items() if card == text), None)
    if said is not None:
        return ClaimRecord(
            "card", CLAIM, "held", f"it is the card that this report gives{_elsewhere(said, checkpoint)}"
        )
    nearest, wanted = next(iter(cards.items()))
    repo = nearest.repo
    facts = [
        f"its {key} is not the report's"
        for key in _FACTS
        if _front(text).get(key) != metadata(report, repo_name=repo).get(key)
    ]
    rows = [f"it says “{excerpt(row)}”" for row in _other_rows(text, wanted)]
    if rows and not facts and not complete(checkpoint, report):
        found = "its metrics are the report's; the report is that of an earlier version, whose cards had other rows"
        return ClaimRecord("card", CLAIM, "unknown", f"{found}: do not go by it")
    if wrong := facts + rows:
        return ClaimRecord("card", CLAIM, "false", several(wrong))
    if own_part(text) is not None and own_part(text) in map(own_part, cards.values()):
        found = "its own part is word for word the one that this report gives; what stands around it is somebody's own"
        return ClaimRecord("card", CLAIM, "unknown", found)
    found = f"its numbers are the report's; its words are not those that sanitizer {sanitizer.__version__} writes"
    return ClaimRecord("card", CLAIM, "unknown", f"{found}: {_first_difference(text, wanted)}")


@dataclass(frozen=True)
class Place:
    """What a card may have been written for: a repository, or a folder."""

    repo: str | None
    folder: str | None


def _places(title: str, origin: Origin) -> tuple[Place, ...]:
    """What the title names, read as one and as the other, and the folder it lies in now."""
    found = []
    with suppress(UsageError):
        found.append(Place(HubRef(title).repo, None))
    here = (origin.name,) if isinstance(origin, LocalOrigin) else ()
    found += [Place(None, name) for name in (title, *here) if name]
    return tuple(sorted(found, key=lambda place: (place.repo is None) == ("/" in title)))


def _elsewhere(said: Place, checkpoint: Checkpoint) -> str:
    origin = checkpoint.origin
    if isinstance(origin, HubOrigin) and said.repo != origin.repo:
        return f", which names {said.repo or said.folder} as its place"
    return ", word for word"


def _front(text: str) -> dict[str, Any]:
    """The front matter as plain data; nothing where it is none."""
    match = _FRONT.match(text)
    try:
        found = yaml.safe_load(match[1]) if match else None
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _other_rows(text: str, wanted: str) -> list[str]:
    """Rows of tables that begin as one of the wanted card's does and go on otherwise."""
    told = _rows(wanted)
    firsts = {row.split("|")[1] for row in told}
    return [row for row in _rows(text) if row not in told and row.split("|")[1] in firsts]


def _rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ")]


def _first_difference(text: str, wanted: str) -> str:
    pairs = zip_longest(text.splitlines(), wanted.splitlines())
    for number, (there, told) in enumerate(pairs, start=1):
        if there != told:
            said = f"says “{excerpt(there)}”" if there is not None else "is missing"
            return f"line {number} {said}, and the report gives “{excerpt(told or '')}”"
    return "it ends in other characters than the report gives"
