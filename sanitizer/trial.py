"""A first opening of the vetted copy, in a process of its own, for those who demand a sandbox.

What the gate lets on is tensors and settings, but the libraries that open them are large. This opens the model once
without network, tokens, other files to read and any to write, so that what breaks, breaks there. It takes as long as
importing torch (seconds) and opening the model; an ordinary run goes without it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from sanitizer.checkpoint import Checkpoint, FileDigest, LocalOrigin
from sanitizer.errors import IncompleteError, ResourceError
from sanitizer.vet import confine
from sanitizer.vet.isolated import WANTED
from sanitizer.vet.process import bare, boot

MEMORY, TIMES = 64 << 30, 4
"""Bytes of address space, most of which torch reserves and never uses, and how often the model's size comes on top."""
SECONDS, SECONDS_PER_GIB = 300, 120
OF_PROCESSORS = (Path("/proc/cpuinfo"), Path("/sys/devices/system/cpu"))
"""What torch asks about the machine when it computes for the first time."""


def try_out(checkpoint: Checkpoint) -> None:
    """Open it in a sandbox. Raises IncompleteError if that fails or ends, ResourceError where there is no sandbox."""
    size = sum(file.size for file in checkpoint.files.values())
    files = {name: asdict(file) for name, file in checkpoint.files.items()}
    seconds = SECONDS + SECONDS_PER_GIB * (size >> 30)
    request = json.dumps({"path": str(checkpoint.path.absolute()), "files": files, "size": size, "seconds": seconds})
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter and module
            boot("sanitizer.trial"),
            input=request.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            cwd="/",
            env=bare(),
            check=False,
        )
        said = json.loads(done.stdout or b"{}")
    except subprocess.TimeoutExpired as error:
        raise IncompleteError(f"opening the model in a sandbox took more than {seconds} s") from error
    except ValueError:
        said = {}
    missing = [measure for measure in WANTED if measure not in said.get("held", [])]
    if said and missing:
        raise ResourceError(f"there is no sandbox here to open the model in: {', '.join(missing)} cannot be had")
    if said.get("opened") is not True:
        why = str(said.get("error") or f"the process ended with code {done.returncode}")
        raise IncompleteError(
            f"the model could not be opened in a sandbox: {why[:300]}", hint="do not open it outside of one"
        )


def main() -> None:
    """Confine, open, answer, end."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.read())
    held = [confine.no_privileges(), confine.no_network()]
    import torch

    from sanitizer.model.subject import open_subject

    path = Path(request["path"])
    held += [confine.limits(MEMORY + TIMES * request["size"]), confine.processor(request["seconds"])]
    held.append(confine.read_only([path, *OF_PROCESSORS, *confine.of_python()]))
    files = {name: FileDigest(**file) for name, file in request["files"].items()}
    said: dict[str, object] = {"held": [measure for measure in held if measure], "opened": False}
    try:
        open_subject(Checkpoint(path, LocalOrigin(path.name), files), device=torch.device("cpu"), dtype=torch.float32)
        said["opened"] = True
    except Exception as error:
        said["error"] = f"{type(error).__name__}: {error}"
    answers.write(json.dumps(said))
    answers.flush()
