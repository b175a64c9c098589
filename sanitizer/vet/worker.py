"""The process that reads the bytes of a stranger: confined before it reads any, and it only ever answers in JSON lines.

It is started by `sanitizer.vet.isolated`, which hands it one request and believes nothing but the form of the answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sanitizer.vet import confine

MEMORY = 6 << 30
"""Bytes of address space. A tokenizer of 128 MiB, the largest that is read, takes about 3 GiB when it is parsed."""
SECONDS, SECONDS_PER_GIB = 120, 60


def main() -> None:
    """Confine, read one request, answer, end."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever a library prints is no answer
    held = [confine.limits(MEMORY), confine.no_privileges(), confine.no_network()]

    def answer(kind: str, value: Any) -> None:
        answers.write(json.dumps({kind: value}) + "\n")
        answers.flush()

    # Before the request comes, while the parent still hashes; and before files are out of reach.
    import tokenizers

    from sanitizer.checkpoint import Checkpoint, FileDigest, HubOrigin, LocalOrigin
    from sanitizer.vet import values  # noqa: F401
    from sanitizer.vet.families import families
    from sanitizer.vet.gate import survey

    request = json.loads(sys.stdin.readline())
    path = Path(request["path"])
    origin = HubOrigin(*request["hub"]) if request["hub"] else LocalOrigin(request["name"])
    files = {name: FileDigest(*digest) for name, digest in request["files"].items()}
    listed = {name: FileDigest(*digest) for name, digest in request["listed"].items()}
    size = sum(digest.size for digest in files.values())
    held.append(confine.processor(SECONDS + SECONDS_PER_GIB * (size >> 30)))
    # The Hub's cache keeps the bytes beside the folder of the commit, which holds links to them.
    homes = [path, path.resolve(), *([path.resolve().parent.parent / "blobs"] if request["hub"] else [])]
    held.append(confine.read_only([*homes, *confine.of_python()]))
    answer("held", [measure for measure in held if measure])

    seen = survey(
        Checkpoint(path, origin, files),
        listed,
        progress=lambda step, done, total: answer("progress", [step, done, total]),
        families=families(drop_chat_template=request["drop_chat_template"]),
    )
    record = asdict(seen.record)
    answer("survey", [record, [(type(error).__name__, error.message, error.hint) for error in seen.stalled]])
    if any(file.name == "tokenizer.json" and file.fate == "kept" for file in seen.record.files):
        answer("loading", "tokenizer.json")
        answer("loaded", _load(tokenizers.Tokenizer.from_file, path / "tokenizer.json"))


def _load(load: Callable[[str], object], path: Path) -> str:
    """What the tokenizers library says against a file, or nothing. It has been known to panic and to abort."""
    with contextlib.suppress(OSError):
        os.close(2)  # a panic writes to it
    try:
        load(str(path))
    except BaseException as error:  # a panic is no Exception
        return f"{type(error).__name__}: {error}"[:500]
    return ""
