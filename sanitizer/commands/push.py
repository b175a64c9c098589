"""`sanitize push DIR --to org/name`: publish a result that is already here."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import rich_click as click

from sanitizer.commands.session import working
from sanitizer.commands.words import HUB, json_option, quiet_or_verbose, token_option
from sanitizer.terminal.consoles import result


@click.command("push", short_help="Publish a finished result as one commit.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", "repo", metavar="ORG/NAME", required=True, panel=HUB, help="Where it goes.")
@click.option("--private/--public", default=True, show_default=True, panel=HUB, help="For a new repository.")
@click.option("--create-pr", is_flag=True, panel=HUB, help="Open a pull request instead of committing.")
@token_option
@json_option
@quiet_or_verbose
def push(folder: Path, repo: str, private: bool, create_pr: bool, token: str | None, as_json: bool) -> int:
    """Publish FOLDER, the result of an earlier run, as exactly one commit. Pushing it again changes nothing.

    Refused are a folder whose files are not those its SHA256SUMS lists, one whose report says that a gate failed, and
    a model that is, or was made from, one that was backdoored on purpose (`sanitize redteam`).

    \b
    Examples:
      sanitize push ./model-sanitized --to me/model-sanitized
      sanitize push ./model-sanitized --to org/model --create-pr
    """
    from sanitizer.terminal.lines import tell
    from sanitizer.terminal.onward import pushed_story

    with working():
        from sanitizer import pipeline

        pushed = pipeline.publish(folder, repo, token=token, private=private, create_pr=create_pr)
    out = result()
    if as_json:
        out.out(json.dumps(asdict(pushed), indent=2) + "\n", end="", highlight=False)
    else:
        tell(out, pushed_story(pushed))
    return 0
