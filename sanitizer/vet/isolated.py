"""The gate in a process of its own: without network, tokens and most files, with limits. It may die; we do not.

What holds is on record. The parent never parses a stranger's bytes before the worker has vetted them, and whatever is
rebuilt is vetted again from the private copy, so a worker that lies gains nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, get_args

from sanitizer import errors
from sanitizer.checkpoint import Checkpoint, FileDigest, HubOrigin, LocalOrigin
from sanitizer.errors import IncompleteError, ResourceError
from sanitizer.progress import Progress, silent
from sanitizer.report import SEVERITIES, Fate, FileRecord, Finding, IsolationRecord, TemplateRecord, VetRecord
from sanitizer.vet.examine import LIMIT
from sanitizer.vet.gate import Survey
from sanitizer.vet.process import Process, end, start
from sanitizer.vet.rules import Rule, excerpt, shown

UNLOADABLE = Rule(
    "tokenizer.unloadable",
    "high",
    "the tokenizers library cannot load this file, or died of it",
    "ask the author for a tokenizer.json that the tokenizers library wrote",
    why="A panic or an abort while loading takes the whole process with it, be it a server.",
    sources=("https://huggingface.co/docs/tokenizers",),
)

WANTED = ("limits on memory and files", "no network", "files read-only")
"""What a sandbox is made of, for `--require-sandbox`."""
WALL_SECONDS, WALL_SECONDS_PER_GIB = 600, 300
LONGEST_LINE = 1 << 28


class Worker:
    """One process for one survey: one that waits already, or a new one that starts while the caller fetches."""

    def __init__(self, process: Process | None = None) -> None:
        self._process = process or start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self._process)

    def survey(
        self,
        checkpoint: Checkpoint,
        listed: Mapping[str, FileDigest] | None = None,
        *,
        drop_chat_template: bool = False,
        require: bool = False,
        progress: Progress = silent,
    ) -> Survey:
        """What `gate.survey` says, in the worker's words, with how it was isolated on record.

        A worker that dies gives a record in which nothing is known. Raises ResourceError with `require` where the
        system does not give a sandbox.
        """
        size = sum(digest.size for digest in checkpoint.files.values())
        timer = threading.Timer(WALL_SECONDS + WALL_SECONDS_PER_GIB * (size >> 30), self._process.kill)
        timer.start()
        held: tuple[str, ...] = ()
        seen: Survey | None = None
        loading, against = "", ""
        try:
            self._send(checkpoint, listed or {}, drop_chat_template)
            for kind, value in self._answers():
                match kind, value:
                    case "held", [*measures]:
                        held = tuple(str(measure) for measure in measures)
                        _demand(held, require)
                    case "progress", [str(step), int(done), int(total)]:
                        progress(step, done, total)
                    case "survey", [dict(said), [*stalled]]:
                        seen = Survey(_record(said), tuple(_error(*entry) for entry in stalled))
                    case "loading", str(name):
                        loading, against = name, "the process that loaded it died"
                    case "loaded", str(words):
                        against = words
        except (OSError, ValueError, TypeError, LookupError, RecursionError) as error:
            seen = _nothing(checkpoint, f"it answered what nobody understands ({type(error).__name__})")
        finally:
            timer.cancel()
        if seen is None:
            seen = _nothing(checkpoint, self._death())
        _demand(held, require)
        record = replace(seen.record, isolation=IsolationRecord(held, tuple(w for w in WANTED if w not in held)))
        if against:
            record = _with(record, UNLOADABLE.finding(loading, against))
        return Survey(record, seen.stalled)

    def _send(self, checkpoint: Checkpoint, listed: Mapping[str, FileDigest], drop_chat_template: bool) -> None:
        origin = checkpoint.origin
        request = {
            "path": str(checkpoint.path.absolute()),
            "name": origin.name if isinstance(origin, LocalOrigin) else "",
            "hub": [origin.repo, origin.commit, origin.revision] if isinstance(origin, HubOrigin) else None,
            "files": {name: [file.size, file.sha256] for name, file in checkpoint.files.items()},
            "listed": {name: [file.size, file.sha256] for name, file in listed.items()},
            "drop_chat_template": drop_chat_template,
        }
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # it died already, and its answers end at once

    def _answers(self) -> Iterator[tuple[str, Any]]:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline(LONGEST_LINE):
            message = json.loads(line)
            if not isinstance(message, dict) or len(message) != 1:
                raise ValueError
            yield from message.items()

    def _death(self) -> str:
        code = self._process.wait()
        match -code:
            case 9:
                return "it was ended: out of time or memory"
            case 24:
                return "it used up its processor time"
            case signal if signal > 0:
                return f"it died of signal {signal}"
            case _:
                return f"it ended with code {code} before it had answered"


def _demand(held: tuple[str, ...], require: bool) -> None:
    missing = [measure for measure in WANTED if measure not in held]
    if require and missing:
        raise ResourceError(
            f"there is no sandbox here: {', '.join(missing)} cannot be had",
            hint="run on Linux 5.13 or later, where unprivileged user namespaces and Landlock are allowed",
        )


def _nothing(checkpoint: Checkpoint, why: str) -> Survey:
    """The record of a gate that did not come to an end."""
    files = tuple(
        FileRecord(shown(name), file.size, file.sha256, "refused", "not vetted")
        for name, file in sorted(checkpoint.files.items())
    )
    error = IncompleteError(f"vetting did not come to an end: {why}", hint=LIMIT.hint)
    return Survey(VetRecord(files, (LIMIT.finding(".", why),)), (error,))


def _with(record: VetRecord, finding: Finding) -> VetRecord:
    files = tuple(
        replace(file, fate="refused", reason=finding.message) if file.name == finding.file else file
        for file in record.files
    )
    return replace(record, files=files, findings=(*record.findings, finding))


def _record(document: dict[str, Any]) -> VetRecord:
    record = VetRecord(
        tuple(FileRecord(**entry) for entry in document["files"]),
        tuple(Finding(**entry) for entry in document["findings"]),
        tuple(TemplateRecord(**entry) for entry in document["templates"]),
    )
    values = {
        type(value) for part in (*record.files, *record.findings, *record.templates) for value in vars(part).values()
    }
    fates, severities = {file.fate for file in record.files}, {finding.severity for finding in record.findings}
    if not values <= {str, int, bool} or not fates <= set(get_args(Fate)) or not severities <= set(SEVERITIES):
        raise ValueError
    return record


def _error(name: str, message: str, hint: str) -> IncompleteError:
    """An error of the worker as one of ours; of a kind that is not incomplete, it is so none the less."""
    found = getattr(errors, name, None)
    of = found if isinstance(found, type) and issubclass(found, IncompleteError) else IncompleteError
    return of(excerpt(message), hint=hint)
