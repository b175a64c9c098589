"""`python -m sanitizer.fleet.child`: one checkpoint in a process of its own, from task.json to answer.json.

Whatever goes wrong that has a name is an answer too. What has none ends this process, and its last line is the reason.
"""

from __future__ import annotations

import json
import os
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from sanitizer.errors import GateError, HubError, RefusedError, SanitizerError, UsageError
from sanitizer.fleet.identity import identity_of
from sanitizer.fleet.order import Options, Order, read_order
from sanitizer.numbers import change, counted
from sanitizer.options import ForensicsOptions, RunOptions, ScanOptions, VetOptions
from sanitizer.report import (
    SEVERITIES,
    Finding,
    FleetAnswer,
    ForensicsRecord,
    ForensicsReport,
    RunReport,
    ScanReport,
    VetRecord,
    VetReport,
)
from sanitizer.schema import to_json
from sanitizer.source import parse_model

TASK, ANSWER = "task.json", "answer.json"
TOKEN = "HF_TOKEN"  # noqa: S105  the name of a variable


@dataclass(frozen=True)
class Answer:
    """What became of one checkpoint; `report` is the JSON of its report, if there is one.

    `identity` is a commit or a digest. `transient`: the same may go well in a while. `usage`: the options are wrong.
    """

    answer: FleetAnswer
    said: str
    hint: str = ""
    identity: str | None = None
    report: str | None = None
    vetting: VetRecord | None = None
    transient: bool = False
    usage: bool = False


def main() -> None:
    """Answer the task that lies in the working folder."""
    warnings.simplefilter("ignore")
    order = read_order(json.loads(Path(TASK).read_text(encoding="utf-8")), os.environ.pop(TOKEN, None))
    answer = check(order) if not order.options.model else do(order)
    Path(ANSWER).write_bytes(TypeAdapter(Answer).dump_json(answer))


def check(order: Order) -> Answer:
    """Whether the options are right, as far as that can be told without a checkpoint."""
    options = _whole(order)
    try:
        if isinstance(options, RunOptions):
            from sanitizer.resolve import recipe_for

            recipe_for(options)
        if isinstance(options, ScanOptions) and options.data.data is not None:
            from sanitizer.hub.dataset import load_texts

            data = options.data
            load_texts(data.data or "", text_column=data.text_column, label_column=data.label_column, token=order.token)
    except SanitizerError as error:
        return _failed(error, None)
    return Answer("done", "")


def do(order: Order) -> Answer:
    """What the order says."""
    options = _whole(order)
    identity = None
    try:
        # Before the work: it is said of the files as they were then.
        identity = identity_of(parse_model(options.model, options.revision), order.token)
        match options:
            case VetOptions():
                from sanitizer import vetting

                return replace(of_vet(vetting.vet(options)), identity=identity)
            case ForensicsOptions():
                from sanitizer import forensics

                found = forensics.forensics(options)
                return replace(of_forensics(found, found.forensics), identity=identity)
            case RunOptions():
                from sanitizer import pipeline

                return replace(of_run(pipeline.run(options).report), identity=identity)
            case ScanOptions():
                from sanitizer import pipeline

                seen = pipeline.scan(options)
                return replace(of_forensics(seen, seen.scan.forensics), identity=identity)
    except SanitizerError as error:
        return _failed(error, identity)


def of_vet(report: VetReport) -> Answer:
    """Refused and inconclusive are answers of the gate; its gravest doubt is the reason."""
    standing, text = report.vetting.standing, to_json(report)
    match report.answer:
        case "passed":
            return Answer("done", _grades(standing), report=text, vetting=report.vetting)
        case "refused":
            hint = (
                "`sanitize vet --rebuild` writes a copy without it" if report.rebuildable else "do not use this model"
            )
            return Answer("refused", gravest(standing), hint, report=text, vetting=report.vetting)
        case "inconclusive":
            said = report.unknown[0] if report.unknown else "not everything could be checked"
            return Answer("inconclusive", said, "", report=text, vetting=report.vetting)


def of_forensics(report: ScanReport | ForensicsReport, seen: ForensicsRecord | None) -> Answer:
    """A look that could be taken is done, whatever it shows."""
    heads = ", ".join(str(suspect.head) for suspect in seen.suspects) if seen is not None else ""
    said = f"heads that look planted: {heads}" if heads else "no head looks planted"
    if seen is None or seen.answer == "inconclusive":
        said = "which heads look planted could not be told"
    return Answer("done", said, report=to_json(report), vetting=report.vetting)


def of_run(report: RunReport) -> Answer:
    """A failed gate is an answer of its own: the result is there, for inspection."""
    gone = f"{len(report.heads)} of {counted(sum(report.source.heads), 'head')} removed"
    was = {metric.name: metric for metric in report.before}
    # Agreement with the suspect is measured afterwards alone.
    costs = [f"{now.name} {change(was[now.name], now)}" for now in report.after if now.name in was]
    said = ", ".join([gone, *costs[:1]])
    if report.passed:
        return Answer("done", said, report=to_json(report), vetting=report.vetting)
    failed = "; ".join(f"{gate.name}: {gate.detail}" for gate in report.gates if not gate.passed) or "no gate was asked"
    hint = "the result is there to look at, and must not be published"
    return Answer("gate failed", failed, hint, report=to_json(report), vetting=report.vetting)


def gravest(findings: tuple[Finding, ...]) -> str:
    """`weights.pickle-code in pytorch_model.bin: a pickle that … (and 2 more findings)`."""
    if not findings:
        return "refused"
    first = max(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    more = f" (and {counted(len(findings) - 1, 'more finding')})" if len(findings) > 1 else ""
    return f"{first.rule} in {first.file}: {first.message}{more}"


def _grades(findings: tuple[Finding, ...]) -> str:
    grades = Counter(finding.severity for finding in findings)
    return ", ".join(counted(grades[severity], f"{severity} finding") for severity in SEVERITIES if grades[severity])


def _failed(error: SanitizerError, identity: str | None) -> Answer:
    match error:
        case RefusedError():
            said, vetting = gravest(error.findings), VetRecord((), error.findings)
            return Answer("refused", said, error.hint, identity, vetting=vetting)
        case GateError():
            return Answer("gate failed", error.message, error.hint, identity)
        case HubError(transient=transient):
            return Answer("inconclusive", error.message, error.hint, identity, transient=transient)
    return Answer("inconclusive", error.message, error.hint, identity, usage=isinstance(error, UsageError))


def _whole(order: Order) -> Options:
    options = replace(order.options, token=order.token)
    if isinstance(options, RunOptions) and order.recipe is not None:
        return replace(options, recipe=order.recipe)
    return options


if __name__ == "__main__":
    main()
