"""What a record answers: may the checkpoint be used as it is, and can it be rebuilt?

*May this be used as it is?* The findings say: `refusal(record, fail_on)`. *Can it be rebuilt?* `refusal(record)`: yes,
if everything dangerous could be left behind; no, if the model itself needs it. Where findings say no more than that
nothing is known, the answer is `inconclusive`.
"""

from __future__ import annotations

from sanitizer.errors import RefusedError
from sanitizer.report import SEVERITIES, Answer, Finding, Severity, VetRecord
from sanitizer.vet.examine import CRASHED, INCOMPLETE, LIMIT, UNEXAMINED
from sanitizer.vet.leftovers import ADAPTER
from sanitizer.vet.rules import Rule
from sanitizer.vet.shapes import MISSING, SHAPE
from sanitizer.vet.tied import APART

NOTHING = Rule(
    "gate.nothing",
    "high",
    "nothing was vetted",
    "name a folder or repository that holds a model",
    why="An empty answer must not be taken for a clean one.",
)
UNDECIDED = frozenset({ADAPTER.id, APART.id, MISSING.id, SHAPE.id})
"""Rules that say that nobody knows which weights would be used: a copy can be made, and so is not known either."""
UNKNOWN = frozenset({LIMIT.id, CRASHED.id, UNEXAMINED.id, INCOMPLETE.id}) | UNDECIDED
"""Rules that say no more than that something could not be checked."""


def answer(record: VetRecord, fail_on: Severity) -> Answer:
    """May it be used as it is? `refused` wins over `inconclusive`, which wins over `passed`."""
    against = refusal(record, fail_on)
    if against is None:
        return "passed"
    return "inconclusive" if all(finding.rule in UNKNOWN for finding in against.findings) else "refused"


def refusal(record: VetRecord, fail_on: Severity | None = None) -> RefusedError | None:
    """Why the checkpoint cannot be rebuilt or, with `fail_on`, may not be used as it is; None if nothing is against it.

    A file that is needed and refused always counts, and so does a record of nothing. What a policy waives does not.
    """
    doubts = blocking(record)
    if not record.files:
        doubts += (NOTHING.finding("."),)
    if fail_on is not None:
        grave = SEVERITIES[SEVERITIES.index(fail_on) :]
        doubts += tuple(f for f in record.standing if f.severity in grave and f not in doubts)
    if not doubts:
        return None
    first, more = doubts[0], len(doubts) - 1
    tail = f" (and {more} more finding{'s' if more > 1 else ''})" if more else ""
    return RefusedError(f"{first.file}: {first.message} [{first.rule}]{tail}", findings=doubts, hint=first.hint)


def blocking(record: VetRecord) -> tuple[Finding, ...]:
    """High findings on anything that was not dropped: the model needs it, or nothing is known about the whole."""
    dropped = {file.name for file in record.files if file.fate == "dropped"}
    found = tuple(f for f in record.findings if f.severity == "high" and f.file not in dropped)
    named = {finding.file for finding in found}
    silent_ones = (f for f in record.files if f.fate == "refused" and f.name not in named)
    return found + tuple(UNEXAMINED.finding(file.name, file.reason) for file in silent_ones)
