"""Types and options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from sanitizer.commands.speech import VERBOSITY
from sanitizer.errors import UsageError
from sanitizer.options import DataOptions, Gatekeeping
from sanitizer.recipe import Recipe
from sanitizer.resources.memory import read_memory

F = TypeVar("F", bound=Callable[..., Any])

WHAT, DATA, BUDGET, OUTPUT, HUB, MACHINE = "What", "Data", "Budget", "Output", "Hub", "Machine"


class Setting(click.ParamType[tuple[str, str]]):
    """`name=value`."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split at the first `=`."""
        if isinstance(value, tuple):
            return value
        name, equals, rest = value.partition("=")
        if not equals or not name.isidentifier():
            self.fail(f"{value!r} is not of the form name=value, such as samples=512", param, ctx)
        return name, rest


class RecipeName(click.ParamType[Recipe]):
    """A recipe's name, or a YAML file."""

    name = "name|file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Recipe:
        """Find it."""
        from sanitizer.recipes import find

        return value if isinstance(value, Recipe) else find(str(value))


class BatchSize(click.ParamType[int | None]):
    """`auto` (None) or a number from one."""

    name = "auto|N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Read it."""
        if value == "auto" or value is None:
            return None
        if not re.fullmatch(r"[1-9][0-9]{0,6}", str(value), re.ASCII):
            self.fail(f"{value!r} is neither auto nor a number from 1", param, ctx)
        return int(value)


