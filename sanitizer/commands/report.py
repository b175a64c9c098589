"""`sanitize report OUT`: the page of a result."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from sanitizer.commands.session import working
from sanitizer.commands.words import OUTPUT, output_option, quiet_or_verbose
from sanitizer.errors import IncompleteError
from sanitizer.terminal.consoles import result
from sanitizer.text import clean


@click.command("report", short_help="Show the report of a result as a page.")
@click.argument("place", metavar="OUT|FILE", type=click.Path(exists=True, path_type=Path))
@click.option("--open", "show", is_flag=True, panel=OUTPUT, help="Open the page in a browser.")
@output_option("output", "Write the page here. [default: beside the report, in a result its sanitizer/report.html]")
@quiet_or_verbose
def report(place: Path, show: bool, output: Path | None) -> int:
    """Write the report of OUT, the result of a run, as one page of HTML: verdict, maps of the heads, cost, files.

    A run writes this page itself. FILE is a report.json, or what `sanitize scan --json` printed. The page is one file
    that loads nothing from anywhere and runs no script but its own.

    \b
    Examples:
      sanitize report ./model-sanitized --open
      sanitize report ./model-sanitized -o page.html
      sanitize report scan.json
    """
    with working():
        from sanitizer.documents import write_page

        page = write_page(place, output)
    result().out(clean(str(page)), highlight=False)
    if show:
        import webbrowser

        if not webbrowser.open(page.resolve().as_uri()):
            raise IncompleteError("no browser was found here", hint="open the page yourself")
    return 0
