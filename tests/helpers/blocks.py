"""Fenced blocks of Markdown with what is said about running them, and the command lines that prose names.

A comment on the line before a fence says what the reader need not see:

- `<!-- not run: REASON -->`: the block cannot be run here; its words are held against the command line all the same
- `<!-- exit 1 -->`: the block ends with this exit code
- `<!-- saved as NAME -->`: the reader is told to save the block in a file of this name
- `<!-- each alone -->`: each line is an example of its own, run in a folder of its own
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

FENCE = re.compile(
    r"(?:<!-- (?P<mark>[^\n]*) -->\n)?^(?P<tick>`{3,}|~{3,})(?P<kind>[\w{}-]*)[^\n]*\n(?P<text>.*?)^(?P=tick)$",
    re.M | re.S,
)
MARK = re.compile(r"not run: (?P<reason>.+)|exit (?P<code>\d+)|saved as (?P<saved>[\w.]+)|(?P<alone>each alone)")


@dataclass(frozen=True)
class Block:
    """One fence: where it begins, its language and text, and its mark."""

    file: Path
    line: int
    kind: str
    text: str
    not_run: str = ""
    code: int = 0
    alone: bool = False
    saved: str = ""

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}"

    @property
    def script(self) -> str:
        """What a reader types: all of it, or after the `$` of a console."""
        if self.kind != "console":
            return self.text
        lines, going = [], False
        for line in self.text.splitlines():
            if line.startswith("$ ") or going:
                lines.append(line.removeprefix("$ "))
                going = line.endswith("\\")
        return "\n".join(lines)

    @property
    def shown(self) -> tuple[str, ...]:
        """The output that a console shows."""
        typed = set(self.script.splitlines())
        lines = self.text.splitlines() if self.kind == "console" else []
        return tuple(line for line in lines if not line.startswith("$ ") and line not in typed)


def blocks(file: Path) -> Iterator[Block]:
    """Every fence. Raises ValueError for a comment before one that says nothing known."""
    text = file.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start("tick")) + 1
        mark = MARK.fullmatch(found["mark"] or "each alone")
        if mark is None:
            raise ValueError(f"{file.name}:{line}: {found['mark']!r} says nothing about the block below")
        alone = bool(found["mark"] and mark["alone"])
        said = (mark["reason"] or "", int(mark["code"] or 0), alone, mark["saved"] or "")
        yield Block(file, line, found["kind"], found["text"], *said)


def named_in_prose(file: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every `sanitize …` in backticks, outside of fences."""
    text = FENCE.sub(lambda found: "\n" * found[0].count("\n"), file.read_text(encoding="utf-8"))
    for found in re.finditer(r"(?<!`)`(sanitize [^`]+)`(?!`)", text):
        yield text.count("\n", 0, found.start()) + 1, " ".join(found[1].split())


def commands(script: str) -> Iterator[list[str]]:
    """The words of each `sanitize` in a script, also of one in a container, without redirections and comments."""
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words[:2] == ["docker", "run"]:
            words = ["sanitize", *words[words.index("sanitizer") + 1 :]]
        for part in _parts(words):
            while part and ("=" in part[0] or part[0] in ("if", "!")):  # HF_HUB_OFFLINE=1 sanitize …
                part = part[1:]
            if part[:1] == ["sanitize"]:
                yield part[1:]


def misused(words: list[str], root: click.Group) -> str:
    """Why these words are none that the command line understands; empty if it does."""
    command, rest = found_command(words, root)
    known = {"-h", "--help"}
    for parameter in command.params:
        known |= {*parameter.opts, *parameter.secondary_opts}
    if isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        return f"{command.name} has no command {rest[0]}"
    strange = [word for word in rest if word.startswith("-") and word != "-" and word.partition("=")[0] not in known]
    return f"{command.name} has no {strange[0]}" if strange else ""


def found_command(words: list[str], root: click.Group) -> tuple[click.Command, list[str]]:
    """The command that is meant, `run` or `recipes show` where it is left out, and the words after it."""
    command: click.Command = root
    while isinstance(command, click.Group) and words:
        if words[0] in command.commands:
            command, words = command.commands[words[0]], words[1:]
        elif words[0].startswith("-"):
            break
        elif command is root:
            command = root.commands["run"]
        elif command.name == "recipes":
            command = command.commands["show"]
        else:
            break
    return command, words


def _parts(words: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for word in words:
        if word in {"&&", "||", "|", ";", "&"}:
            yield part
            part = []
        elif word.startswith(">"):
            part.append(">")
        else:
            part.append(word)
    yield part
