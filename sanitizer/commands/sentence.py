"""The group that reads `sanitize MODEL [options]` as `sanitize run MODEL [options]`."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Abort, ClickException, Exit, UsageError

from sanitizer import processes
from sanitizer.commands.speech import VERBOSITY, ended, misused

DEFAULT = "run"


class Sentence(click.RichGroup):
    """`sanitize MODEL [options]` is `sanitize run MODEL [options]`; every end has its line and its exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` before a first word that is no command. Raises UsageError for a command that is misspelt."""
        if args and args[0] not in self.commands and args[0] not in _own_options(self, ctx):
            self._look_for_typo(ctx, args[0])
            args = [DEFAULT, *args]
        if args and args[0] in self.commands and args[0] != DEFAULT and processes.count() > 1:
            raise UsageError(f"{args[0]} works in one process, and {processes.count()} were launched", ctx)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of their importance, which is that of `sanitizer.cli`."""
        return list(self.commands)

    def _look_for_typo(self, ctx: click.Context, word: str) -> None:
        if word.startswith("-") or "/" in word or Path(word).exists():
            return
        near = difflib.get_close_matches(word, self.list_commands(ctx), n=1)
        if near:
            raise UsageError(f"there is no command or folder {word!r}: did you mean {near[0]!r}?", ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, and exit unless told otherwise. Errors of the command line itself end here."""
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra) or 0
        except ClickException as error:
            code = misused(error)
        except Abort as error:
            code = ended(error, verbose=False)
        if standalone_mode:
            sys.exit(code)
        return code

    def invoke(self, ctx: click.Context) -> Any:
        """Errors of a command end here, before click could give them codes that mean something else."""
        try:
            return super().invoke(ctx)
        except (ClickException, Exit, Abort):
            raise
        except (Exception, KeyboardInterrupt) as error:
            return ended(error, verbose=ctx.meta.get(VERBOSITY, 0) > 0)


def _own_options(group: click.RichGroup, ctx: click.Context) -> set[str]:
    return {word for parameter in group.get_params(ctx) for word in parameter.opts}
