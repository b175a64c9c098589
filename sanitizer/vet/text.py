"""Files of plain text, read whole."""

from __future__ import annotations

from sanitizer.checkpoint import Checkpoint
from sanitizer.vet.jsonstrict import SIZE, MiB
from sanitizer.vet.magic import HEAD, sniff
from sanitizer.vet.rules import Rule

CAP = 128 * MiB

PRETENDER = Rule(
    "files.pretender",
    "high",
    "the content is not what the name promises",
    "do not use this model",
    why="Tools that go by content open what a reader took for something else.",
    sources=("https://cwe.mitre.org/data/definitions/434.html",),
)


def read_text(checkpoint: Checkpoint, name: str) -> str:
    """UTF-8 without NUL. Raises RefusedError for anything else."""
    data = read_bytes(checkpoint, name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PRETENDER.refuse(name, f"byte {error.start} is not UTF-8 text") from error
    if "\0" in text:
        raise PRETENDER.refuse(name, "a NUL byte in a text")
    return text


def read_bytes(checkpoint: Checkpoint, name: str) -> bytes:
    """At most `CAP` bytes that are nothing we know to be something else. Raises RefusedError otherwise."""
    size = checkpoint.files[name].size
    if size > CAP:
        raise SIZE.refuse(name, f"{size} bytes, at most {CAP} are read")
    data = checkpoint.read(name)
    content = sniff(data[:HEAD])
    if content != "other":
        raise PRETENDER.refuse(name, f"it is a {content}")
    return data
