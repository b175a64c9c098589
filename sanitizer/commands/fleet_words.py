"""The options that a fleet hands on to the verb that it does: those of the verb's own command, written once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sanitizer.commands.forensics import forensics
from sanitizer.commands.run import run, run_options
from sanitizer.commands.scan import scan
from sanitizer.commands.vet import vet
from sanitizer.commands.words import gate_words, scan_words
from sanitizer.errors import UsageError
from sanitizer.resources.memory import shown

if TYPE_CHECKING:
    from sanitizer.fleet.order import Options

VERBS: Mapping[str, click.Command] = {"vet": vet, "forensics": forensics, "scan": scan, "run": run}
GATE = ("fail_on", "drop_chat_template", "policy", "require_sandbox")
SCAN = (
    *GATE,
    *("data", "text_column", "label_column", "ablate", "base"),
    *("device", "dtype", "batch_size", "max_memory", "seed"),
)
RUN = (
    *SCAN,
    *("strategy", "settings", "recipe", "max_accuracy_drop", "min_accuracy", "max_heads", "per_layer"),
    *("layout", "resume"),
)
HANDED_ON: Mapping[str, tuple[str, ...]] = {
    "vet": (*GATE, "base"),
    "forensics": (*GATE, "base"),
    "scan": SCAN,
    "run": RUN,
}
"""Whatever a verb has beside these, a fleet decides itself: which model, where to, and how it is told."""


def handed_on(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate with the options of all verbs, each as its own command has it."""
    own = {parameter.name: parameter for parameter in run.params}
    # Where click's own decorators put theirs, the last first.
    function.__dict__.setdefault("__click_params__", []).extend(own[name] for name in reversed(RUN))
    return function


def typed(ctx: click.Context, verb: str) -> tuple[str, ...]:
    """The options of the verb as they were typed. Raises UsageError for those of another verb."""
    words: list[str] = []
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if name not in RUN or ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        if name not in HANDED_ON[verb]:
            others = [other for other in VERBS if name in HANDED_ON[other]]
            raise UsageError(
                f"{parameter.opts[0]} is an option of {' and '.join(others)}, not of {verb}",
                hint=f"`sanitize {verb} --help` shows those it has",
            )
        words += _typed(parameter, ctx.params[name])
    return tuple(words)


def options_of(ctx: click.Context, verb: str, words: Mapping[str, Any]) -> Options:
    """What the verb's own command would make of these words, but for the model. Raises UsageError as it would."""
    from sanitizer.options import ForensicsOptions, ScanOptions, VetOptions

    own = {**words, "model": "", "revision": None, "output": None, "force": False, "push_to": None, "private": True}
    match verb:
        case "vet":
            return VetOptions("", gate=gate_words(own), base=own["base"], token=own["token"])
        case "forensics":
            return ForensicsOptions("", gate=gate_words(own), base=own["base"], token=own["token"])
        case "scan":
            return ScanOptions(**scan_words(own))
        case _:
            return run_options(ctx, {**own, "create_pr": False})


def _typed(parameter: click.Parameter, value: Any) -> list[str]:
    option = parameter.opts[0]
    if isinstance(value, bool):
        return [option if value or not parameter.secondary_opts else parameter.secondary_opts[0]]
    if parameter.name == "settings":
        return [word for name, rest in value for word in (option, f"{name}={rest}")]
    if parameter.name == "recipe":
        return [option, value.to_yaml(one_line=True).strip()]
    if parameter.name == "max_memory":
        return [option, shown(value)]
    return [option, str(value)]