class DeviceName(click.ParamType[str]):
    """`auto`, `cpu`, `cuda`, `cuda:1` or `mps`."""

    name = "device"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it."""
        if not re.fullmatch(r"auto|cpu|mps|cuda(:[0-9]+)?", value, re.ASCII):
            self.fail(f"{value!r} is not a device: auto, cpu, cuda, cuda:1 or mps", param, ctx)
        return str(value)


class MemoryShares(click.ParamType[dict[str, int]]):
    """`cuda:0=20GiB,cpu=60GiB`."""

    name = "device=size,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, int]:
        """Read it."""
        if isinstance(value, dict):
            return value
        try:
            return read_memory(value)
        except UsageError as error:
            self.fail(f"{error.message}; {error.hint}", param, ctx)


def together(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, in the order in which help lists them."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _heard(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[VERBOSITY] = -1 if param.name == "quiet" else 1


quiet_or_verbose = together(
    click.option(
        *("-q", "--quiet"),
        is_flag=True,
        expose_value=False,
        callback=_heard,
        panel=OUTPUT,
        help="Show no progress.",
    ),
    click.option(
        *("-v", "--verbose"),
        is_flag=True,
        expose_value=False,
        callback=_heard,
        panel=OUTPUT,
        help="Show the libraries' warnings, and a traceback for an error.",
    ),
)


def output_option(name: str, help: str) -> Callable[[F], F]:
    """`-o` and a long name: a file that is written instead of stdout."""
    return click.option(
        *("-o", f"--{name}"), type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", panel=OUTPUT, help=help
    )


layout_option = click.option(
    "--layout",
    type=click.Choice(["compact", "dense"]),
    default="compact",
    show_default=True,
    panel=OUTPUT,
    help="Cut heads out, or leave the shapes and make them zero (opens everywhere).",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, panel=OUTPUT, help="Print one JSON document (see `sanitize schema`)."
)

seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    panel=MACHINE,
    metavar="N",
    help="The same seed gives the same bytes.",
)

data_options = together(
    click.option(
        "--data",
        panel=DATA,
        metavar="ID|FILE",
        help="Clean texts: a Hub dataset, or a csv, tsv, jsonl or parquet file.",
    ),
    click.option("--text-column", panel=DATA, metavar="NAME", help="The column of texts, if it cannot be told."),
    click.option("--label-column", panel=DATA, metavar="NAME", help="The column of labels, if it cannot be told."),
)

revision_option = click.option(
    "--revision", panel=WHAT, metavar="REV", help="A branch, tag or commit of MODEL. [default: main]"
)


ablate_option = click.option(
    "--ablate", is_flag=True, panel=DATA, help="Measure clean accuracy without each single head, with intervals."
)

base_option = click.option(
    "--base",
    metavar="ID|DIR|card",
    panel=WHAT,
    help="The model that MODEL was made from: how far heads moved is evidence, and some recipes (rebase) take its "
    "weights. Vetted as MODEL is. `card`: the one that MODEL's card names, if you trust that.",
)


def _token(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is None or not value.strip():
        return None
    if not re.fullmatch(r"[!-~]+", value.strip()):  # it becomes an HTTP header; and the message must not quote it
        raise click.BadParameter("this is no access token: it has spaces or unusual characters", ctx, param)
    return value.strip()


def resume_option(of: str) -> Callable[[Any], Any]:
    """Whether an interrupted one of these is continued."""
    return click.option(
        "--resume/--no-resume",
        default=True,
        show_default=True,
        panel=MACHINE,
        help=f"Continue the tuning of an interrupted {of} of the same words; --no-resume keeps and reads nothing.",
    )


token_option = click.option(
    "--token",
    callback=_token,
    envvar="HF_TOKEN",
    show_envvar=True,
    panel=HUB,
    metavar="TOKEN",
    help="For the Hub alone; never stored or printed.",
)

machine_options = together(
    click.option(
        "--device", type=DeviceName(), default="auto", show_default=True, panel=MACHINE, help="Where to compute."
    ),
    click.option(
        "--dtype",
        type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
        default="auto",
        show_default=True,
        panel=MACHINE,
        help="What to compute in; weights keep their own.",
    ),
    click.option(
        "--batch-size", type=BatchSize(), default="auto", show_default=True, panel=MACHINE, help="Texts at a time."
    ),
    seed_option,
)


gate_options = together(
    click.option(
        "--fail-on",
        type=click.Choice(["low", "medium", "high"]),
        panel=WHAT,
        help="Refuse findings of this severity or graver, even where they can be left behind. [default: vet: medium]",
    ),
    click.option(
        "--drop-chat-template", is_flag=True, panel=WHAT, help="Leave every chat template behind, whatever it says."
    ),
    click.option(
        "--policy",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        panel=WHAT,
        help="Findings you accept: waivers by rule and digest, each with a reason and a day on which it expires.",
    ),
    click.option(
        "--require-sandbox",
        is_flag=True,
        panel=WHAT,
        help="Read nothing without a namespace that has no network, and Landlock; open models in them first.",
    ),
)


max_memory_option = click.option(
    "--max-memory",
    type=MemoryShares(),
    panel=MACHINE,
    help="Spread a model that no device holds: what weights may take, such as cuda:0=20GiB,cpu=60GiB; the rest stays "
    "on disk.",
)


def scan_words(words: Mapping[str, Any]) -> dict[str, Any]:
    """The words that `run` and `scan` share, as fields of their options record."""
    names = ("model", "revision", "device", "dtype", "seed", "batch_size", "token", "ablate", "base", "max_memory")
    if words["max_memory"] is not None and words["device"] != "auto":
        raise UsageError("--max-memory and --device both say where to compute", hint="give one of the two")
    data = DataOptions(words["data"], words["text_column"], words["label_column"])
    return {**{name: words[name] for name in names}, "data": data, "gate": gate_words(words)}


def gate_words(words: Mapping[str, Any]) -> Gatekeeping:
    """The words about the gate, as their options record."""
    return Gatekeeping(words["fail_on"], words["drop_chat_template"], words["policy"], words["require_sandbox"])


def gathered(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """`--set` as a mapping. Raises UsageError for a name that is set twice."""
    found = dict(settings)
    if len(found) != len(settings):
        raise UsageError("--set names the same parameter twice", hint="set each parameter once")
    return found
