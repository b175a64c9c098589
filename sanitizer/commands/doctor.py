"""`sanitize doctor`: what a run would find on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import rich_click as click
from rich.text import Text

from sanitizer.terminal.consoles import result
from sanitizer.text import clean

if TYPE_CHECKING:
    from sanitizer.doctor import Checkup
    from sanitizer.report import IsolationRecord


@click.command("doctor", short_help="Show versions, memory, disk, GPU and Hub settings.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(as_json: bool) -> None:
    """Show versions, memory, disk, graphics and Hub settings, for yourself or for a bug report. No token is shown.

    \b
    Examples:
      sanitize doctor
      sanitize doctor --json
    """
    from sanitizer.doctor import examine

    out, checkup = result(), examine()
    if as_json:
        out.out(json.dumps(asdict(checkup), indent=2, default=str), highlight=False)
        return
    for label, value in _lines(checkup):
        out.print(Text.assemble((f"{label:<16}", "dim"), clean(value)), soft_wrap=True)
    for problem in checkup.problems:
        out.print(Text.assemble(("problem         ", "yellow"), problem), soft_wrap=True)


def _lines(checkup: Checkup) -> list[tuple[str, str]]:
    from sanitizer.numbers import size

    machine, hub = checkup.machine, checkup.hub
    return [
        ("sanitizer", checkup.sanitizer),
        ("python", checkup.python),
        *((name, version or "not installed") for name, version in checkup.versions.items()),
        ("system", machine.system),
        ("distribution", machine.distribution or "not known"),
        ("cpus", str(machine.cpus)),
        ("memory", size(machine.memory) + (f", {size(machine.memory_free)} free" if machine.memory_free else "")),
        *(("gpu", gpu) for gpu in machine.gpus or ("none",)),
        ("free disk", f"{size(machine.output_free)} here, {size(machine.cache_free)} for the cache"),
        ("hub", hub.endpoint),
        ("hub cache", str(hub.cache)),
        ("offline", _yes(hub.offline)),
        ("xet uploads", _yes(hub.xet)),
        ("token", _yes(hub.token)),
        ("sandbox", _sandbox(checkup.sandbox)),
        *(("environment", f"{name}={value}") for name, value in checkup.environment.items()),
    ]


def _sandbox(sandbox: IsolationRecord | None) -> str:
    if sandbox is None:
        return "none: `sanitize vet` could not start its process"
    missing = f"; not to be had here: {', '.join(sandbox.missing)}" if sandbox.missing else ""
    return f"{', '.join(sandbox.held) or 'nothing'}{missing}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
