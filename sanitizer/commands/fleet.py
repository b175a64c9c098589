"""`sanitize fleet LIST`: many checkpoints, each by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click import get_current_context

from sanitizer.commands.engine_words import cpus_option, engine_of, engine_options, need_of
from sanitizer.commands.fleet_words import handed_on, options_of, typed
from sanitizer.commands.session import working
from sanitizer.commands.speech import INTERRUPTED, VERBOSITY, say
from sanitizer.commands.words import MACHINE, OUTPUT, WHAT, json_option, quiet_or_verbose, token_option
from sanitizer.terminal.consoles import aside, result
from sanitizer.termination import ended_by_sigterm

if TYPE_CHECKING:
    from sanitizer.fleet.operation import Plan
    from sanitizer.report import CheckpointRecord


@click.command("fleet", short_help="Vet, examine or sanitize many checkpoints, each in a process of its own.")
@click.argument("listed", metavar="LIST", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--do",
    "verb",
    type=click.Choice(["vet", "forensics", "scan", "run"]),
    default="vet",
    show_default=True,
    panel=WHAT,
    help="What to do with each; the options of that command that are listed here go with it.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    panel=OUTPUT,
    help="Where reports and results go. [default: ./NAME-VERB]",
)
@click.option("--dry-run", is_flag=True, panel=OUTPUT, help="Say which are finished and which would be done.")
@json_option
@quiet_or_verbose
@engine_options
@cpus_option
@click.option(
    "--retries",
    type=click.IntRange(0, 10),
    default=2,
    show_default=True,
    panel=MACHINE,
    metavar="N",
    help="Further tries after a network that failed or a worker that was lost; never after a refusal.",
)
@click.option(
    "--timeout",
    type=click.IntRange(1),
    default=7200,
    show_default=True,
    panel=MACHINE,
    metavar="SECONDS",
    help="How long one try may take.",
)
@token_option
@handed_on
def fleet(listed: Path, verb: Any, out: Path | None, dry_run: bool, as_json: bool, **words: Any) -> int:
    """Do the same with every checkpoint of LIST: a models.lock (`sanitize lock`), or a text file of models, one a line.

    A line is org/name, org/name@revision or a folder; what follows a # is a comment. Each checkpoint has a process and
    a folder of its own: one that is refused, or takes its process down, touches no other. The same command later does
    only what is missing, inconclusive, or not the same commit, files and options any more.

    Exit codes, the first that applies: 1 one is refused, 3 one could not be completed, 4 a gate failed, 0 all done.

    \b
    Examples:
      sanitize fleet models.lock
      sanitize fleet models.lock --fail-on high --out vetted
      sanitize fleet models.lock --do forensics
      sanitize fleet models.txt --do scan --data reviews.tsv --cpus 2 --memory 4GB
      sanitize fleet models.txt --do run --strategy auto --data reviews.tsv --engine ray --gpus 1 --device cuda
      ray start --head && sanitize fleet models.lock --engine ray --address auto
    """
    context = get_current_context()
    handed = typed(context, verb)
    need = need_of(words, words["cpus"])
    engine = engine_of(words, need, retries=words["retries"])
    options = options_of(context, verb, words)
    place = out or Path(f"{listed.stem}-{verb}")
    quiet = context.meta.get(VERBOSITY, 0) < 0
    streams = result(), aside()
    from sanitizer.terminal.fleet_story import checkpoint_line, fleet_plan_story, fleet_story
    from sanitizer.terminal.lines import tell

    def told(record: CheckpointRecord) -> None:
        if not quiet:
            streams[1].print(checkpoint_line(record), soft_wrap=True)

    with working() as progress, ended_by_sigterm():
        from sanitizer.fleet import operation
        from sanitizer.fleet.kept import PAGE
        from sanitizer.fleet.order import Order

        wanted = operation.FleetOptions(
            listed, Order.of(verb, options), place, handed, words["engine"], words["timeout"], words["retries"]
        )
        if dry_run:
            planned = operation.plan(wanted)
            out_json = streams[0].out
            out_json(_plan_json(planned), highlight=False) if as_json else tell(streams[0], fleet_plan_story(planned))
            return 0
        try:
            report = operation.fleet(wanted, engine, progress=progress, told=told)
        except KeyboardInterrupt:
            say("interrupted", "finished checkpoints are kept; the same command does the rest")
            return INTERRUPTED
    if as_json:
        from sanitizer.schema import to_json

        streams[0].out(to_json(report), end="", highlight=False)
    else:
        tell(streams[0], fleet_story(report, place, page=PAGE))
    return report.exit_code


def _plan_json(planned: Plan) -> str:
    waiting = {task.stem for task in planned.to_do}
    checkpoints = [
        {
            "name": task.entry.name,
            "line": task.entry.line,
            "commit": task.commit,
            "folder": f"checkpoints/{task.stem}",
            "to_do": task.stem in waiting,
        }
        for task in planned.tasks
    ]
    return json.dumps({"checkpoints": checkpoints}, indent=2)
