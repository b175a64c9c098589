"""One file at a time: what is looked into, what is left behind, and that a rule that crashes is a finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import IncompleteError, RefusedError
from sanitizer.vet.families import Family
from sanitizer.vet.folder import HARD_LINK, LINK, SPECIAL, Entry
from sanitizer.vet.inventory import PICKLED, Kind, bad_name, has_safetensors, kind
from sanitizer.vet.leftovers import judge, of_training
from sanitizer.vet.legacy.look import look
from sanitizer.vet.magic import sniff_file
from sanitizer.vet.rules import Rule, Verdict, refused, shown
from sanitizer.vet.sidecars import doubts

CRASHED = Rule(
    "gate.crashed",
    "high",
    "a rule crashed on this file, so nothing is known about it",
    "do not use the model; report this file so that the rule can be mended",
    why="Crashing the checker is the oldest way past it, so a crash is never a pass.",
)
UNEXAMINED = Rule(
    "gate.unexamined",
    "high",
    "no rule looks into files of this kind",
    "run the gate with all of its rules",
    why="A file that no rule looked into may hold anything.",
)
INCOMPLETE = Rule(
    "gate.incomplete",
    "high",
    "the file could not be read to its end",
    "get the file again and run again",
    why="What was not read to its end may hold anything.",
)
UNREAD = Rule(
    "gate.unread",
    "high",
    "the model needs this file, and its bytes were not hashed before vetting",
    "nothing may be added to the folder while it is vetted; run again",
    why="Its bytes may change between vetting and loading without anybody noticing.",
    sources=("https://cwe.mitre.org/data/definitions/367.html",),
)
LIMIT = Rule(
    "gate.limit",
    "high",
    "vetting did not come to an end",
    "look at its largest files; on a larger machine, run again",
    why="A file that exhausts memory or time, or kills its reader, has not been vetted; servers would fare alike.",
    sources=("https://cwe.mitre.org/data/definitions/400.html",),
)


def examine(checkpoint: Checkpoint, entry: Entry, families: Mapping[Kind, Family]) -> Verdict:
    """What becomes of it, by its name, by what it is, and by the rules of its kind. Raises what those raise."""
    rule = bad_name(entry.name) or {"link": LINK, "special": SPECIAL}.get(entry.what)
    if rule is not None:
        return refused(rule.finding(entry.name))
    if entry.what == "history":
        return Verdict("dropped", "version control, not part of the model; not looked into")
    of = kind(entry.name)
    if of is None or (of in PICKLED and has_safetensors(checkpoint.files)):
        return _left_behind(checkpoint.path / entry.name, entry)
    if entry.name not in checkpoint.files:
        return refused(UNREAD.finding(entry.name))
    if of not in families:
        return refused(UNEXAMINED.finding(entry.name))
    verdict = families[of].examine(checkpoint, entry.name)
    if entry.names > 1:
        return replace(verdict, findings=(*verdict.findings, HARD_LINK.finding(entry.name)))
    return verdict


def guarded(file: str, stalled: list[IncompleteError], work: Callable[[], Verdict]) -> Verdict:
    """The verdict, or the finding that there is none. What could not be finished is kept in `stalled`."""
    try:
        return work()
    except RefusedError as error:
        return refused(*error.findings)
    except IncompleteError as error:
        stalled.append(error)
    except OSError as error:
        stalled.append(
            IncompleteError(
                f"{shown(file)} cannot be read ({error.strerror or type(error).__name__})",
                hint="check that it is still there and that you may read it",
            )
        )
    except Exception as error:
        stalled.append(IncompleteError(f"{shown(file)}: {CRASHED.text} ({type(error).__name__})", hint=CRASHED.hint))
        return refused(CRASHED.finding(file, type(error).__name__))
    return refused(INCOMPLETE.finding(file, stalled[-1].message))


def _left_behind(path: Path, entry: Entry) -> Verdict:
    if entry.what == "absent":
        return judge(entry.name, None)
    verdict = judge(entry.name, sniff_file(path), partial(look, path, training=of_training(entry.name)))
    return replace(verdict, findings=(*verdict.findings, *doubts(path, entry.name)))
