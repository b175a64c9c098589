"""`sanitize MODEL`: the main job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rich_click as click
from click import get_current_context
from click.core import ParameterSource

from sanitizer import processes
from sanitizer.commands.session import working
from sanitizer.commands.speech import ended
from sanitizer.commands.words import (
    BUDGET,
    HUB,
    OUTPUT,
    WHAT,
    RecipeName,
    Setting,
    ablate_option,
    base_option,
    data_options,
    gate_options,
    gathered,
    json_option,
    layout_option,
    machine_options,
    max_memory_option,
    quiet_or_verbose,
    resume_option,
    revision_option,
    scan_words,
    together,
    token_option,
)
from sanitizer.errors import GateError, UsageError
from sanitizer.options import RunOptions
from sanitizer.report import Preview, RunReport
from sanitizer.terminal.consoles import coloured, result

treatment_options = together(
    revision_option,
    click.option(
        "--strategy",
        default="gradient",
        show_default=True,
        metavar="NAME",
        panel=WHAT,
        help="How heads are scored: `sanitize strategies`; `auto` takes what the evidence calls for.",
    ),
    click.option(
        *("--set", "settings"),
        multiple=True,
        type=Setting(),
        panel=WHAT,
        help="A parameter of the strategy; repeatable.",
    ),
    click.option(
        "--recipe",
        type=RecipeName(),
        panel=WHAT,
        help="Strategy, treatments and budget by name (`sanitize recipes`) or from a file, such as a result's.",
    ),
    base_option,
)

budget_options = together(
    click.option(
        "--max-accuracy-drop",
        type=click.FloatRange(0, 1),
        metavar="SHARE",
        panel=BUDGET,
        help="Accuracy to spend, relative to the suspect: 0.02 is two points. [default: the recipe's, or 0.02]",
    ),
    click.option(
        "--min-accuracy",
        type=click.FloatRange(0, 1),
        metavar="SHARE",
        panel=BUDGET,
        help="Accuracy to stay above, in place of a drop: 0.85 is 85 %.",
    ),
    click.option(
        "--max-heads", type=click.IntRange(0), metavar="N", panel=BUDGET, help="Remove no more heads than this."
    ),
    click.option(
        "--per-layer",
        type=click.IntRange(1),
        metavar="K",
        panel=BUDGET,
        help="Remove no more than K heads of each layer, the lowest of every layer first.",
    ),
)

output_options = together(
    click.option(
        "--output",
        type=click.Path(file_okay=False, path_type=Path),
        panel=OUTPUT,
        help="Where the result goes. [default: ./NAME-sanitized]",
    ),
    click.option("--force", is_flag=True, panel=OUTPUT, help="Replace what lies in the output folder."),
    layout_option,
    click.option("--dry-run", is_flag=True, panel=OUTPUT, help="Say what a run would do, from headers alone."),
    json_option,
    quiet_or_verbose,
)

hub_options = together(
    click.option("--push-to", metavar="ORG/NAME", panel=HUB, help="Publish the result, if every gate passed."),
    click.option("--private/--public", default=True, show_default=True, panel=HUB, help="For a new repository."),
    click.option("--create-pr", is_flag=True, panel=HUB, help="Open a pull request instead of committing."),
    token_option,
)


@click.command("run", short_help="The main job: sanitize MODEL. `sanitize MODEL` means this.")
@click.argument("model")
@treatment_options
@gate_options
@data_options
@ablate_option
@budget_options
@output_options
@hub_options
@machine_options
@max_memory_option
@resume_option("run")
def run(**words: Any) -> int:
    """Take MODEL, remove the attention heads that clean text does not need, and write a checkpoint with its card.

    MODEL is org/name, hf://org/name@revision, or a local folder such as ./model.

    \b
    Examples:
      sanitize org/model
      sanitize ./model --strategy auto --data reviews.tsv
      sanitize ./model --strategy gradient --data reviews.tsv
      sanitize org/model --max-accuracy-drop 0.01 --push-to me/model-sanitized
      sanitize ./model --recipe rebase --base org/base --data reviews.tsv
      sanitize hf://org/model@main --dry-run
    """
    options = run_options(get_current_context(), words)
    if words["dry_run"] and processes.rank():
        return 0
    from sanitizer.schema import to_json
    from sanitizer.terminal.lines import tell
    from sanitizer.terminal.preview_story import preview_story
    from sanitizer.terminal.story import run_story

    out = result()
    with working() as progress:
        from sanitizer import pipeline

        done = (pipeline.preview if words["dry_run"] else pipeline.run)(options, progress=progress)
    if isinstance(done, Preview):
        if words["as_json"]:
            out.out(to_json(done), end="", highlight=False)
        else:
            tell(out, preview_story(done))
        return 0
    if processes.rank():  # the first of them speaks for all
        return 0 if done.report.passed else GateError.exit_code
    if words["as_json"]:
        out.out(to_json(done.report), end="", highlight=False)
    else:
        tell(out, run_story(done, colour=coloured(out)))
    return verdict_of(done.report)


def verdict_of(report: RunReport) -> int:
    """The exit code of a finished run; a failed gate is said."""
    if report.passed:
        return 0
    failed = ", ".join(gate.name for gate in report.gates if not gate.passed) or "none was asked"
    return ended(GateError(f"a gate failed: {failed}", hint="the result must not be published"), verbose=False)


def run_options(ctx: click.Context, words: Mapping[str, Any]) -> RunOptions:
    """The words as a record. Raises UsageError for those that contradict each other."""
    if words["recipe"] is not None:
        for name, option in (("strategy", "--strategy"), ("settings", "--set")):
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                raise UsageError(f"--recipe already says what {option} would say", hint="give one of the two")
    if words["push_to"] is None:
        for name, option in (("create_pr", "--create-pr"), ("private", "--private/--public")):
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                raise UsageError(f"{option} says how to publish, but not where", hint="add --push-to org/name")
    names = ("strategy", "recipe", "output", "force", "layout", "push_to", "private")
    budget = ("max_accuracy_drop", "min_accuracy", "max_heads", "per_layer")
    return RunOptions(
        **scan_words(words),
        **{name: words[name] for name in (*names, *budget)},
        create_pr=words["create_pr"],
        resume=words["resume"],
        settings=gathered(words["settings"]),
    )
