"""`sanitize rules`: what the gate doubts, and why."""

from __future__ import annotations

import json
from dataclasses import asdict

import rich_click as click

from sanitizer.terminal.consoles import result


@click.command("rules", short_help="List the rules of the gate, or explain one.")
@click.argument("rule", required=False, metavar="[ID]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def rules(rule: str | None, as_json: bool) -> None:
    """List the rules of `sanitize vet`, or show the page of one: what it finds, why, and what to do.

    \b
    Examples:
      sanitize rules
      sanitize rules config.auto-map
    """
    from sanitizer.plugins import unknown
    from sanitizer.terminal.lines import tell
    from sanitizer.terminal.vet_story import rule_story, rules_story
    from sanitizer.vet.rules import catalogue

    out, known = result(), catalogue()
    if rule is not None and rule not in known:
        raise unknown("rule", rule, known)
    chosen = known.values() if rule is None else [known[rule]]
    if as_json:
        documents = [asdict(page) for page in chosen]
        out.out(json.dumps(documents if rule is None else documents[0], indent=2), highlight=False)
    else:
        tell(out, rules_story(chosen) if rule is None else rule_story(known[rule]))
