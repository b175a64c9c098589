"""`sanitize`: words in, exit codes out.

0 passed, 1 refused, 2 usage, 3 could not complete, 4 treated but a gate failed, 130 interrupted.
"""

from __future__ import annotations

import rich_click as click

from sanitizer import __version__
from sanitizer.commands.apply import apply
from sanitizer.commands.benchmark import benchmark
from sanitizer.commands.compare import compare
from sanitizer.commands.demo import demo
from sanitizer.commands.doctor import doctor
from sanitizer.commands.fleet import fleet
from sanitizer.commands.forensics import forensics
from sanitizer.commands.guard import guard
from sanitizer.commands.lock import lock
from sanitizer.commands.push import push
from sanitizer.commands.recipes import recipes
from sanitizer.commands.redteam import redteam
from sanitizer.commands.report import report
from sanitizer.commands.rules import rules
from sanitizer.commands.run import run
from sanitizer.commands.scan import scan
from sanitizer.commands.schema import schema
from sanitizer.commands.sentence import Sentence
from sanitizer.commands.strategies import strategies
from sanitizer.commands.verify import verify
from sanitizer.commands.vet import vet


@click.group(
    "sanitize",
    cls=Sentence,
    subcommand_metavar="MODEL | COMMAND ...",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="sanitize")
def sanitize() -> None:
    """Take a transformer checkpoint nobody trusts and give back one that can be used.

    `sanitize MODEL` is `sanitize run MODEL`; MODEL is org/name, hf://org/name@revision, or a folder such as ./model.

    \b
    Examples:
      sanitize demo
      sanitize org/model --strategy auto --data reviews.tsv
      sanitize ./model --data reviews.tsv --output ./clean
      sanitize vet org/model
      sanitize scan org/model

    Exit codes: 0 passed, 1 refused, 2 usage, 3 could not complete, 4 a gate failed, 130 interrupted.
    """


for command in (
    run,
    vet,
    scan,
    forensics,
    guard,
    report,
    apply,
    push,
    verify,
    compare,
    demo,
    fleet,
    benchmark,
    redteam,
    strategies,
    recipes,
    rules,
    lock,
    schema,
    doctor,
):
    sanitize.add_command(command)


def main() -> None:
    """The console script."""
    sanitize()
