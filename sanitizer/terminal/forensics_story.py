"""Whether heads look planted, told on a terminal in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from sanitizer.report import ForensicsRecord
from sanitizer.text import clean

_ANSWERS = {"suspect heads": "bold red", "inconclusive": "yellow", "nothing": ""}
MOST = 12
"""Suspects that are listed; the report has all of them."""
SHOWN = 0.01
"""The largest p-value of a kind of evidence that is named."""


def in_short(record: ForensicsRecord) -> str:
    """How many suspects, or `none`, or `inconclusive`."""
    return {"nothing": "none"}.get(record.answer, str(len(record.suspects) or record.answer))


def forensics_story(record: ForensicsRecord) -> Iterator[Text]:
    """The answer and its reason, then each suspect with the evidence against it, the strongest first."""
    kinds = ", ".join(map(clean, record.kinds))
    by = f"{record.texts} texts, {record.probes} probes" if record.probes else "weights alone"
    yield Text.assemble(
        (f"  {'forensics':<12}", "dim"),
        (record.answer, _ANSWERS[record.answer]),
        f": {clean(record.reason)} ({kinds}; {by})",
    )
    for suspect in record.suspects[:MOST]:
        strong = [f"{clean(found.kind)} {found.p_value:.1g}" for found in suspect.evidence if found.p_value <= SHOWN]
        yield Text(f"{'':<14}{suspect.head!s:<8}p {suspect.adjusted:.1g}: {', '.join(strong)}")
    if len(record.suspects) > MOST:
        yield Text(f"{'':<14}and {len(record.suspects) - MOST} more, all of them in the report", style="dim")
    if record.suspects:
        words = f"at most {100 * record.rate:g} % false alarms if clean heads are as assumed"
        remedy = "; to remove these heads: --strategy forensics" if record.probes else ""
        yield Text(f"{'':<14}{words}{remedy}", style="dim")
