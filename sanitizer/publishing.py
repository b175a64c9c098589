"""Publishing a finished result: only one that passed every gate, and nothing that was backdoored on purpose."""

from __future__ import annotations

from pathlib import Path

from sanitizer.documents import address
from sanitizer.errors import GateError, HubError, UsageError
from sanitizer.hub.push import PushRecord, card_there, push
from sanitizer.mark import demand_unmarked
from sanitizer.options import RunOptions
from sanitizer.output import FOLDER
from sanitizer.report import RunReport
from sanitizer.schema import from_json


def publish(
    folder: Path, repo: str, *, token: str | None = None, private: bool = True, create_pr: bool = False
) -> PushRecord:
    """Push a finished folder as one commit.

    Raises GateError if its report does not validate, a gate failed, or the model is marked as backdoored.
    """
    demand_unmarked(folder, str(folder))
    path = folder / FOLDER / "report.json"
    if not path.is_file():
        raise UsageError(f"{folder} is not the result of a run: it has no {FOLDER}/report.json")
    report = from_json(path.read_text(encoding="utf-8"), "report")
    if not isinstance(report, RunReport) or not report.passed:
        raise GateError(f"{folder} did not pass every gate, so it is not pushed", hint="its report says which failed")
    address(report, folder, repo, old=card_there(repo, token=token))
    return push(
        folder,
        repo,
        token=token,
        private=private,
        create_pr=create_pr,
        message=f"Sanitized {report.source.name} with {', '.join(report.methods) or 'no treatment'}",
        description=f"{len(report.heads)} attention heads treated; see README.md and {FOLDER}/report.json.",
    )


def publish_as_asked(options: RunOptions, report: RunReport, output: Path) -> PushRecord | None:
    """Where a run's result went, None if nobody asked for that or a gate failed. The folder stays whatever happens."""
    if options.push_to is None or not report.passed:
        return None
    how = {"private": options.private, "create_pr": options.create_pr}
    try:
        return publish(output, options.push_to, token=options.token, **how)
    except HubError as error:
        kept = f"the result is kept: `sanitize push {output} --to {options.push_to}` publishes it"
        raise HubError(error.message, hint="; ".join(filter(None, (error.hint, kept)))) from error
