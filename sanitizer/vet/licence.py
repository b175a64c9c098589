"""Licence and notice files, which must go where the weights go: plain text, byte for byte, or not at all."""

from __future__ import annotations

import re

from sanitizer.checkpoint import Checkpoint
from sanitizer.vet.jsonstrict import MiB
from sanitizer.vet.magic import HEAD, sniff
from sanitizer.vet.rules import Rule, Verdict
from sanitizer.vet.text import PRETENDER

CAP = 2 * MiB

UNREADABLE = Rule(
    "licence.unreadable",
    "low",
    "a licence file that is very long or not UTF-8 text",
    "it was left behind; carry the licence over yourself",
    why="A licence that cannot be read cannot be followed.",
)
HIDDEN = Rule(
    "licence.hidden-characters",
    "medium",
    "a licence file holds characters that move the cursor or reorder what is read",
    "it was left behind; carry the licence over yourself",
    why="What people read is not what is written.",
    sources=("https://nvd.nist.gov/vuln/detail/CVE-2021-42574",),
)

# C0 and C1 controls except tab, newline, form feed and carriage return; the bidirectional controls.
_HIDDEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def examine(checkpoint: Checkpoint, name: str) -> Verdict:
    """Kept if it is plain text, else left behind: the model does not need it to load."""
    if checkpoint.files[name].size > CAP:
        return _without(UNREADABLE, name, f"{checkpoint.files[name].size} bytes")
    data = checkpoint.read(name)
    content = sniff(data[:HEAD])
    if content in ("executable", "pickle", "archive"):
        return _without(PRETENDER, name, f"it is a {content}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _without(UNREADABLE, name, f"byte {error.start} is not UTF-8")
    if _HIDDEN.search(text):
        return _without(HIDDEN, name)
    return Verdict("kept", "plain text")


def _without(rule: Rule, name: str, detail: str = "") -> Verdict:
    finding = rule.finding(name, detail)
    return Verdict("dropped", finding.message, (finding,))
