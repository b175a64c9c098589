"""The words about where many tasks run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import rich_click as click

from sanitizer.commands.words import MACHINE, together
from sanitizer.errors import UsageError
from sanitizer.resources.memory import read_size

if TYPE_CHECKING:
    from sanitizer.engines.engine import Engine, Need


class Memory(click.ParamType[int]):
    """Bytes: `4GB`, `500M`, `1.5GiB`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it; none at all is no amount."""
        if isinstance(value, int):
            return value
        try:
            size = read_size(str(value))
        except UsageError as error:
            self.fail(f"{error.message}; {error.hint}", param, ctx)
        if not size:
            self.fail(f"{value!r} is no amount of memory", param, ctx)
        return size


engine_options = together(
    click.option(
        "--engine",
        type=click.Choice(["local", "ray"]),
        default="local",
        show_default=True,
        panel=MACHINE,
        help="This machine's processes, or Ray (needs the extra [ray]): started here for the while, or a cluster.",
    ),
    click.option(
        "--address",
        panel=MACHINE,
        metavar="HOST:PORT",
        help="A Ray cluster that runs already (`ray start --head`); `auto` is the one on this machine.",
    ),
    click.option(
        "--gpus",
        type=click.FloatRange(0),
        default=0.0,
        panel=MACHINE,
        metavar="N",
        help="GPUs that each takes, 0.5 for half of one; Ray deals them out. [default: none]",
    ),
    click.option(
        "--memory",
        type=Memory(),
        panel=MACHINE,
        metavar="SIZE",
        help="Memory to set aside for each, such as 4GB or 4GiB: as many run at a time as it holds.",
    ),
)

cpus_option = click.option(
    "--cpus", type=click.IntRange(1), default=1, show_default=True, panel=MACHINE, metavar="N", help="Cores for each."
)


def need_of(words: Mapping[str, Any], cpus: int) -> Need:
    """What each task takes. Raises UsageError for an address without its engine."""
    from sanitizer.engines.engine import Need

    if words["address"] is not None and words["engine"] != "ray":
        raise UsageError("--address is that of a Ray cluster", hint="add --engine ray")
    return Need(cpus, words["gpus"], words["memory"])


def engine_of(words: Mapping[str, Any], need: Need, *, retries: int) -> Engine:
    """The engine; Ray is not started before it is used. Raises UsageError for a need that cannot be met here."""
    if words["engine"] == "ray":
        from sanitizer.engines.ray import Ray

        return Ray(need, words["address"], retries)
    from sanitizer.engines.local import Local

    return Local.with_room_for(need)
